package account

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	transport "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// AccessBlock is what S3 blocks for a whole account, regardless of its buckets. It has no
// CloudFormation type.
type AccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

// Missing returns the settings that are off, named as in the S3 API. Four settings block public
// access.
func (b AccessBlock) Missing() []string {
	var missing []string
	for _, way := range []struct {
		name string
		on   bool
	}{
		{"BlockPublicAcls", b.BlockPublicAcls}, {"IgnorePublicAcls", b.IgnorePublicAcls},
		{"BlockPublicPolicy", b.BlockPublicPolicy}, {"RestrictPublicBuckets", b.RestrictPublicBuckets},
	} {
		if !way.on {
			missing = append(missing, way.name)
		}
	}
	return missing
}

// ReadAccessBlock reads what S3 blocks for an account, with the account's own credentials. Without
// the setting, nothing is blocked. buckets is the account's S3 client: if it has a custom endpoint,
// the call uses that too.
func ReadAccessBlock(ctx context.Context, sdk aws.Config, buckets *s3.Client, accountID string) (AccessBlock, error) {
	client := s3control.NewFromConfig(sdk, func(o *s3control.Options) {
		if address := buckets.Options().BaseEndpoint; address != nil {
			o.EndpointResolverV2 = fixedAddress(*address)
			o.APIOptions = append(o.APIOptions, withoutAccountInHost)
		}
	})
	out, err := client.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String(accountID)})
	switch {
	case code(err) == "NoSuchPublicAccessBlockConfiguration":
		return AccessBlock{}, nil
	case err != nil:
		return AccessBlock{}, fmt.Errorf("reading the public access block of the account %s: %w", accountID, err)
	}
	c := out.PublicAccessBlockConfiguration
	if c == nil {
		return AccessBlock{}, nil
	}
	return AccessBlock{
		aws.ToBool(c.BlockPublicAcls),
		aws.ToBool(c.IgnorePublicAcls),
		aws.ToBool(c.BlockPublicPolicy),
		aws.ToBool(c.RestrictPublicBuckets),
	}, nil
}

// fixedAddress resolves to an address unchanged. The SDK would put the account before the host,
// which fails if the host is the address of a machine.
type fixedAddress string

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (a fixedAddress) ResolveEndpoint(context.Context, s3control.EndpointParameters) (transport.Endpoint, error) {
	u, err := url.Parse(string(a))
	if err != nil {
		return transport.Endpoint{}, fmt.Errorf("the address of S3: %w", err)
	}
	return transport.Endpoint{URI: *u}, nil
}

func withoutAccountInHost(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc(
		"withoutAccountInHost",
		func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		},
	), middleware.Before)
}
