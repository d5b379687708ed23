package s3

import (
	"net"
	"net/url"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// address returns the bucket and key of a request: S3 User Guide, "Virtual hosting of general
// purpose buckets". It supports virtual-host style for BUCKET.s3.REGION.amazonaws.com and similar
// hosts, for BUCKET.localhost and BUCKET.s3.localhost; other hosts are path style.
func address(r *cloud.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.HTTP.URL.Path, "/")
	if b := hostBucket(r.HTTP.Host); b != "" {
		return b, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

func hostBucket(host string) string {
	if plain, _, err := net.SplitHostPort(host); err == nil {
		host = plain
	}
	if front, ok := strings.CutSuffix(host, ".localhost"); ok {
		front = strings.TrimSuffix(front, ".s3")
		if front == "s3" {
			return ""
		}
		return front
	}
	front, ok := strings.CutSuffix(host, ".amazonaws.com")
	if !ok {
		return ""
	}
	// The bucket precedes ".s3" or ".s3-REGION"; it may contain dots itself, so the last such label
	// counts.
	for i := len(front); i > 0; {
		i = strings.LastIndex(front[:i], ".s3")
		if i < 0 {
			return ""
		}
		if rest := front[i+len(".s3"):]; rest == "" || rest[0] == '.' || rest[0] == '-' {
			return front[:i]
		}
	}
	return ""
}

func has(query url.Values, name string) bool { _, ok := query[name]; return ok }
