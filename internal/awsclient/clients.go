package awsclient

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/hashicorp/aws-sdk-go-base/v2/endpoints"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"
	"golang.org/x/sync/singleflight"
)

// projectSession is the lifetime of credentials for a project's account: AWS's maximum for a role
// assumed through another role.
const projectSession = time.Hour

// Clients provides the clients for the hub's account and each project's. It is safe for concurrent
// use.
type Clients struct {
	config    Config
	sdk       aws.Config // the provider's own credentials and region
	hub       *Account
	partition string
	caller    string // the ARN of the provider's own credentials, or empty
	warnings  []Warning

	flights singleflight.Group

	mu       sync.Mutex // protects the fields below; never held across a call
	projects map[projectKey]*Account
	making   map[projectKey]*making
}

type projectKey struct{ account, region, role string }

func (k projectKey) String() string { return k.account + " " + k.region + " " + k.role }

// making is a shared attempt to create the clients of an account.
type making struct {
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int // number of callers; protected by Clients.mu
}

// New resolves the arguments, finds credentials, assumes the chain of roles and asks AWS once for
// the caller identity. It returns errors of this package's types.
func New(ctx context.Context, c Config) (*Clients, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	sdk, warnings, err := resolve(ctx, &c)
	if err != nil {
		return nil, err
	}
	if err := checkRegion(sdk.Region, "", &c); err != nil {
		return nil, err
	}
	if sdk, err = assumeChain(ctx, sdk, &c); err != nil {
		return nil, err
	}

	clients := &Clients{
		config: c, sdk: sdk, warnings: warnings, projects: map[projectKey]*Account{},
		making: map[projectKey]*making{},
	}
	var accountID string
	if !c.SkipRequestingAccountID {
		caller, err := callerIdentity(ctx, newSTS(sdk, &c))
		switch {
		case err == nil:
			accountID, clients.partition, clients.caller = caller.AccountID, caller.Partition, caller.String()
		case !c.SkipCredentialsValidation:
			return nil, &CredentialsError{Err: err}
		default:
			clients.warnings = append(clients.warnings, Warning{
				"AWS account unknown",
				"skip_credentials_validation is set, and AWS did not say whose credentials the provider uses. Reason: " + reason(
					err,
				),
			})
		}
	}
	if clients.partition == "" {
		partition, _ := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), sdk.Region)
		clients.partition = partition.ID()
	}
	if clients.partition == "" {
		clients.partition = endpoints.AwsPartitionID
	}
	if err := checkRegion(sdk.Region, clients.partition, &c); err != nil {
		return nil, err
	}
	if len(c.AllowedAccountIDs) > 0 && !slices.Contains(c.AllowedAccountIDs, accountID) {
		return nil, accountNotAllowed("allowed_account_ids", accountID)
	}
	if len(c.ForbiddenAccountIDs) > 0 && (accountID == "" || slices.Contains(c.ForbiddenAccountIDs, accountID)) {
		return nil, accountNotAllowed("forbidden_account_ids", accountID)
	}
	clients.hub = newAccount(accountID, sdk, &c)
	return clients, nil
}

// Hub returns the account of the provider's own credentials, in the provider's region.
func (c *Clients) Hub() *Account { return c.hub }

// AccountID returns the account of the provider's own credentials; "" with
// skip_requesting_account_id.
func (c *Clients) AccountID() string { return c.hub.ID }

// Partition returns the AWS partition of the credentials, such as "aws" or "aws-us-gov".
func (c *Clients) Partition() string { return c.partition }

// Caller returns the ARN of the provider's own credentials; "" with skip_requesting_account_id.
func (c *Clients) Caller() string { return c.caller }

// Warnings returns warnings about the arguments for the user.
func (c *Clients) Warnings() []Warning { return slices.Clone(c.warnings) }

// Endpoint returns a service's address in the argument endpoints, or "", for other clients than
// Account's.
func (c *Clients) Endpoint(service string) string { return aws.ToString(c.config.endpoint(service)) }

// Project returns the clients for an account and region; "" is the provider's region. They are
// created once for each (account, region, role), also for concurrent callers, with one AssumeRole
// of arn:<partition>:iam::<account>:role/<roleName>. The credentials are renewed automatically.
// With roleName "", the provider's own credentials are used. If they belong to another account, the
// error is a *WrongAccountError.
//
// A caller whose ctx ends returns immediately. The attempt continues while another caller waits for
// it. After an error, the next caller tries again.
func (c *Clients) Project(ctx context.Context, accountID, region, roleName string) (*Account, error) {
	if region == "" {
		region = c.sdk.Region
	}
	if !accountIDPattern.MatchString(accountID) {
		return nil, &ArgumentError{
			Argument: "account_id",
			Err:      fmt.Errorf("%q is not an AWS account ID, which has 12 digits", accountID),
		}
	}
	if roleName != "" && !roleNamePattern.MatchString(roleName) {
		return nil, &ArgumentError{
			Argument: "project_role_name",
			Err:      fmt.Errorf("%q is not the name of a role", roleName),
			Remedy:   "Give the role's name, not its ARN.",
		}
	}
	if err := checkRegion(region, c.partition, &c.config); err != nil {
		return nil, err
	}
	if slices.Contains(c.config.ForbiddenAccountIDs, accountID) {
		return nil, accountNotAllowed("forbidden_account_ids", accountID)
	}

	key := projectKey{accountID, region, roleName}
	made, shared, done := c.join(ctx, key)
	if made != nil {
		return made, nil
	}
	select {
	case result := <-done:
		account, _ := result.Val.(*Account)
		return account, result.Err
	case <-ctx.Done():
		c.leave(key, shared)
		return nil, fmt.Errorf("waiting for credentials of account %s: %w", accountID, context.Cause(ctx))
	}
}

