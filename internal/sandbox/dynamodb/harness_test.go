package dynamodb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/dynamodb"
)

// bench is a DynamoDB behind HTTP with the SDK's client.
type bench struct {
	*sdk.Client
	t       *testing.T
	world   *cloud.World
	service *dynamodb.Service
	stale   atomic.Bool // marks the requests as stale
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, world: cloud.New(1)}
	b.service = dynamodb.New(b.world)
	server := httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(server.Close)
	b.Client = sdk.New(sdk.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
	})
	return b
}

func (b *bench) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	request := &cloud.Request{
		Context: r.Context(), Caller: cloud.Caller{Account: "111122223333", Region: "eu-central-1"},
		Service: "dynamodb", Operation: operation, HTTP: r, Body: body, Stale: b.stale.Load(),
	}
	b.world.Lock()
	response, err := b.service.Handle(request)
	var refused *cloud.Error
	if errors.As(err, &refused) {
		response = b.service.WriteError(request, refused)
	} else if err != nil {
		b.t.Error(err)
		response = &cloud.Response{Status: http.StatusInternalServerError}
	}
	b.world.Unlock()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	if response.Status != 0 {
		w.WriteHeader(response.Status)
	}
	_, _ = w.Write(response.Body)
}

func (b *bench) table(name string) {
	b.t.Helper()
	_, err := b.CreateTable(b.t.Context(), &sdk.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

type attributes = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
func list(v ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: v}
}
func dict(m attributes) types.AttributeValue { return &types.AttributeValueMemberM{Value: m} }
func strs(s ...string) types.AttributeValue  { return &types.AttributeValueMemberSS{Value: s} }

func key(pk, sk string) attributes { return attributes{"pk": str(pk), "sk": str(sk)} }

func with(base attributes, more attributes) attributes {
	all := attributes{}
	for name, v := range base {
		all[name] = v
	}
	for name, v := range more {
		all[name] = v
	}
	return all
}

func (b *bench) put(table string, i attributes) {
	b.t.Helper()
	if _, err := b.PutItem(b.t.Context(), &sdk.PutItemInput{TableName: &table, Item: i}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) get(table string, k attributes, consistent bool) attributes {
	b.t.Helper()
	out, err := b.GetItem(
		context.WithoutCancel(b.t.Context()),
		&sdk.GetItemInput{TableName: &table, Key: k, ConsistentRead: &consistent},
	)
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Item
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s: %s", err, code, message)
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
