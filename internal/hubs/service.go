package hubs

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Config configures how hubs are accessed: in the account and region of the provider's own
// credentials.
type Config struct {
	Clients *awsclient.Clients
	// Writer is unique for the process: letters, digits and hyphens.
	Writer string
	// Issuers is the client for the discovery documents of OpenID Connect issuers; nil for the
	// default.
	Issuers *http.Client
	// Log writes a message for operators, Warn a warning for users; nil for none.
	Log, Warn func(ctx context.Context, message string, fields map[string]any)
}

// Service reads and changes hubs. It is safe for concurrent use.
type Service struct {
	config  Config
	account *awsclient.Account
	tokens  atomic.Int64

	mu     sync.Mutex // guards the fields below; never held during a call
	stacks map[string]handle
	place  hub.Place // empty until it is known
}

// New returns a Service. It makes no call.
func New(config Config) *Service {
	nothing := func(context.Context, string, map[string]any) {}
	if config.Log == nil {
		config.Log = nothing
	}
	if config.Issuers == nil {
		config.Issuers = http.DefaultClient
	}
	if config.Warn == nil {
		config.Warn = config.Log
	}
	return &Service{config: config, account: config.Clients.Hub(), stacks: map[string]handle{}}
}

// where returns the account and region of the hubs. An account that was not requested with the
// credentials costs one call, once.
func (s *Service) where(ctx context.Context) (hub.Place, error) {
	s.mu.Lock()
	known := s.place
	s.mu.Unlock()
	if known.AccountID != "" {
		return known, nil
	}
	at := hub.Place{AccountID: s.account.ID, Region: s.account.Region, Partition: s.config.Clients.Partition()}
	if at.AccountID == "" {
		caller, err := s.account.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return at, fmt.Errorf("finding the account of the hub: %w", err)
		}
		at.AccountID = aws.ToString(caller.Account)
		if found, err := arn.Parse(aws.ToString(caller.Arn)); err == nil {
			at.Partition = found.Partition
		}
	}
	s.mu.Lock()
	s.place = at
	s.mu.Unlock()
	return at, nil
}

// handle is a hub's stack, which may not exist, with what its last commit has shown.
type handle struct {
	stack *stack.Stack
	known *lastKnown
}

// handle returns the handle of a hub's stack. All changes of this process share it.
func (s *Service) handle(name string, at hub.Place) handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.stacks[name]; ok {
		return known
	}
	made := handle{known: &lastKnown{}}
	made.stack = stack.New(stack.Config{
		Config: commit.Config{
			Stack: hub.StackName(name), Create: true, RevisionMarkerName: hub.RevisionName(name),
			Description: hub.Description(name), Writer: s.config.Writer,
			Env: template.Env{AccountID: at.AccountID, Region: at.Region, Partition: at.Partition},
		},
		CloudFormation: s.account.CloudFormation,
		S3:             s.account.S3,
		TemplateBucket: hub.ArtifactBucket(name, at),
		Observer:       made.known,
		Log:            s.config.Log,
	})
	s.stacks[name] = made
	return made
}
