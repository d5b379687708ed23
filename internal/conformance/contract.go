package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Contract is one behavior that Stowage relies on.
type Contract struct {
	Name    string // service/what
	Rule    string // as a sentence
	Source  string // the AWS documentation or recording
	Check   func(context.Context, *Clients) error
	Service string // set by All
}

// All returns the contracts, service by service.
func All() []Contract {
	var all []Contract
	for service, contracts := range map[string][]Contract{
		"cloudformation": cloudFormation(), "dynamodb": dynamoDB(), "iam": iamContracts(), "s3": s3Contracts(),
		"ssm": ssmContracts(), "sts": stsContracts(),
	} {
		for _, c := range contracts {
			c.Service, c.Name = service, service+"/"+c.Name
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Contract) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Clients are the SDK's clients for one server. They do not retry, so that the first answer counts.
type Clients struct {
	CloudFormation *cloudformation.Client
	DynamoDB       *dynamodb.Client
	IAM            *iam.Client
	S3             *s3.Client
	SSM            *ssm.Client
	STS            *sts.Client
	// Bound limits one stack operation.
	Bound time.Duration
}

// Region is the region of the checks.
const Region = "eu-west-1"

// NewClients returns clients for the server at an endpoint.
func NewClients(endpoint, accessKey, secretKey string) *Clients {
	c := aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
	return &Clients{
		cloudformation.NewFromConfig(c),
		dynamodb.NewFromConfig(c),
		iam.NewFromConfig(c),
		s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
		ssm.NewFromConfig(c),
		sts.NewFromConfig(c),
		time.Minute,
	}
}

// unique returns a unique name of at most 20 characters that is valid in every service.
func unique(what string) string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return what + "-" + hex.EncodeToString(b[:])
}

// refused returns nil when err has the code, and contains the text if one is given; otherwise an
// error with the difference.
func refused(err error, code, text string) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return fmt.Errorf("it was accepted, and not refused with %s", code)
	case !errors.As(err, &api):
		return fmt.Errorf("no answer of the service: %w", err)
	case api.ErrorCode() != code:
		return fmt.Errorf("refused with %s (%s), and not with %s", api.ErrorCode(), api.ErrorMessage(), code)
	case !strings.Contains(api.ErrorMessage(), text):
		return fmt.Errorf("refused with the text %q, and not with %q", api.ErrorMessage(), text)
	}
	return nil
}

// equal returns nil when the values are equal.
func equal[T comparable](what string, have, want T) error {
	if have != want {
		return fmt.Errorf("%s: %v, and not %v", what, have, want)
	}
	return nil
}
