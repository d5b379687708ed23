package s3

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// hidden is the first of 32 private use characters that replace control characters in keys until an
// answer is encoded.
const hidden = '\uF400'

// hide replaces the control characters of a key, which encoding/xml does not write.
func hide(key string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' {
			return hidden + r
		}
		return r
	}, key)
}

// unhide writes control characters as S3 does: as references, which XML 1.0 parsers refuse (S3 API
// reference, ListObjectVersions, EncodingType).
func unhide(body []byte) []byte {
	if !bytes.Contains(body, []byte("\xef\x90")) { // how all of them begin in UTF-8
		return body
	}
	for r := range rune(' ') {
		body = bytes.ReplaceAll(body, []byte(string(hidden+r)), fmt.Appendf(nil, "&#x%x;", r))
	}
	return body
}

// checkKey refuses keys that have the characters that hide uses.
func checkKey(key string) error {
	if strings.ContainsFunc(key, func(r rune) bool { return r >= hidden && r < hidden+' ' }) {
		return cloud.NotModelled("the characters U+F400 to U+F41F in keys")
	}
	return nil
}
