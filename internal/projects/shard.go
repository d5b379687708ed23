package projects

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// topicName is the name of the topic that onboarding creates in every project's account and region.
const topicName = "stowage-events"

// shard is one stack of a project, or that of the directory.
type shard struct {
	project *project
	n       int
	env     template.Env
	stack   *stack.Stack
	account *awsclient.Account

	mu sync.Mutex // protects what follows
	// uncounted is true while the project is growing by the stack and doesn't count it yet. Until
	// then the mirror doesn't hold it: if the project were deleted meanwhile, nothing would remove
	// it again.
	uncounted    bool
	newest       *shardRead      // the newest state that this process has seen, committed or read
	driftFailure time.Time       // of the last failed comparison with AWS
	shared       template.Shared // what the project's first stack shares, as last seen; empty for that stack
}

// settings returns the configuration of a project's stack. Without create, a commit fails when
// there is no stack.
func (sh *shard) settings(create bool) stack.Config {
	env := sh.env
	return stack.Config{
		Config: commit.Config{
			Stack: stackName(env.Project, sh.n), Create: create,
			RevisionMarkerName: template.RevisionMarkerName(env.Project, sh.n),
			Description:        "Buckets, users and permissions of the project " + env.Project + ", managed by Stowage",
		},
		TemplateBucket:   model.TemplateBucketName(env.Project, env.AccountID, env.Region),
		NotificationARNs: []string{TopicARN(env)},
	}
}

// TopicARN returns the ARN of the topic that a project's stacks notify.
func TopicARN(env template.Env) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", env.Partition, env.Region, env.AccountID, topicName)
}

// attach creates the stack of a shard, which observes its commits.
func (sh *shard) attach(config stack.Config) {
	config.Env, config.Writer = sh.env, sh.project.hub.token()
	config.CloudFormation, config.S3 = sh.account.CloudFormation, sh.account.S3
	config.Observer, config.Log = observer{sh}, sh.project.hub.config.Log
	sh.stack = stack.New(config)
}

// latest returns what was read, unless CloudFormation's answer is not newer than what this process
// has seen: reads never go back. Of the same moment the first reading counts that is not stale,
// and a template takes precedence over the mirror.
func (sh *shard) latest(read *shardRead) *shardRead {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	newest := sh.newest
	if newest != nil && newest.version.StackID == read.version.StackID &&
		!read.version.LastUpdated.After(newest.version.LastUpdated) {
		better := !read.maybeStale && (newest.maybeStale || newest.mirrored && !read.mirrored)
		if !better || !read.version.LastUpdated.Equal(newest.version.LastUpdated) {
			return newest
		}
	}
	sh.newest = read
	return read
}

// seen returns the newest state that this process has seen of the stack; nil for none.
func (sh *shard) seen() *shardRead {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.newest
}

// count records that the project counts the stack.
func (sh *shard) count() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.uncounted = false
}

func (sh *shard) counts() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return !sh.uncounted
}

// share passes a stack what the project's first stack shares.
func (sh *shard) share(shared template.Shared) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.shared = shared
}

func (sh *shard) sharing() template.Shared {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.shared
}

// withOutputs returns the environment with the values from the stack's outputs.
func (sh *shard) withOutputs(outputs map[string]string) template.Env {
	env := sh.env
	env.Budget = template.Usage{} // nothing that was read depends on it
	env.Shared = sh.sharing()
	return env.With(outputs)
}

// missing returns the error for a stack that does not exist although the directory has its project.
func (sh *shard) missing() error {
	return &model.NotFoundError{
		Kind:      model.NotFoundStack,
		Project:   sh.project.name,
		Stack:     sh.stack.Name(),
		AccountID: sh.env.AccountID,
		Region:    sh.env.Region,
	}
}

// commit submits a change to the engine of the stack.
func (sh *shard) commit(ctx context.Context, change template.Change) error {
	if sh.n > 0 {
		shared := sh.sharing()
		change.CrossStackRefs.Shared = &shared
	}
	err := sh.stack.Commit(ctx, change)
	if model.IsNotFound(err, model.NotFoundStack) {
		return sh.missing()
	}
	return err
}

