package awsclient

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// ArgumentError is returned for an unusable argument. No AWS call but GetCallerIdentity was made.
type ArgumentError struct {
	Argument string // of the provider block or of stowage_project
	Err      error
	Remedy   string // "" if Err is sufficient
}

func (e *ArgumentError) Error() string { return e.Argument + ": " + e.Err.Error() }

// Unwrap returns the problem with the argument.
func (e *ArgumentError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *ArgumentError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: e.Argument,
		Cause:     fmt.Sprintf("The argument %q is invalid: %s.", e.Argument, e.Err),
		Remedy:    e.Remedy,
	}
}

// accountNotAllowed returns the error for an account that allowed_account_ids or
// forbidden_account_ids forbids.
func accountNotAllowed(argument, accountID string) error {
	if accountID == "" {
		return &ArgumentError{
			Argument: argument,
			Err:      errors.New("it is set, but the account of the credentials is unknown"),
			Remedy:   "Remove skip_requesting_account_id and skip_credentials_validation, so that the provider can read the account.",
		}
	}
	return &ArgumentError{
		Argument: argument,
		Err:      fmt.Errorf("it does not allow the account %s, in which nothing was read or changed", accountID),
		Remedy:   "Check that profile, environment and roles are the intended ones; if they are, change the argument.",
	}
}

// noRegion, unknownRegion and foreignRegion return the errors for a region.
func noRegion() error {
	return &ArgumentError{
		Argument: "region", Err: errors.New("no AWS region is set"),
		Remedy: "Set the provider argument region, AWS_REGION, or region in the profile.",
	}
}

func unknownRegion(region string) error {
	return &ArgumentError{
		Argument: "region", Err: fmt.Errorf("this version of the provider knows no AWS region %q", region),
		Remedy: "Check the spelling. If the region is newer than this version, set skip_region_validation.",
	}
}

func foreignRegion(region, partition string) error {
	return &ArgumentError{
		Argument: "region",
		Err:      fmt.Errorf("the region %q is not in the AWS partition %s of the credentials", region, partition),
		Remedy:   "Credentials never work in another partition: change the region or the credentials.",
	}
}

const (
	unknownKey  = "The access key does not exist, is inactive, or is temporary and came without its session token. Check that access key, secret key and token belong together."
	wrongSecret = "The secret key does not belong to the access key, or this machine's clock is wrong."
	expired     = "The temporary credentials have expired. Sign in again (with single sign-on: aws sso login) or get new ones, and repeat the run."
	wrongClock  = "This machine's clock differs too much from AWS's. Set it right and repeat the run."
	signInAgain = "The single sign-on session has ended. Sign in again (aws sso login) and repeat the run."
)

// credentialsCodes maps AWS's codes for refused credentials, in any call, to remedies.
var credentialsCodes = map[string]string{
	"InvalidClientTokenId": unknownKey, "UnrecognizedClientException": unknownKey, "InvalidAccessKeyId": unknownKey,
	"SignatureDoesNotMatch": wrongSecret, "InvalidSignatureException": wrongSecret,
	"ExpiredToken": expired, "ExpiredTokenException": expired,
	"RequestExpired": wrongClock, "RequestTimeTooSkewed": wrongClock,
	"InvalidGrantException": signInAgain, "UnauthorizedException": signInAgain,
}

// CredentialsError is returned when there are no credentials, or AWS refuses them.
type CredentialsError struct {
	Err error
}

func (e *CredentialsError) Error() string { return "AWS credentials: " + reason(e.Err) }

// Unwrap returns the SDK's error.
func (e *CredentialsError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *CredentialsError) Explain() model.Explanation {
	var what, next string
	switch code := errorCode(e.Err); code {
	case "":
		what = "No AWS credentials were found, or they could not be used."
		next = "Set access_key and secret_key, profile, or the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; " +
			"sign in again if they come from single sign-on; " +
			"or run where a web identity, a container or an instance supplies them. If AWS can't be reached, look at the proxy and endpoint arguments."
	default:
		what = "AWS refused the provider's credentials."
		next = "Check which credentials are in use (arguments come first, then the environment, then the shared files) and that they may call sts:GetCallerIdentity."
		if known := credentialsCodes[code]; known != "" {
			next = known
		}
	}
	return model.Explanation{Cause: what + "\n\nReason: " + reason(e.Err), Remedy: next}
}

