package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// listed is one line of a listing: a version, or a common prefix when v is nil.
type listed struct {
	key    string
	v      *version
	latest bool
}

// lines returns all versions, or all current objects, in the order of listings: by key, newest
// version first.
func (b *bucket) lines(everything bool) []listed {
	keys := make([]string, 0, len(b.keys))
	for key := range b.keys {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var all []listed
	for _, key := range keys {
		o := b.keys[key]
		if !everything {
			if !o.current().marker {
				all = append(all, listed{key, o.current(), true})
			}
			continue
		}
		for i, v := range slices.Backward(o.versions) {
			all = append(all, listed{key, v, i == len(o.versions)-1})
		}
	}
	return all
}

// listing is one page of lines.
type listing struct {
	lines    []listed
	prefixes []string
	more     bool
	last     listed // start of the next page
}

type commonPrefix struct{ Prefix string }

// cut returns a page: at most n lines after the marker under the prefix, with those that contain
// the delimiter after it rolled up.
func cut(all []listed, prefix, delimiter, afterKey, afterVersion string, n int) listing {
	var page listing
	reached := afterVersion == ""
	for _, line := range all {
		if !strings.HasPrefix(line.key, prefix) {
			continue
		}
		shown := line
		if delimiter != "" {
			if i := strings.Index(line.key[len(prefix):], delimiter); i >= 0 {
				shown = listed{key: line.key[:len(prefix)+i+len(delimiter)]}
			}
		}
		switch {
		case afterVersion != "" && shown.key == afterKey && !reached:
			reached = line.v.id == afterVersion
			continue
		case afterVersion != "" && shown.key == afterKey && shown.v != nil:
		case afterKey != "" && shown.key <= afterKey:
			continue
		}
		if shown.v == nil && len(page.prefixes) > 0 && page.prefixes[len(page.prefixes)-1] == shown.key {
			continue
		}
		if len(page.lines)+len(page.prefixes) == n {
			page.more = n > 0
			return page
		}
		if shown.v == nil {
			page.prefixes = append(page.prefixes, shown.key)
		} else {
			page.lines = append(page.lines, shown)
		}
		page.last = shown
	}
	return page
}

// limit reads max-keys and similar parameters: 0 to 1,000, 1,000 by default; larger values are
// reduced. It also checks the encoding type, which every listing has.
func (c *call) limit(name string) (int, error) {
	if encoding := c.query.Get("encoding-type"); encoding != "" && encoding != "url" {
		return 0, cloud.Errorf("InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	text := c.query.Get(name)
	if text == "" {
		return 1000, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, cloud.Errorf("InvalidArgument", "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return min(n, 1000), nil
}

// encode encodes keys as requested: percent-encoded with encoding-type=url.
func (c *call) encode(key string) string {
	if c.query.Get("encoding-type") != "url" {
		return hide(key)
	}
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

func (c *call) prefixes(page listing) []commonPrefix {
	var all []commonPrefix
	for _, p := range page.prefixes {
		all = append(all, commonPrefix{c.encode(p)})
	}
	return all
}

func (c *call) listObjects() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	n, err := c.limit("max-keys")
	if err != nil {
		return nil, err
	}
	after := c.query.Get("start-after")
	token := c.query.Get("continuation-token")
	if has(c.query, "continuation-token") {
		plain, err := base64.StdEncoding.DecodeString(token)
		if err != nil || token == "" {
			return nil, cloud.Errorf("InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(plain)
	}
	page := cut(b.lines(false), c.query.Get("prefix"), c.query.Get("delimiter"), after, "", n)
	type content struct {
		Key, LastModified, ETag string
		Checksum                string `xml:"ChecksumAlgorithm,omitempty"`
		Size                    int
		StorageClass            string
		Owner                   *owner
	}
	result := struct {
		XMLName      xml.Name  `xml:"ListBucketResult"`
		Contents     []content `xml:"Contents"`
		Name         string
		Prefix       string
		Delimiter    string `xml:",omitempty"`
		MaxKeys      int
		EncodingType string         `xml:",omitempty"`
		Prefixes     []commonPrefix `xml:"CommonPrefixes"`
		KeyCount     int
		Token        string `xml:"ContinuationToken,omitempty"`
		IsTruncated  bool
		NextToken    string `xml:"NextContinuationToken,omitempty"`
		StartAfter   string `xml:",omitempty"`
	}{
		Name:         b.name,
		Prefix:       c.encode(c.query.Get("prefix")),
		Delimiter:    c.encode(c.query.Get("delimiter")),
		MaxKeys:      n,
		EncodingType: c.query.Get("encoding-type"),
		Prefixes:     c.prefixes(page),
		KeyCount:     len(page.lines) + len(page.prefixes),
		Token:        token,
		IsTruncated:  page.more,
		StartAfter:   c.encode(c.query.Get("start-after")),
	}
	for _, line := range page.lines {
		one := content{
			c.encode(line.key), protocol.Time(line.v.modified), line.v.etag, line.v.checksum.algorithm,
			len(line.v.body), "STANDARD", nil,
		}
		if c.query.Get("fetch-owner") == "true" {
			o := ownerOf(b.account)
			one.Owner = &o
		}
		result.Contents = append(result.Contents, one)
	}
	if page.more {
		result.NextToken = base64.StdEncoding.EncodeToString([]byte(page.last.key))
	}
	return c.answer(result)
}

func (c *call) listVersions() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	n, err := c.limit("max-keys")
	if err != nil {
		return nil, err
	}
	afterKey, afterVersion := c.query.Get("key-marker"), c.query.Get("version-id-marker")
	if afterVersion != "" && afterKey == "" {
		return nil, cloud.Errorf("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
	}
	page := cut(b.lines(true), c.query.Get("prefix"), c.query.Get("delimiter"), afterKey, afterVersion, n)
	type marker struct {
		Key, VersionId string
		IsLatest       bool
		LastModified   string
		Owner          owner
	}
	type content struct {
		marker
		ETag         string
		Size         int
		StorageClass string
	}
	result := struct {
		XMLName             xml.Name `xml:"ListVersionsResult"`
		Name                string
		Prefix              string
		Delimiter           string `xml:",omitempty"`
		KeyMarker           string
		VersionIdMarker     string
		NextKeyMarker       string `xml:",omitempty"`
		NextVersionIdMarker string `xml:",omitempty"`
		MaxKeys             int
		EncodingType        string `xml:",omitempty"`
		IsTruncated         bool
		Versions            []content      `xml:"Version"`
		Markers             []marker       `xml:"DeleteMarker"`
		Prefixes            []commonPrefix `xml:"CommonPrefixes"`
	}{
		Name:            b.name,
		Prefix:          c.encode(c.query.Get("prefix")),
		Delimiter:       c.encode(c.query.Get("delimiter")),
		KeyMarker:       c.encode(afterKey),
		VersionIdMarker: afterVersion,
		MaxKeys:         n,
		EncodingType:    c.query.Get("encoding-type"),
		IsTruncated:     page.more,
		Prefixes:        c.prefixes(page),
	}
	for _, line := range page.lines {
		m := marker{c.encode(line.key), line.v.id, line.latest, protocol.Time(line.v.modified), ownerOf(b.account)}
		if line.v.marker {
			result.Markers = append(result.Markers, m)
		} else {
			result.Versions = append(result.Versions, content{m, line.v.etag, len(line.v.body), "STANDARD"})
		}
	}
	if page.more {
		result.NextKeyMarker = c.encode(page.last.key)
		if page.last.v != nil {
			result.NextVersionIdMarker = page.last.v.id
		}
	}
	return c.answer(result)
}