// delete deletes a stack that still holds what was read of it; nil for a stack that has always been
// empty.
func (sh *shard) delete(ctx context.Context, read *shardRead) error {
	return sh.stack.Delete(ctx, sh.project.hub.token(), func(now commit.Description) bool {
		if read == nil {
			return now.Status == cfn.ReviewInProgress
		}
		return now.StackID == read.version.StackID && now.ChangeSetID == read.version.ChangeSetID
	})
}

// read reads the stack according to the read mode; nil without an error when there is no such
// stack.
func (sh *shard) read(ctx context.Context, snapshot *mirror.Snapshot) (*shardRead, error) {
	body := snapshot.Bodies[sh.n]
	if body != nil {
		switch sh.project.hub.config.ReadMode {
		case Cached:
			return sh.latest(mirroredRead(body)), nil
		case Verified:
			sh.stack.Know(body.StackID, body.LastUpdated)
			described, err := sh.stack.Describe(ctx)
			if err != nil {
				return nil, err
			}
			if described != nil && !body.MaybeStale && current(body.Version, *described) {
				return sh.latest(mirroredRead(body)), nil
			}
		case Authoritative:
		}
	}
	return sh.readTemplate(ctx)
}

// readTemplate reads the stack's template and repairs the mirror. It returns the newest state that
// this process has seen.
func (sh *shard) readTemplate(ctx context.Context) (*shardRead, error) {
	read, _, err := sh.readFresh(ctx)
	return read, err
}

// readFresh is readTemplate, and reports whether CloudFormation's own answer was stale.
func (sh *shard) readFresh(ctx context.Context) (result *shardRead, stale bool, err error) {
	read, err := sh.stack.ReadStable(ctx)
	if err != nil || read == nil {
		return nil, false, err
	}
	contents, err := template.Parse(read.Template, sh.withOutputs(read.After.Outputs))
	if err != nil {
		return nil, false, &unreadableError{sh.stack.Name(), err}
	}
	stale = read.Stale()
	result = sh.latest(
		&shardRead{version: version(read.After, revisionOf(read.After)), contents: contents, maybeStale: stale},
	)
	if sh.project.hub.config.ReadMode != Authoritative {
		sh.write(ctx, mirror.Update{Version: result.version, Contents: result.contents, MaybeStale: result.maybeStale})
	}
	return result, stale, nil
}

// unreadableError is returned when the template of a stack is invalid.
type unreadableError struct {
	stack string
	err   error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the template of the stack %s: %v", e.stack, e.err)
}
func (e *unreadableError) Unwrap() error { return e.err }

// version returns the mirror's version of a described stack.
func version(d commit.Description, revision int64) mirror.Version {
	return mirror.Version{
		StackID: d.StackID, ChangeSetID: d.ChangeSetID, LastUpdated: d.LastUpdated, Revision: revision, Status: d.Status,
		Phase: mirror.PhaseOf(d.Status),
	}
}

// revisionOf returns the revision in a description; 0 when the parameter was removed by hand.
func revisionOf(d commit.Description) int64 {
	revision, err := strconv.ParseInt(d.Parameters[template.RevisionParameter], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}

// mirroredRead returns a stack's contents from the mirror.
func mirroredRead(body *mirror.Body) *shardRead {
	return &shardRead{body.Version, &body.Contents, body.MaybeStale, true}
}

// maybeStale reports whether a template still has another revision than its stack after the retries.
func maybeStale(d commit.Description, t *template.Template) bool {
	return commit.BaseRead{After: d, Template: t}.Stale()
}

// current reports whether the mirror holds the state in a description, or a newer one: descriptions
// can be stale, the mirror never goes back.
func current(v mirror.Version, d commit.Description) bool {
	if v.StackID != d.StackID {
		return false
	}
	if v.LastUpdated.After(d.LastUpdated) {
		return true
	}
	revision := d.Parameters[template.RevisionParameter]
	return v.LastUpdated.Equal(d.LastUpdated) && v.ChangeSetID == d.ChangeSetID && v.Status == d.Status &&
		cfn.Stable(d.Status) && fmt.Sprint(v.Revision) == revision
}
