// Command stowage-relay is the Lambda function of a hub: one program for all of its events; see
// package relay.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/stowage/terraform-provider-stowage/internal/relay"
)

var version = "dev"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "stowage-relay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config, err := relay.FromEnvironment(ctx, version)
	if err != nil {
		return err
	}
	r, err := relay.New(ctx, config)
	if err != nil {
		return err
	}
	lambda.StartWithOptions(r, lambda.WithContext(ctx))
	return nil
}
