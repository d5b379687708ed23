package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// measureEventSecrets looks for a secret access key in the events of the stack that puts it into a
// secret. No error or log line holds the key.
func measureEventSecrets(ctx context.Context, p *probe, found unproven.Answers) error {
	stack, name := p.promise("secret"), p.name("secret")
	_, err := p.create(ctx, p.Account.CloudFormation, stack, object{
		"User": object{"Type": "AWS::IAM::User", "Properties": object{"UserName": name}},
		"Key":  object{"Type": "AWS::IAM::AccessKey", "Properties": object{"UserName": object{"Ref": "User"}}},
		"Secret": object{"Type": "AWS::SecretsManager::Secret", "Properties": object{
			"Name": name, "SecretString": object{"Fn::Sub": `{"secret_access_key":"${Key.SecretAccessKey}"}`},
		}},
	})
	if err != nil {
		return err
	}
	if err := p.expect(ctx, stack, types.StackStatusCreateComplete); err != nil {
		return err
	}
	out, err := p.Account.SecretsManager.GetSecretValue(
		ctx,
		&secretsmanager.GetSecretValueInput{SecretId: aws.String(name)},
	)
	if err != nil {
		return fmt.Errorf("reading the secret: %w", err)
	}
	var secret struct {
		Key string `json:"secret_access_key"`
	}
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &secret) != nil || secret.Key == "" {
		return errors.New("the secret does not hold the access key")
	}
	seen := false
	answer := unproven.Masked
	err = p.events(ctx, stack, func(e types.StackEvent) {
		properties := aws.ToString(e.ResourceProperties)
		seen = seen || aws.ToString(e.LogicalResourceId) == "Secret" && properties != ""
		if strings.Contains(properties, secret.Key) ||
			strings.Contains(properties, strings.ReplaceAll(secret.Key, "/", `\/`)) {
			answer = unproven.Resolved
		}
	})
	switch {
	case err != nil:
		return err
	case !seen:
		return errors.New("no event shows the properties of the secret")
	}
	found[unproven.EventSecrets] = answer
	return nil
}
