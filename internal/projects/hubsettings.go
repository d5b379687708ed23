package projects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// hubSettings is the value of a hub's SSM parameter.
type hubSettings struct {
	Format    int    `json:"format"`
	AccountID string `json:"account_id"`
	Region    string `json:"region"`
	Table     string `json:"table"`
	// TemplateBucket stores a directory template that is too large for a request; "" for none.
	TemplateBucket string `json:"template_bucket"`
	// ManagementURL is the endpoint of web clients: the stage of the WebSocket API; "" for none. In
	// the parameter it may also be the stage's wss URL.
	ManagementURL string `json:"management_url"`
}

// hubParameter returns the name of a hub's SSM parameter.
func hubParameter(hub string) string { return "/stowage/hub/" + hub }

// hubFormat is the newest format of hub settings that this version reads.
const hubFormat = 1

// readHubSettings reads the settings of a hub and checks that they belong to the account and region
// in which they were found. Settings copied from another account or region would show no projects,
// which looks like deleted projects. Errors are of type *HubError.
func readHubSettings(ctx context.Context, account *awsclient.Account, name string) (*hubSettings, error) {
	at := HubLocation{account.ID, account.Region}
	parameter := hubParameter(name)
	fail := func(err error) (*hubSettings, error) {
		return nil, &HubError{Hub: name, Parameter: parameter, At: at, Err: err}
	}
	out, err := account.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(parameter)})
	var missing *ssmtypes.ParameterNotFound
	switch {
	case errors.As(err, &missing):
		return fail(ErrNoHub)
	case err != nil:
		return fail(err)
	}
	// The ARN has the account even if the provider must not ask for it.
	if found, err := arn.Parse(aws.ToString(out.Parameter.ARN)); err == nil {
		at = HubLocation{found.AccountID, found.Region}
	}
	settings, err := parseHubSettings(aws.ToString(out.Parameter.Value), parameter)
	if err != nil {
		return fail(err)
	}
	if at.AccountID == "" {
		at.AccountID = settings.AccountID // unknown: nothing to compare with
	}
	if written := (HubLocation{settings.AccountID, settings.Region}); written != at {
		return fail(otherHub(written))
	}
	return settings, nil
}

var (
	accountIDPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern    = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	tablePattern     = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	bucketPattern    = regexp.MustCompile(`^[a-z0-9.-]{3,63}$`)
)

// parseHubSettings decodes settings and validates each field.
func parseHubSettings(value, parameter string) (*hubSettings, error) {
	var settings hubSettings
	err := json.Unmarshal([]byte(value), &settings)
	switch {
	case settings.Format > hubFormat: // its other fields may have any type
		return nil, &model.NewerFormatError{
			What: "the SSM parameter " + parameter, Format: strconv.Itoa(settings.Format), Known: hubFormat,
		}
	case err != nil:
		return nil, badHubSettings("", "expected a JSON object: "+err.Error())
	}
	for _, field := range []struct {
		name, value string
		pattern     *regexp.Regexp
		optional    bool
		expected    string
	}{
		{"account_id", settings.AccountID, accountIDPattern, false, "an AWS account ID of 12 digits"},
		{"region", settings.Region, regionPattern, false, "an AWS Region such as eu-west-1"},
		{"table", settings.Table, tablePattern, false, "the name of a DynamoDB table"},
		{"template_bucket", settings.TemplateBucket, bucketPattern, true, "the name of an S3 bucket"},
	} {
		switch {
		case field.value == "" && field.optional:
		case field.value == "":
			return nil, badHubSettings(field.name, "missing: expected "+field.expected)
		case !field.pattern.MatchString(field.value):
			return nil, badHubSettings(field.name, fmt.Sprintf("%q: expected %s", field.value, field.expected))
		}
	}
	if settings.ManagementURL, err = managementURL(settings.ManagementURL); err != nil {
		return nil, err
	}
	return &settings, nil
}

// managementURL validates the address of a WebSocket API's stage. A stage's management API has the
// address for its clients, with https in place of wss.
func managementURL(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"https", "http", "wss", "ws"}, u.Scheme) || u.Host == "" {
		return "", badHubSettings(
			"management_url", fmt.Sprintf("%q: expected the https URL of a WebSocket API's stage", address),
		)
	}
	if rest, ok := strings.CutPrefix(address, "ws"); ok {
		return "http" + rest, nil
	}
	return address, nil
}

// HubLocation is the account and region that hold a hub.
type HubLocation struct {
	AccountID string `json:"account_id"` // "" while it is unknown
	Region    string `json:"region"`
}

func (l HubLocation) String() string {
	if l.AccountID == "" {
		return fmt.Sprintf("the account of the provider's credentials, Region %s", l.Region)
	}
	return fmt.Sprintf("account %s, Region %s", l.AccountID, l.Region)
}
