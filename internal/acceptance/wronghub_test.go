package acceptance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

func (w *world) putHub(account, region, hub, value string) {
	w.t.Helper()
	config := w.config(account)
	config.Region = region
	_, err := ssm.NewFromConfig(config).PutParameter(w.t.Context(), &ssm.PutParameterInput{
		Name:      aws.String("/stowage/hub/" + hub),
		Type:      ssmtypes.ParameterTypeString,
		Value:     aws.String(value),
		Overwrite: aws.Bool(true),
	})
	must(w, struct{}{}, err)
}

func (w *world) createTable(account string) {
	w.t.Helper()
	_, err := dynamodb.NewFromConfig(w.config(account)).CreateTable(w.t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("stowage"), BillingMode: dynamotypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamotypes.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: dynamotypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: dynamotypes.ScalarAttributeTypeS},
		},
		KeySchema: []dynamotypes.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: dynamotypes.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: dynamotypes.KeyTypeRange},
		},
	})
	must(w, struct{}{}, err)
}

func (s *workspace) as(account, region string) {
	s.env["AWS_ACCESS_KEY_ID"], s.env["AWS_SECRET_ACCESS_KEY"] = sandbox.StaticCredentials(account)
	s.env["AWS_REGION"] = region
}

// TestWrongHub runs a workspace against hubs that are not the one of its state. Each is an error,
// and none makes a plan to create anything.
func TestWrongHub(t *testing.T) { //nolint:tparallel // the plan at the end comes after the subtests
	t.Parallel()
	const other = "999999999999"
	settings := func(account, region, table string) string {
		return `{"format":1,"account_id":"` + account + `","region":"` + region + `","table":"` + table + `"}`
	}
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", afterProject))
	s.apply()
	for name, c := range map[string]struct {
		account, region, value string
		texts                  []string
	}{
		"account": {
			other, region, settings(sandbox.HubAccount, region, "stowage"),
			[]string{"They are those of a hub in account 000000000000, Region eu-west-1", "/stowage/hub/stowage (account 999999999999, Region eu-west-1)"},
		},
		"region": {
			sandbox.HubAccount, "us-east-1", settings(sandbox.HubAccount, region, "stowage"),
			[]string{"They are those of a hub in account 000000000000, Region eu-west-1", "/stowage/hub/stowage (account 000000000000, Region us-east-1)"},
		},
		"another hub of its own right": {
			sandbox.HubAccount, "us-east-2", settings(sandbox.HubAccount, "us-east-2", "stowage-2"),
			[]string{"The settings are not valid", `the DynamoDB table "stowage-2" does not exist in account 000000000000, Region us-east-2`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).putHub(c.account, c.region, "stowage", c.value)
			wrong := &workspace{t, t.TempDir(), w.environment()}
			wrong.copied(s)
			wrong.as(c.account, c.region)
			wrong.tryPlan().fails(c.texts...)
			wrong.tryDestroy("-refresh=false").fails(c.texts...)
		})
	}
	s.planIsEmpty()
}

func (s *workspace) copied(from *workspace) {
	s.t.Helper()
	for _, file := range []string{"main.tf", "terraform.tfstate"} {
		content, err := os.ReadFile(filepath.Join(from.dir, file))
		if err != nil {
			s.t.Fatal(err)
		}
		s.put(file, string(content))
	}
}

// TestOtherHub runs a workspace with the wrong profile: against a valid hub with no projects, or
// with other ones.
func TestOtherHub(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", afterProject))
	s.apply()
	const other = "999999999999"
	w.putHub(other, region, "stowage", `{"format":1,"account_id":"`+other+`","region":"`+region+`","table":"stowage"}`)
	w.createTable(other)
	s.as(other, region)
	texts := []string{
		"This is not taken for a deletion", "account 000000000000, Region eu-west-1",
		"account 999999999999, Region eu-west-1",
	}
	s.tryPlan().fails(texts...)
	s.tryDestroy("-refresh=false").fails(texts...)
	s.as(sandbox.HubAccount, region)
	s.planIsEmpty()
}

// TestMirrorOutage plans during a failure of DynamoDB: the plan is the same and explains the delay.
func TestMirrorOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", afterProject))
	s.apply()
	if err := w.box.AddFaults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall}); err != nil {
		t.Fatal(err)
	}
	o := s.tryPlan().succeeds()
	o.says(
		"No changes", "Mirror Unavailable",
		`The DynamoDB table "stowage" of the hub (account 000000000000, Region eu-west-1) could not be read`,
	)
}
