package acceptance_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestProvider_NoCredentials runs the CLI without credentials. Its environment differs from that of
// other tests.
func TestProvider_NoCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.env["AWS_ACCESS_KEY_ID"], s.env["AWS_SECRET_ACCESS_KEY"] = "", ""
	w.wantNoWrite(
		w.counted(func() { s.tryApply().fails("Unable to Configure Provider", "No AWS credentials were found") }),
	)
}

// TestMissingTable removes the hub's table, and then its settings. Both errors name what is
// missing. Only a plan that does not read the mirror works without the table.
func TestMissingTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, config := w.workspace(everything), w.config(sandbox.HubAccount)
	s.apply()
	table, err := dynamodb.NewFromConfig(config).DeleteTable(
		t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("stowage")},
	)
	must(w, table, err)
	for _, mode := range []string{"verified", "cached"} {
		s.env["STOWAGE_READ_CONSISTENCY"] = mode
		s.tryPlan().fails(
			`The hub "stowage" cannot be used`,
			`the DynamoDB table "stowage" does not exist in account 000000000000, Region eu-west-1`,
		)
	}
	s.env["STOWAGE_READ_CONSISTENCY"] = "authoritative"
	s.planIsEmpty()

	parameter, err := ssm.NewFromConfig(config).DeleteParameter(
		t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/stowage/hub/stowage")},
	)
	must(w, parameter, err)
	s.tryPlan().fails(`There is no hub "stowage"`)
}
