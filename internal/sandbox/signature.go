package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm     = "AWS4-HMAC-SHA256"
	signatureTime = "20060102T150405Z"
)

// signature is the signature of a request, from its Authorization header or, presigned, from its
// query.
type signature struct {
	accessKey, date, region, service string
	signedHeaders                    []string
	value                            string
	token                            string
	signedAt                         time.Time
	expires                          time.Duration // presigned requests only
	presigned                        bool
}

// readSignature parses the signature of a request. present is false for an unsigned request, ok is
// false for a signature that is not of Signature Version 4.
func readSignature(r *http.Request) (s signature, present, ok bool) {
	var credential, headers, at string
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		fields, found := strings.CutPrefix(authorization, algorithm+" ")
		if !found {
			return s, true, false
		}
		for field := range strings.SplitSeq(fields, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			switch name {
			case "Credential":
				credential = value
			case "SignedHeaders":
				headers = value
			case "Signature":
				s.value = value
			}
		}
		at, s.token = r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Security-Token")
	} else {
		query := r.URL.Query()
		if !query.Has("X-Amz-Signature") && !query.Has("X-Amz-Credential") {
			return s, false, false
		}
		seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
		if query.Get("X-Amz-Algorithm") != algorithm || (err != nil && query.Has("X-Amz-Expires")) {
			return s, true, false
		}
		s.presigned, s.expires = true, time.Duration(seconds)*time.Second
		credential, headers, s.value = query.Get("X-Amz-Credential"), query.Get(
			"X-Amz-SignedHeaders",
		), query.Get("X-Amz-Signature")
		at, s.token = query.Get("X-Amz-Date"), query.Get("X-Amz-Security-Token")
	}
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || headers == "" || s.value == "" {
		return s, true, false
	}
	signedAt, err := time.Parse(signatureTime, at)
	if err != nil || !strings.HasPrefix(at, scope[1]) {
		return s, true, false
	}
	s.accessKey, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
	s.signedHeaders, s.signedAt = strings.Split(headers, ";"), signedAt
	return s, true, true
}

// matches computes the signature of a request with a secret and compares.
func (s signature) matches(r *http.Request, body []byte, secret string) bool {
	canonical := strings.Join([]string{
		r.Method,
		s.canonicalPath(r),
		canonicalQuery(r.URL.Query()),
		s.canonicalHeaders(r),
		strings.Join(s.signedHeaders, ";"),
		s.payload(r, body),
	}, "\n")
	text := strings.Join([]string{
		algorithm,
		s.signedAt.Format(signatureTime),
		s.date + "/" + s.region + "/" + s.service + "/aws4_request",
		hashOf([]byte(canonical)),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.value))
}

// canonicalPath returns the path as it was sent; every service except S3 escapes it once more.
func (s signature) canonicalPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == "" {
		return "/"
	}
	if s.service == "s3" {
		return path
	}
	return escape(path, true)
}

func (s signature) canonicalHeaders(r *http.Request) string {
	var b strings.Builder
	for _, name := range s.signedHeaders {
		var values []string
		switch name {
		case "host":
			values = []string{hostOf(r)}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		default:
			values = slices.Clone(r.Header[http.CanonicalHeaderKey(name)])
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		b.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	return b.String()
}

// payload returns the body's hash as the signature covers it: the value of S3's
// X-Amz-Content-Sha256 (a hash, or a word for how the body is signed), else the hash of the body.
func (s signature) payload(r *http.Request, body []byte) string {
	if s.service == "s3" {
		if announced := r.Header.Get("X-Amz-Content-Sha256"); announced != "" {
			return announced
		}
		if s.presigned {
			return "UNSIGNED-PAYLOAD"
		}
	}
	return hashOf(body)
}

func hashOf(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, escape(name, false)+"="+escape(value, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape escapes all characters except RFC 3986's unreserved ones.
func escape(s string, keepSlash bool) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 ||
			keepSlash && c == '/' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexadecimal[c>>4])
		b.WriteByte(hexadecimal[c&15])
	}
	return b.String()
}

func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}