// join returns the clients of an account, or starts or joins the attempt to create them.
func (c *Clients) join(ctx context.Context, key projectKey) (*Account, *making, <-chan singleflight.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if account := c.projects[key]; account != nil {
		return account, nil, nil
	}
	shared := c.making[key]
	if shared == nil {
		shared = &making{}
		shared.ctx, shared.cancel = context.WithCancel(context.WithoutCancel(ctx))
		c.making[key] = shared
	}
	shared.waiting++
	return nil, shared, c.flights.DoChan(key.String(), func() (any, error) {
		account, err := c.makeProject(shared.ctx, key)
		c.made(key, shared, account)
		return account, err
	})
}

// made ends an attempt. A failed one is removed, so that the next caller tries again.
func (c *Clients) made(key projectKey, shared *making, account *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shared.cancel()
	if account != nil {
		c.projects[key] = account
	}
	if c.making[key] == shared {
		delete(c.making, key)
	}
}

// leave removes a caller from an attempt, and ends an attempt without callers.
func (c *Clients) leave(key projectKey, shared *making) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shared.waiting--
	if shared.waiting > 0 || c.making[key] != shared {
		return
	}
	shared.cancel()
	delete(c.making, key)
	c.flights.Forget(key.String())
}

func (c *Clients) makeProject(ctx context.Context, key projectKey) (*Account, error) {
	sdk := c.sdk.Copy()
	sdk.Region = key.region
	if key.role == "" {
		got, caller := c.hub.ID, c.caller
		if got == "" {
			identity, err := callerIdentity(ctx, c.hub.STS)
			if err != nil {
				return nil, &CredentialsError{Err: err}
			}
			got, caller = identity.AccountID, identity.String()
		}
		if got != key.account {
			return nil, &WrongAccountError{Want: key.account, Got: got, Caller: caller}
		}
		return newAccount(key.account, sdk, &c.config), nil
	}

	role := AssumeRole{
		RoleARN:     fmt.Sprintf("arn:%s:iam::%s:role/%s", c.partition, key.account, key.role),
		SessionName: sessionName(c.caller),
		ExternalID:  c.config.ProjectExternalID,
		Duration:    projectSession,
	}
	credentials, err := assume(ctx, c.hub.STS, role)
	if err != nil {
		return nil, &AssumeRoleError{RoleARN: role.RoleARN, ProjectID: key.account, Caller: c.caller, Err: err}
	}
	sdk.Credentials = credentials
	return newAccount(key.account, sdk, &c.config), nil
}

// checkRegion requires a known region, of the partition if one is given.
func checkRegion(region, partition string, c *Config) error {
	if region == "" {
		return noRegion()
	}
	if c.SkipRegionValidation {
		return nil
	}
	if validation.SupportedRegion(region) != nil {
		return unknownRegion(region)
	}
	if home, ok := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), region); partition != "" && ok &&
		home.ID() != partition {
		return foreignRegion(region, partition)
	}
	return nil
}

func callerIdentity(ctx context.Context, client *sts.Client) (arn.ARN, error) {
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return arn.ARN{}, err
	}
	caller, err := arn.Parse(aws.ToString(out.Arn))
	if err != nil {
		return arn.ARN{}, fmt.Errorf("sts:GetCallerIdentity answered the ARN %q: %w", aws.ToString(out.Arn), err)
	}
	return caller, nil
}

var notInSessionName = regexp.MustCompile(`[^\w+=,.@-]`)

// sessionName returns the session name in a project's CloudTrail: stowage- and the provider's user
// or role, the same in every run, at most 64 characters.
func sessionName(caller string) string {
	name := "provider"
	if parsed, err := arn.Parse(caller); err == nil {
		parts := strings.Split(parsed.Resource, "/")
		switch {
		case parts[0] == "assumed-role" && len(parts) > 1:
			name = parts[1]
		default:
			name = parts[len(parts)-1]
		}
	}
	name = "stowage-" + notInSessionName.ReplaceAllString(name, "-")
	return name[:min(len(name), 64)]
}
