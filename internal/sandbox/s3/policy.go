package s3

import (
	"errors"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// maxPolicy is the maximum size of bucket policies in bytes: S3 User Guide, "Policies and
// permissions in Amazon S3": 20 KB.
const maxPolicy = 20 * 1024

func (s *Service) setPolicy(c cloud.Caller, b *bucket, text string) error {
	if len(text) > maxPolicy {
		return malformedPolicy("Policy exceeds the maximum allowed document size.")
	}
	doc, err := policydoc.Parse(text, policydoc.Resource)
	switch { // both texts are recorded from AWS (LocalStack's test_s3_policy)
	case policydoc.NotJSON(err):
		return malformedPolicy("Policies must be valid JSON and the first byte must be '{'")
	case policydoc.NoStatement(err):
		return malformedPolicy("Missing required field Statement")
	case err != nil:
		return malformedPolicy(err.Error())
	}
	if err := doc.CheckPrincipals(s.world.PrincipalExists); err != nil {
		var unmodelled *cloud.Error
		if errors.As(err, &unmodelled) {
			return err
		}
		return malformedPolicy("Invalid principal in policy")
	}
	for _, st := range doc.Statements {
		if err := checkStatement(st, b.name); err != nil {
			return err
		}
	}
	if b.PublicAccess != nil && bool(b.PublicAccess.BlockPublicPolicy) && isPublic(doc) {
		return &cloud.Error{
			Code: "AccessDenied", Status: http.StatusForbidden,
			Message: "User: " + c.ARN + " is not authorized to perform: s3:PutBucketPolicy on resource: \"" + arnOf(b.name) +
				"\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
		}
	}
	b.policy = text
	return nil
}

func malformedPolicy(message string) error { return cloud.Errorf("MalformedPolicy", "%s", message) }

// withinBucket reports whether a statement's resource belongs to the bucket: S3 refuses policies
// about anything else.
func withinBucket(resource, bucket string) bool {
	name, ok := strings.CutPrefix(resource, "arn:aws:s3:::")
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(name, "/")
	if i := strings.IndexAny(name, "*?"); i >= 0 {
		return strings.HasPrefix(bucket, name[:i])
	}
	return name == bucket
}

// isPublic follows S3 User Guide, "Blocking public access to your Amazon S3 storage", section "The
// meaning of public": a statement that allows everyone something is public unless a condition
// restricts it to fixed values of certain keys.
func isPublic(doc *policydoc.Document) bool {
	for _, st := range doc.Statements {
		if st.Effect != "Allow" {
			continue
		}
		everybody := st.NotPrincipal
		for _, kind := range []string{"AWS", "CanonicalUser"} {
			for _, p := range st.Principals[kind] {
				everybody = everybody || strings.Contains(p, "*")
			}
		}
		if everybody && !pinned(st) {
			return true
		}
	}
	return false
}

var pinningKeys = map[string]bool{
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourcevpc": true, "aws:sourcevpce": true, "aws:sourceip": true,
	"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:principalaccount": true, "aws:principalarn": true,
	"aws:userid": true, "aws:sourceowner": true, "s3:x-amz-server-side-encryption-aws-kms-key-id": true,
	"s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
}

func pinned(st policydoc.Statement) bool {
	for operator, keys := range st.Conditions {
		lower := strings.ToLower(operator)
		if strings.Contains(lower, "not") || strings.HasSuffix(lower, "ifexists") || lower == "null" {
			continue
		}
	next:
		for key, values := range keys {
			if !pinningKeys[strings.ToLower(key)] {
				continue
			}
			for _, v := range values {
				if strings.Contains(v, "*") || v == "0.0.0.0/0" || v == "::/0" {
					continue next
				}
			}
			return true
		}
	}
	return false
}
