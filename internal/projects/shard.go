package projects

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// directoryName is the mirror's partition of the directory, a name that no project can have.
const directoryName = "directory"

// topicName is the name of the topic that onboarding makes in every project's account and region.
const topicName = "stowage-events"

// shard is one stack with its place in the mirror.
type shard struct {
	partition string // of the mirror: the project's name
	n         int
	env       template.Env
	stack     *stack.Stack
	account   *awsclient.Account

	mu sync.Mutex // protects what follows
	// uncounted says that the project is growing by the stack and doesn't count it yet. The mirror doesn't hold it until then: should the
	// project be deleted meanwhile, nobody would take it out again.
	uncounted bool
	newest    *shardRead      // the newest that this process has seen, committed or read
	shared    template.Shared // what the project's first stack shares, as this process has seen it last; of that stack itself: nothing
}

// latest is what was read, or the newest that this process has seen before when CloudFormation's answer was older than
// that, or as old: reads never go back, and of one moment the first reading counts that is not doubtful. A template that was read
// counts more than what the mirror holds of the same moment.
func (d *shard) latest(read *shardRead) *shardRead {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.newest != nil && d.newest.version.StackID == read.version.StackID && !read.version.LastUpdated.After(d.newest.version.LastUpdated) {
		better := !read.doubtful && (d.newest.doubtful || d.newest.mirrored && !read.mirrored)
		if !better || !read.version.LastUpdated.Equal(d.newest.version.LastUpdated) {
			return d.newest
		}
	}
	d.newest = read
	return read
}

// seen is the newest that this process has seen of the stack; nil for nothing.
func (d *shard) seen() *shardRead {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.newest
}

// count says that the project counts the stack from now on.
func (d *shard) count() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uncounted = false
}

func (d *shard) counts() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.uncounted
}

func (s *Service) newDirectory(h *hub, account *awsclient.Account) *shard {
	d := &shard{
		partition: directoryName, account: account,
		env: template.Env{Project: directoryName, AccountID: h.settings.AccountID, Region: h.settings.Region, Partition: s.config.Clients.Partition()},
	}
	d.stack = stack.New(s.stackConfig(h, d, commit.Config{
		Stack: "stowage-" + directoryName, CarrierName: "/stowage/" + directoryName + "/revision", Create: true,
		Description: "The directory of Stowage's projects",
	}, h.settings.TemplateBucket, nil))
	return d
}

// newFirst makes the first stack of a project, reached as its listing says. Only founding, the commit that makes the project, may make
// the stack: whoever adds to a project whose stack somebody has deleted must hear of it.
func (s *Service) newFirst(ctx context.Context, h *hub, listing model.Listing, founding bool) (*shard, error) {
	account, err := s.config.Clients.Project(ctx, listing.AccountID, listing.Region, s.config.RoleName)
	if err != nil {
		return nil, err
	}
	return s.newShard(h, account, 0, template.Env{
		Project: listing.Name, AccountID: listing.AccountID, Region: listing.Region, Partition: s.config.Clients.Partition(),
		Budget: s.config.Budget,
	}, founding), nil
}

// newSibling makes another stack of a project, of which the first is known, and what it shares.
func (s *Service) newSibling(h *hub, first *shard, n int, shared template.Shared, opening bool) *shard {
	d := s.newShard(h, first.account, n, first.env, opening)
	d.share(shared)
	return d
}

// share tells a stack what the project's first stack shares.
func (d *shard) share(shared template.Shared) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shared = shared
}

func (d *shard) sharing() template.Shared {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shared
}

func (s *Service) newShard(h *hub, account *awsclient.Account, n int, env template.Env, mayMake bool) *shard {
	d := &shard{partition: env.Project, n: n, env: env, account: account}
	d.stack = stack.New(s.stackConfig(h, d, commit.Config{
		Stack: stackName(env.Project, n), CarrierName: template.CarrierName(env.Project, n), Create: mayMake,
		Description: "Buckets, users and permissions of the project " + env.Project + ", managed by Stowage",
	}, model.TemplateBucketName(env.Project, env.AccountID, env.Region), []string{TopicARN(env)}))
	return d
}

// TopicARN is the ARN of the topic to which a project's stacks report.
func TopicARN(env template.Env) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", env.Partition, env.Region, env.AccountID, topicName)
}

func (s *Service) stackConfig(h *hub, d *shard, config commit.Config, templateBucket string, topics []string) stack.Config {
	config.Env, config.Writer = d.env, s.token()
	return stack.Config{
		Config: config, CloudFormation: d.account.CloudFormation, S3: d.account.S3, TemplateBucket: templateBucket, NotificationARNs: topics,
		Announce:  func(ctx context.Context, a commit.Announce) { s.announce(ctx, h, d, a) },
		Committed: func(ctx context.Context, c commit.Committed) { s.committed(ctx, h, d, c) },
		Unchanged: func(ctx context.Context, u commit.Unchanged) { s.unchanged(ctx, d, u) },
		Superseded: func() {
			if d.partition != directoryName {
				s.project(d.partition).supersede()
			}
		},
		Unhealed: func(ctx context.Context, u commit.Unhealed) {
			s.warn(UnhealedWarning{d.partition, d.stack.Name(), u.LogicalIDs, u.Reasons})
			s.config.Warn(ctx, "Resources may differ from the template: a failed rollback had to leave them out, and they could not be written anew", map[string]any{
				"stack": d.stack.Name(), "resources": u.LogicalIDs, "reasons": u.Reasons,
			})
		},
		Log: s.config.Log,
	}
}

