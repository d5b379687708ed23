package projects

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// topicName is the name of the topic that onboarding makes in every project's account and region.
const topicName = "stowage-events"

// shard is one stack of a project, or that of the directory.
type shard struct {
	project *project
	n       int
	env     template.Env
	stack   *stack.Stack
	account *awsclient.Account

	mu sync.Mutex // protects what follows
	// uncounted says that the project is growing by the stack and doesn't count it yet. The mirror doesn't hold it until then: should the
	// project be deleted meanwhile, nothing would take it out again.
	uncounted bool
	newest    *shardRead      // the newest that this process has seen, committed or read
	shared    template.Shared // what the project's first stack shares, as this process has seen it last; of that stack itself: nothing
}

// settings are those of a project's stack. Without create, a commit fails when there is no stack.
func (sh *shard) settings(create bool) stack.Config {
	env := sh.env
	return stack.Config{
		Config: commit.Config{
			Stack: stackName(env.Project, sh.n), CarrierName: template.CarrierName(env.Project, sh.n), Create: create,
			Description: "Buckets, users and permissions of the project " + env.Project + ", managed by Stowage",
		},
		TemplateBucket:   model.TemplateBucketName(env.Project, env.AccountID, env.Region),
		NotificationARNs: []string{TopicARN(env)},
	}
}

// TopicARN is the ARN of the topic to which a project's stacks report.
func TopicARN(env template.Env) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", env.Partition, env.Region, env.AccountID, topicName)
}

// attach makes the stack of a shard, which is told of its commits.
func (sh *shard) attach(config stack.Config) {
	config.Env, config.Writer = sh.env, sh.project.hub.token()
	config.CloudFormation, config.S3 = sh.account.CloudFormation, sh.account.S3
	config.Observer, config.Log = observer{sh}, sh.project.hub.config.Log
	sh.stack = stack.New(config)
}

// latest is what was read, or the newest that this process has seen before when CloudFormation's answer was older than
// that, or as old: reads never go back, and of one moment the first reading counts that is not doubtful. A template that was read
// counts more than what the mirror holds of the same moment.
func (sh *shard) latest(read *shardRead) *shardRead {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	newest := sh.newest
	if newest != nil && newest.version.StackID == read.version.StackID && !read.version.LastUpdated.After(newest.version.LastUpdated) {
		better := !read.doubtful && (newest.doubtful || newest.mirrored && !read.mirrored)
		if !better || !read.version.LastUpdated.Equal(newest.version.LastUpdated) {
			return newest
		}
	}
	sh.newest = read
	return read
}

// seen is the newest that this process has seen of the stack; nil for nothing.
func (sh *shard) seen() *shardRead {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.newest
}

// count says that the project counts the stack from now on.
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

// share tells a stack what the project's first stack shares.
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

// withOutputs is the environment with what the stack's outputs tell.
func (sh *shard) withOutputs(outputs map[string]string) template.Env {
	env := sh.env
	env.Budget = template.Usage{} // nothing that was read depends on it
	env.Shared = sh.sharing()
	return env.With(outputs)
}

// missing is the error for a stack that does not exist although the directory has its project.
func (sh *shard) missing() error {
	return &model.NotFoundError{
		Kind: model.NotFoundStack, Project: sh.project.name, Stack: sh.stack.Name(), AccountID: sh.env.AccountID, Region: sh.env.Region,
	}
}

// commit hands a change to the engine of the stack.
func (sh *shard) commit(ctx context.Context, change template.Change) error {
	if sh.n > 0 {
		shared := sh.sharing()
		change.Elsewhere.Shared = &shared
	}
	err := sh.stack.Commit(ctx, change)
	if model.IsNotFound(err, model.NotFoundStack) {
		return sh.missing()
	}
	return err
}

// delete deletes a stack that holds what was read of it; with nil, one that has never held anything.
func (sh *shard) delete(ctx context.Context, read *shardRead) error {
	return sh.stack.Delete(ctx, sh.project.hub.token(), func(now commit.Description) bool {
		if read == nil {
			return now.Status == cfn.ReviewInProgress
		}
		return now.StackID == read.version.StackID && now.ChangeSetID == read.version.ChangeSetID
	})
}

// read reads the stack as the read mode says; nil without an error when there is no such stack.
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
			if described != nil && !body.Doubtful && current(body.Version, *described) {
				return sh.latest(mirroredRead(body)), nil
			}
		case Authoritative:
		}
	}
	return sh.readTemplate(ctx)
}

// readTemplate reads the stack's template and mends the mirror. It returns the newest that this process has seen.
func (sh *shard) readTemplate(ctx context.Context) (*shardRead, error) {
	read, _, err := sh.readFresh(ctx)
	return read, err
}

// readFresh is readTemplate, and reports whether CloudFormation's own answer was stale.
func (sh *shard) readFresh(ctx context.Context) (result *shardRead, stale bool, err error) {
	read, err := sh.stack.Settled(ctx)
	if err != nil || read == nil {
		return nil, false, err
	}
	contents, err := template.Parse(read.Template, sh.withOutputs(read.After.Outputs))
	if err != nil {
		return nil, false, &unreadableError{sh.stack.Name(), err}
	}
	stale = read.Stale()
	result = sh.latest(&shardRead{version: version(read.After, revisionOf(read.After)), contents: contents, doubtful: stale})
	if sh.project.hub.config.ReadMode != Authoritative {
		sh.write(ctx, mirror.Update{Version: result.version, Contents: result.contents, Doubtful: result.doubtful})
	}
	return result, stale, nil
}

// unreadableError says that the template of a stack was read and cannot be understood.
type unreadableError struct {
	stack string
	err   error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the template of the stack %s: %v", e.stack, e.err)
}
func (e *unreadableError) Unwrap() error { return e.err }

// version is the mirror's version of a described stack.
func version(d commit.Description, revision int64) mirror.Version {
	return mirror.Version{
		StackID: d.StackID, ChangeSetID: d.ChangeSetID, LastUpdated: d.LastUpdated, Revision: revision, Status: d.Status,
		Phase: mirror.PhaseOf(d.Status),
	}
}

// revisionOf is the revision that a description shows; 0 when the parameter was taken away by hand.
func revisionOf(d commit.Description) int64 {
	revision, err := strconv.ParseInt(d.Parameters[template.RevisionParameter], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}

// mirroredRead is what the mirror shows of a stack.
func mirroredRead(body *mirror.Body) *shardRead {
	return &shardRead{body.Version, &body.Contents, body.Doubtful, true}
}

// doubtful says that a template is of another revision than its stack says, although it was read for long enough.
func doubtful(d commit.Description, t *template.Template) bool {
	return commit.BaseRead{After: d, Template: t}.Stale()
}

// current says that the mirror holds what a description shows, or something newer: descriptions can be stale, the mirror
// never goes back.
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
