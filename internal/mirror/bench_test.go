package mirror_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/dynamodb"
)

// endpointVariable names a DynamoDB on which the tests run instead of the simulated one. It must
// keep the tables of access keys apart, as DynamoDB Local does.
const endpointVariable = "STOWAGE_TEST_DYNAMODB"

// benches counts the benches. Each has its own access key.
var benches atomic.Int64

// bench is a mirror on the simulated DynamoDB, reached through the real SDK client without a
// network, or on the DynamoDB that endpointVariable names.
type bench struct {
	*mirror.Table
	client  *sdk.Client
	world   *cloud.World
	service *dynamodb.Service
	// elsewhere, unless nil, reaches the DynamoDB that replaces the service.
	elsewhere http.RoundTripper

	mu     sync.Mutex
	counts map[string]int
	// before, unless nil, is called before a request is handled. It may answer instead of the
	// service.
	before func(operation string, body []byte) *cloud.Response
	// after, unless nil, is called after a request was handled. The client gets its error instead
	// of the answer.
	after func(operation string) error
}

const tableName = "stowage"

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{world: cloud.New(1), counts: map[string]int{}}
	b.service = dynamodb.New(b.world)
	endpoint := os.Getenv(endpointVariable)
	if endpoint != "" {
		// Connections are not kept, so that none outlives a bubble of virtual time.
		b.elsewhere = &http.Transport{DisableKeepAlives: true}
	}
	b.client = sdk.New(sdk.Options{
		Region:       "eu-west-1",
		HTTPClient:   &http.Client{Transport: b},
		BaseEndpoint: given(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(
			fmt.Sprintf("AKIA%d%d", os.Getpid(), benches.Add(1)), "secret", "",
		),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 3, time.Millisecond
		}),
	})
	b.Table = mirror.New(b.client, tableName)
	_, err := b.client.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: aws.String(tableName), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(mirror.PartitionKey), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(mirror.SortKey), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(mirror.PartitionKey), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(mirror.SortKey), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	b.mu.Lock()
	b.counts[operation]++
	before, after := b.before, b.after
	b.mu.Unlock()

	var response *cloud.Response
	if before != nil {
		response = before(operation, body)
	}
	if response == nil {
		if response, err = b.handle(r, operation, body); err != nil {
			return nil, err
		}
	}
	if after != nil {
		if err := after(operation); err != nil {
			return nil, err
		}
	}
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Header: response.Header, Body: io.NopCloser(bytes.NewReader(response.Body)),
		ContentLength: int64(len(response.Body)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (b *bench) handle(r *http.Request, operation string, body []byte) (*cloud.Response, error) {
	if b.elsewhere != nil {
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		response, err := b.elsewhere.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		answer, err := io.ReadAll(response.Body)
		return &cloud.Response{
			Status: response.StatusCode,
			Header: response.Header,
			Body:   answer,
		}, errors.Join(err, response.Body.Close())
	}
	request := &cloud.Request{
		Context: r.Context(), Caller: cloud.Caller{Account: "111122223333", Region: "eu-west-1"},
		Service: "dynamodb", Operation: operation, HTTP: r, Body: body,
		Stale: true, // detects callers that do not ask for a consistent read
	}
	b.world.Lock()
	defer b.world.Unlock()
	response, err := b.service.Handle(request)
	var refused *cloud.Error
	if errors.As(err, &refused) {
		return b.service.WriteError(request, refused), nil
	}
	return response, err
}

// once returns a hook that calls f for the first request of an operation only, even if f makes such
// requests.
func (b *bench) once(operation string, f func(body []byte) *cloud.Response) {
	var done atomic.Bool
	b.before = func(op string, body []byte) *cloud.Response {
		if op != operation || done.Swap(true) {
			return nil
		}
		return f(body)
	}
}

func (b *bench) calls(operation string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts[operation]
}

var epoch0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// at returns a version of a stack, n milliseconds after epoch0.
func at(stack, status string, n int) mirror.Version {
	return mirror.Version{
		StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/" + stack, ChangeSetID: fmt.Sprintf("set-%d", n),
		LastUpdated: epoch0.Add(time.Duration(n) * time.Millisecond), Revision: int64(n), Status: status,
	}
}
