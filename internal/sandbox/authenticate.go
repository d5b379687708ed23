package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const (
	// clockSkew is the maximum difference between a signature's time and AWS's.
	clockSkew = 5 * time.Minute
	// clockSkewS3 is the same for S3, which allows more.
	clockSkewS3 = 15 * time.Minute

	staticKeyPrefix    = "AKIASTOW"
	staticSecretPrefix = "stowage/sandbox/secret/key/+"
)

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// StaticCredentials returns the fixed access key of an account's administrator,
// arn:aws:iam::ACCOUNT:user/administrator. Every account ID of 12 digits has one. IAM does not list
// it.
func StaticCredentials(account string) (accessKeyID, secretAccessKey string) {
	return staticKeyPrefix + account, staticSecretPrefix + account
}

type family int

const (
	familyQuery family = iota
	familyJSON
	familyS3
)

func familyOf(service string) family {
	switch service {
	case "cloudcontrolapi", "dynamodb", "execute-api", "kms", "lambda", "logs", "secretsmanager", "sqs", "ssm", "transfer":
		return familyJSON
	case "s3", "s3control":
		return familyS3
	default:
		return familyQuery
	}
}

// refusal is a reason to refuse a request, in the words of each family of services.
type refusal struct{ query, json, s3 cloud.Error }

func (r refusal) of(service string) *cloud.Error {
	e := r.query
	switch familyOf(service) {
	case familyJSON:
		e = r.json
	case familyS3:
		e = r.s3
	case familyQuery:
	}
	return &e
}

const (
	tokenInvalid = "The security token included in the request is invalid."
	tokenExpired = "The security token included in the request is expired"
	mismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. " +
		"Consult the service documentation for details."
)

var (
	refuseUnsigned = refusal{
		query: cloud.Error{
			Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token",
			Status: http.StatusForbidden,
		},
		json: cloud.Error{
			Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token",
			Status: http.StatusBadRequest,
		},
		s3: cloud.Error{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden},
	}
	refuseMalformed = refusal{
		query: cloud.Error{
			Code: "IncompleteSignature", Message: "The request signature does not conform to AWS standards.",
			Status: http.StatusBadRequest,
		},
		json: cloud.Error{
			Code: "IncompleteSignatureException", Message: "The request signature does not conform to AWS standards.",
			Status: http.StatusBadRequest,
		},
		s3: cloud.Error{
			Code:    "AuthorizationHeaderMalformed",
			Message: "The authorization header that you provided is not valid.",
			Status:  http.StatusBadRequest,
		},
	}
	refuseKey = refusal{
		query: cloud.Error{Code: "InvalidClientTokenId", Message: tokenInvalid, Status: http.StatusForbidden},
		json:  cloud.Error{Code: "UnrecognizedClientException", Message: tokenInvalid, Status: http.StatusBadRequest},
		s3: cloud.Error{
			Code:    "InvalidAccessKeyId",
			Message: "The AWS Access Key Id you provided does not exist in our records.",
			Status:  http.StatusForbidden,
		},
	}
	refuseToken = refusal{
		query: refuseKey.query,
		json:  refuseKey.json,
		s3: cloud.Error{
			Code:    "InvalidToken",
			Message: "The provided token is malformed or otherwise invalid.",
			Status:  http.StatusBadRequest,
		},
	}
	refuseExpired = refusal{
		query: cloud.Error{Code: "ExpiredToken", Message: tokenExpired, Status: http.StatusForbidden},
		json:  cloud.Error{Code: "ExpiredTokenException", Message: tokenExpired, Status: http.StatusBadRequest},
		s3:    cloud.Error{Code: "ExpiredToken", Message: "The provided token has expired.", Status: http.StatusBadRequest},
	}
	refuseSignature = refusal{
		query: cloud.Error{Code: "SignatureDoesNotMatch", Message: mismatch, Status: http.StatusForbidden},
		json:  cloud.Error{Code: "InvalidSignatureException", Message: mismatch, Status: http.StatusBadRequest},
		s3: cloud.Error{
			Code:    "SignatureDoesNotMatch",
			Status:  http.StatusForbidden,
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		},
	}
)

// authenticate identifies the signer of a request. The world's lock is held.
func (s *Sandbox) authenticate(
	service string, r *http.Request, body []byte, sig signature,
) (cloud.Caller, *cloud.Error) {
	secret, caller, active, ok := s.key(sig.accessKey)
	switch {
	case !ok, !active && !strings.HasPrefix(sig.accessKey, "ASIA"):
		e := refuseKey.of(service)
		if service == "s3" {
			e.Extra = map[string]any{"AWSAccessKeyId": sig.accessKey}
		}
		return cloud.Caller{}, e
	case !active:
		return cloud.Caller{}, refuseExpired.of(service)
	}
	if token, temporary := s.sts.SessionToken(sig.accessKey); sig.token != token || temporary && token == "" {
		return cloud.Caller{}, refuseToken.of(service)
	}
	if e := checkTime(service, sig); e != nil {
		return cloud.Caller{}, e
	}
	if !sig.matches(r, body, secret) {
		return cloud.Caller{}, refuseSignature.of(service)
	}
	if announced := r.Header.Get("X-Amz-Content-Sha256"); service == "s3" && len(announced) == len(hashOf(nil)) &&
		announced != hashOf(body) {
		return cloud.Caller{}, &cloud.Error{
			Code:    "XAmzContentSHA256Mismatch",
			Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
			Status:  http.StatusBadRequest,
			Extra:   map[string]any{"ClientComputedContentSHA256": announced, "S3ComputedContentSHA256": hashOf(body)},
		}
	}
	caller.Region = sig.region
	return caller, nil
}

func (s *Sandbox) key(id string) (secret string, caller cloud.Caller, active, ok bool) {
	if account, static := strings.CutPrefix(id, staticKeyPrefix); static && accountID.MatchString(account) {
		_, secret = StaticCredentials(account)
		return secret, cloud.Caller{
			Account: account,
			ARN:     "arn:aws:iam::" + account + ":user/administrator",
			UserID:  "AIDASTOW" + account,
		}, true, true
	}
	return s.world.AccessKey(id)
}

// checkTime refuses signatures of another time, which prevents replays, as AWS does.
func checkTime(service string, sig signature) *cloud.Error {
	now := time.Now().UTC()
	if sig.presigned && service == "s3" {
		if now.After(sig.signedAt.Add(sig.expires)) {
			return &cloud.Error{Code: "AccessDenied", Message: "Request has expired", Status: http.StatusForbidden}
		}
		return nil
	}
	age := now.Sub(sig.signedAt)
	if service == "s3" {
		if age.Abs() > clockSkewS3 {
			return &cloud.Error{
				Code: "RequestTimeTooSkewed", Status: http.StatusForbidden,
				Message: "The difference between the request time and the current time is too large.",
			}
		}
		return nil
	}
	limit := clockSkew + sig.expires
	e := refuseSignature.of(service)
	switch {
	case age > limit:
		oldest := now.Add(-limit)
		e.Message = fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)",
			sig.signedAt.Format(signatureTime), oldest.Format(signatureTime), now.Format(signatureTime))
		return e
	case age < -clockSkew:
		e.Message = fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)",
			sig.signedAt.Format(signatureTime), now.Add(clockSkew).Format(signatureTime), now.Format(signatureTime))
		return e
	}
	return nil
}