// withOutputs is the environment with what the stack's outputs tell.
func (d *shard) withOutputs(outputs map[string]string) template.Env {
	env := d.env
	env.Budget = template.Usage{} // nothing that was read depends on it
	env.Shared = d.sharing()
	return env.With(outputs)
}

// version is the mirror's version of a described stack.
func version(d commit.Description, revision int64) mirror.Version {
	return mirror.Version{
		StackID: d.StackID, ChangeSetID: d.ChangeSetID, LastUpdated: d.LastUpdated, Revision: revision, Status: d.Status,
		Phase: mirror.PhaseOf(d.Status),
	}
}

// write puts what was read of a stack into the mirror, unless the mirror is ahead, or the stack isn't counted.
func (s *Service) write(ctx context.Context, h *hub, d *shard, read *shardRead) {
	s.update(ctx, h, d, mirror.Update{Version: read.version, Contents: read.contents, Doubtful: read.doubtful})
}

// writeOwn is write for what a commit of this process has left in the stack, with the token of its operation, or "".
func (s *Service) writeOwn(ctx context.Context, h *hub, d *shard, read *shardRead, token string) {
	s.update(ctx, h, d, mirror.Update{
		Version: read.version, Contents: read.contents, Doubtful: read.doubtful,
		Run: s.config.Run, Who: s.config.Clients.Caller(), Token: token,
	})
}

func (s *Service) update(ctx context.Context, h *hub, d *shard, update mirror.Update) {
	if !d.counts() {
		return
	}
	update.StackName = d.stack.Name()
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	won, _, err := h.table.Write(bounded, d.partition, d.n, update)
	if err != nil {
		s.warnMirror(ctx, "written", d.partition, err)
	}
	if won {
		s.tell(ctx, h, d.partition)
	}
}

// announce tells those who watch what is about to be changed.
func (s *Service) announce(ctx context.Context, h *hub, d *shard, a commit.Announce) {
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	members := make([]string, len(a.Members))
	for i, id := range a.Members {
		members[i] = id.String()
	}
	announced, err := h.table.Announce(bounded, d.partition, d.n, mirror.Operation{Token: a.Token, Run: s.config.Run, Who: s.config.Clients.Caller(), Members: members})
	if err != nil {
		s.warnMirror(ctx, "told of the operation", d.partition, err)
	}
	if announced {
		s.tell(ctx, h, d.partition)
	}
}

// committed takes over what a commit of ours has left in the stack, before its members hear of it.
func (s *Service) committed(ctx context.Context, h *hub, d *shard, c commit.Committed) {
	contents, err := template.Parse(c.Template, d.withOutputs(c.Description.Outputs))
	if err != nil {
		s.config.Warn(ctx, "What was committed can't be read back", map[string]any{"stack": d.stack.Name(), "error": err.Error()})
		return
	}
	read := d.latest(&shardRead{version: version(c.Description, c.Revision), contents: contents})
	s.writeOwn(ctx, h, d, read, c.Token)
	s.remember(d, read)
}

// unchanged takes over what a writer has found in the stack whose change is there already: what it reads next must have it.
func (s *Service) unchanged(ctx context.Context, d *shard, u commit.Unchanged) {
	contents, err := template.Parse(u.Template, d.withOutputs(u.Description.Outputs))
	if err != nil {
		s.config.Warn(ctx, "What the stack holds can't be read", map[string]any{"stack": d.stack.Name(), "error": err.Error()})
		return
	}
	s.remember(d, d.latest(&shardRead{
		version: version(u.Description, u.Revision), contents: contents, doubtful: doubtful(u.Description, u.Template),
	}))
}

// remember makes what a stack holds what this process reads of its project.
func (s *Service) remember(d *shard, read *shardRead) {
	if d.partition != directoryName {
		s.project(d.partition).remember(d.n, read)
	}
}

// missing is the error for a stack that does not exist although the directory has its project.
func (d *shard) missing() error {
	return &model.NotFoundError{
		Kind: model.NotFoundStack, Project: d.partition, Stack: d.stack.Name(), AccountID: d.env.AccountID, Region: d.env.Region,
	}
}

// commit hands a change to the engine of its stack.
func (s *Service) commit(ctx context.Context, d *shard, change template.Change) error {
	if d.n > 0 {
		shared := d.sharing()
		change.Elsewhere.Shared = &shared
	}
	err := d.stack.Commit(ctx, change)
	if model.IsNotFound(err, model.NotFoundStack) {
		return d.missing()
	}
	return err
}

// revisionOf is the revision that a description shows; 0 when somebody took the parameter away by hand.
func revisionOf(d commit.Description) int64 {
	revision, err := strconv.ParseInt(d.Parameters[template.RevisionParameter], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}
