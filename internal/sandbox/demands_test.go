package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

// session creates a role that trusts a principal and may do what statements allow, and assumes it.
func session(t *testing.T, c aws.Config, name, trusted, statements string) aws.Config {
	t.Helper()
	roles := iam.NewFromConfig(c)
	if _, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + trusted + `"},"Action":"sts:AssumeRole"}]}`,
	)}); err != nil {
		t.Fatal(err)
	}
	if statements != "" {
		if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
		}); err != nil {
			t.Fatal(err)
		}
	}
	assumed, err := assumeRole(t, c, "arn:aws:iam::"+sandbox.HubAccount+":role/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return assumed
}

func assumeRole(t *testing.T, c aws.Config, role string) (aws.Config, error) {
	t.Helper()
	out, err := sts.NewFromConfig(c).AssumeRole(
		t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")},
	)
	if err != nil {
		return c, err
	}
	c = c.Copy()
	c.Credentials = credentials.NewStaticCredentialsProvider(
		*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken,
	)
	return c, nil
}

// allowed compares the error of a call with the action that it lacks; "" for none.
func allowed(t *testing.T, what string, err error, lacks string) {
	t.Helper()
	if lacks == "" && err != nil || lacks != "" && (err == nil || !strings.Contains(err.Error(), "perform: "+lacks)) {
		t.Errorf("%s: %v, want a lack of %q", what, err, lacks)
	}
}

const hubRoot = "arn:aws:iam::" + sandbox.HubAccount + ":root"

// Transactions and batches need the rights of their members, on each table.
func TestTransactions(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	const table = `"Resource":"arn:aws:dynamodb:eu-west-1:000000000000:table/stowage"`
	client := dynamodb.NewFromConfig(session(
		t, c, "writer", hubRoot, `{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:GetItem","dynamodb:BatchGetItem"],`+table+`}`,
	))
	item := map[string]ddbtypes.AttributeValue{
		"pk": &ddbtypes.AttributeValueMemberS{Value: "a"}, "sk": &ddbtypes.AttributeValueMemberS{Value: "b"},
	}
	write := func(items ...ddbtypes.TransactWriteItem) error {
		_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items})
		return err
	}
	put := ddbtypes.TransactWriteItem{Put: &ddbtypes.Put{TableName: aws.String("stowage"), Item: item}}
	other := ddbtypes.TransactWriteItem{Put: &ddbtypes.Put{TableName: aws.String("other"), Item: item}}
	allowed(t, "put", write(put), "")
	allowed(t, "put into another table", write(put, other), "dynamodb:PutItem")
	allowed(t, "delete", write(ddbtypes.TransactWriteItem{
		Delete: &ddbtypes.Delete{TableName: aws.String("stowage"), Key: item},
	}), "dynamodb:DeleteItem")
	allowed(t, "check", write(ddbtypes.TransactWriteItem{ConditionCheck: &ddbtypes.ConditionCheck{
		TableName: aws.String("stowage"), Key: item, ConditionExpression: aws.String("attribute_exists(pk)"),
	}}), "dynamodb:ConditionCheckItem")
	_, err := client.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{TransactItems: []ddbtypes.TransactGetItem{
		{Get: &ddbtypes.Get{TableName: aws.String("stowage"), Key: item}},
	}})
	allowed(t, "get", err, "")
	keys := ddbtypes.KeysAndAttributes{Keys: []map[string]ddbtypes.AttributeValue{item}}
	_, err = client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{
		RequestItems: map[string]ddbtypes.KeysAndAttributes{"stowage": keys},
	})
	allowed(t, "batch", err, "")
	_, err = client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{
		RequestItems: map[string]ddbtypes.KeysAndAttributes{"stowage": keys, "other": keys},
	})
	allowed(t, "batch with another table", err, "dynamodb:BatchGetItem")
	_, err = client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("stowage")})
	allowed(t, "query", err, "dynamodb:Query")
}

// TestAssumeRole_Caller checks what a caller needs of its own to assume a role that trusts it.
func TestAssumeRole_Caller(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	const (
		project = "arn:aws:iam::111122223333:role/StowageReader"
		own     = "arn:aws:iam::" + sandbox.HubAccount + ":role/"
	)
	right := func(condition string) string {
		return `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + project + `"` + condition + `}`
	}
	for name, test := range map[string]struct {
		statements, lacks string
	}{
		"none":                 {"", "sts:AssumeRole"},
		"right":                {right(""), ""},
		"account":              {right(`,"Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}`), ""},
		"other-account":        {right(`,"Condition":{"StringEquals":{"aws:ResourceAccount":"222233334444"}}`), "sts:AssumeRole"},
		"organization":         {right(`,"Condition":{"StringEquals":{"aws:ResourceOrgID":"` + sandbox.OrganizationID + `"}}`), ""},
		"another-organization": {right(`,"Condition":{"StringEquals":{"aws:ResourceOrgID":"o-aaaaaaaaaa"}}`), "sts:AssumeRole"},
	} {
		_, err := assumeRole(t, session(t, c, name, hubRoot, test.statements), project)
		allowed(t, name, err, test.lacks)
	}
	caller := session(t, c, "caller", hubRoot, "")
	session(t, c, "by-account", hubRoot, "")
	_, err := assumeRole(t, caller, own+"by-account")
	allowed(t, "a role that trusts the account", err, "sts:AssumeRole")
	if _, err := iam.NewFromConfig(c).UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName: aws.String("by-account"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + own + `caller"},"Action":"sts:AssumeRole"}]}`,
		),
	}); err != nil {
		t.Fatal(err)
	}
	_, err = assumeRole(t, caller, own+"by-account")
	allowed(t, "a role that trusts the caller", err, "")
}

func TestManageConnections(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	if _, err := box.WebSockets().Deploy(apigateway.Settings{
		API: "a1b2c3d4e5", Stage: "live", Account: sandbox.HubAccount, Region: "eu-west-1",
	}); err != nil {
		t.Fatal(err)
	}
	for path, lacks := range map[string]string{
		"a1b2c3d4e5/live/POST/@connections/*":  "",
		"a1b2c3d4e5/*":                         "",
		"a1b2c3d4e5/live/GET/@connections/*":   "execute-api:ManageConnections",
		"a1b2c3d4e5/other/POST/@connections/*": "execute-api:ManageConnections",
		"f6g7h8i9j0/live/POST/@connections/*":  "execute-api:ManageConnections",
	} {
		role := session(
			t, c, "r"+strings.NewReplacer("/", "-", "*", "_").Replace(path), hubRoot,
			`{"Effect":"Allow","Action":"execute-api:ManageConnections","Resource":"arn:aws:execute-api:eu-west-1:000000000000:`+path+`"}`,
		)
		client := apigatewaymanagementapi.NewFromConfig(role, func(o *apigatewaymanagementapi.Options) {
			o.BaseEndpoint = aws.String(*c.BaseEndpoint + "/ws/a1b2c3d4e5/live")
		})
		_, err := client.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{
			ConnectionId: aws.String("gone="), Data: []byte("{}"),
		})
		if lacks == "" && err != nil && strings.Contains(err.Error(), "GoneException") {
			err = nil // authorized
		}
		allowed(t, path, err, lacks)
	}
}