// AssumeRoleError is returned for a role that could not be assumed: the provider's own
// (assume_role, assume_role_with_web_identity) or a project's.
type AssumeRoleError struct {
	RoleARN     string
	Hop, Hops   int    // 1-based position in the assume_role chain; 0 outside of a chain
	WebIdentity bool   // assumed by assume_role_with_web_identity
	ProjectID   string // the account of the role's project, or empty
	Caller      string // the caller's ARN, if known
	Err         error
}

func (e *AssumeRoleError) Error() string {
	return fmt.Sprintf("assuming the role %s%s: %s", e.RoleARN, e.hop(), reason(e.Err))
}

func (e *AssumeRoleError) hop() string {
	if e.Hops > 1 {
		return fmt.Sprintf(" (%d of %d in the assume_role chain)", e.Hop, e.Hops)
	}
	return ""
}

// Unwrap returns the SDK's error.
func (e *AssumeRoleError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *AssumeRoleError) Explain() model.Explanation {
	what := fmt.Sprintf("The role %s%s could not be assumed", e.RoleARN, e.hop())
	if e.WebIdentity {
		what += " with the web identity token"
	}
	if e.ProjectID != "" {
		what += fmt.Sprintf(" to work in the account %s", e.ProjectID)
	}
	if e.Caller != "" {
		what += " by " + e.Caller
	}
	what += "."

	var next string
	switch code := errorCode(e.Err); code {
	case "AccessDenied", "AccessDeniedException":
		next = "AWS answers the same in all of these cases: the role does not exist; its trust policy does not name the caller, or does not allow sts:TagSession or sts:SetSourceIdentity to a caller whose session has tags or a source identity; the caller's own policies " +
			"do not allow sts:AssumeRole on it; an organization's policy denies it."
		if e.WebIdentity {
			next = "Check that the role exists and that its trust policy names the token's issuer and accepts its audience and subject."
		}
		if e.ProjectID != "" {
			next += " Check that the account has been onboarded, the provider argument project_role_name, and project_external_id if the role's trust " +
				"policy asks for an external ID."
		}
	case "ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken":
		next = "The credentials or the token have expired. Sign in again (with single sign-on: aws sso login) or get a new token, and repeat the run."
	case "ValidationError":
		next = "Check the role's ARN and the session's settings (duration, session name, policies, tags); a role reached through another role lasts an hour at most."
	case "RegionDisabledException":
		next = "The security token service is not active in this region for that account. Activate it, or set sts_region."
	case "":
		next = "Look at the reason. If AWS can't be reached, check the proxy and endpoint arguments."
		if e.WebIdentity {
			next = "Look at the reason. Check that the file of the web identity token exists and can be read."
		}
	default:
		next = "Look at AWS's reason; the calls that failed are in the account's CloudTrail."
	}
	return model.Explanation{Cause: what + "\n\nReason: " + reason(e.Err), Remedy: next}
}

// WrongAccountError is returned when the credentials for a project belong to another account.
type WrongAccountError struct {
	Want, Got string // account ids
	Caller    string // the ARN of the credentials, if known
}

func (e *WrongAccountError) Error() string {
	return fmt.Sprintf("the credentials belong to account %s, not to account %s", e.Got, e.Want)
}

// Explain implements model.Explainer.
func (e *WrongAccountError) Explain() model.Explanation {
	who := "The credentials"
	if e.Caller != "" {
		who += " of " + e.Caller
	}
	return model.Explanation{
		Cause: fmt.Sprintf(
			"%s belong to the account %s, but the project is in the account %s. Nothing was read or changed.", who,
			e.Got, e.Want,
		),
		Remedy: "Set project_role_name to a role that exists in each project's account, or use credentials of the account " + e.Want + ".",
	}
}

// errorCode returns AWS's code for an error, or "" if AWS did not answer.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// reason returns the useful part of an SDK error: AWS's code, message and request id, or else the
// innermost cause.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		text := api.ErrorCode() + ": " + api.ErrorMessage()
		var withID interface{ ServiceRequestID() string }
		if errors.As(err, &withID) && withID.ServiceRequestID() != "" {
			text += " (request " + withID.ServiceRequestID() + ")"
		}
		var attempts *retry.MaxAttemptsError
		if errors.As(err, &attempts) && attempts.Attempt > 1 {
			text += fmt.Sprintf(" after %d attempts", attempts.Attempt)
		}
		return text
	}
	var op *smithy.OperationError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
