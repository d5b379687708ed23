package model

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// CORSRule lets browsers access the bucket from other origins.
type CORSRule struct {
	AllowedOrigins []string `json:"allowed_origins"`
	AllowedMethods []string `json:"allowed_methods"`
	AllowedHeaders []string `json:"allowed_headers,omitempty"`
	ExposeHeaders  []string `json:"expose_headers,omitempty"`
	MaxAgeSeconds  int64    `json:"max_age_seconds,omitempty"`
}

// maxCORSRules is the maximum number of rules of a bucket (AmazonS3 user guide, ManageCorsUsing).
const maxCORSRules = 100

// corsMethods are the methods that S3 accepts (AmazonS3 user guide, ManageCorsUsing).
var corsMethods = []string{"GET", "PUT", "HEAD", "POST", "DELETE"}

// headerPattern matches the name of an HTTP header, with optional wildcards (RFC 9110, token).
var headerPattern = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// problems checks the rules of S3's PutBucketCors (AmazonS3 user guide, ManageCorsUsing; API
// reference, CORSRule): one wildcard in an origin or an allowed header, none in an exposed header.
func (r CORSRule) problems(field string) []Problem {
	var problems []Problem
	add := func(argument, format string, args ...any) {
		problems = append(problems, Problem{field + "." + argument, fmt.Sprintf(format, args...)})
	}
	if len(r.AllowedOrigins) == 0 {
		add("allowed_origins", "must name at least one origin")
	}
	if len(r.AllowedMethods) == 0 {
		add("allowed_methods", "must name at least one method")
	}
	for _, method := range r.AllowedMethods {
		if !slices.Contains(corsMethods, method) {
			add("allowed_methods", "%q is none of GET, PUT, HEAD, POST and DELETE", method)
		}
	}
	for _, origin := range r.AllowedOrigins {
		switch {
		case HoldsReference(origin):
			add("allowed_origins", referenceReason)
		case strings.Count(origin, "*") > 1:
			add("allowed_origins", "%q holds more than one *", origin)
		case origin == "", strings.ContainsFunc(origin, func(c rune) bool {
			return c > unicode.MaxASCII || c <= ' ' || c == 0x7f
		}):
			add(
				"allowed_origins",
				"%q is no origin: write it as browsers send it, such as https://example.com (other alphabets in Punycode)",
				origin,
			)
		}
	}
	for _, header := range r.AllowedHeaders {
		switch {
		case !headerPattern.MatchString(header):
			add("allowed_headers", "%q is not the name of a header", header)
		case strings.Count(header, "*") > 1:
			add("allowed_headers", "%q holds more than one *", header)
		}
	}
	for _, header := range r.ExposeHeaders {
		switch {
		case !headerPattern.MatchString(header):
			add("expose_headers", "%q is not the name of a header", header)
		case strings.Contains(header, "*"):
			add("expose_headers", "%q holds a *, which S3 does not take in exposed headers: name each header", header)
		}
	}
	if r.MaxAgeSeconds < 0 || r.MaxAgeSeconds > math.MaxInt32 {
		add("max_age_seconds", "must be between 0 and %d seconds", math.MaxInt32)
	}
	return problems
}
