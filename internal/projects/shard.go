package projects

import (
	"context"
	"errors"
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

	mu     sync.Mutex // protects newest
	newest *shardRead // the newest that this process has seen, committed or read
}

// latest is what was read, or the newest that this process has seen before when CloudFormation's answer was older than
// that, or as old: reads never go back, and of one moment the first reading counts.
func (d *shard) latest(read *shardRead) *shardRead {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.newest != nil && d.newest.version.StackID == read.version.StackID && !read.version.LastUpdated.After(d.newest.version.LastUpdated) {
		return d.newest
	}
	d.newest = read
	return read
}

// shardRead is what one stack holds, and as of when.
type shardRead struct {
	version  mirror.Version
	contents *template.Contents
}

func (s *Service) newDirectory(h *hub, account *awsclient.Account) *shard {
	d := &shard{
		partition: directoryName, account: account,
		env: template.Env{Project: directoryName, AccountID: account.ID, Region: account.Region, Partition: s.config.Clients.Partition()},
	}
	d.stack = stack.New(s.stackConfig(h, d, commit.Config{
		Stack: "stowage-" + directoryName, CarrierName: "/stowage/" + directoryName + "/revision", Create: true,
		Description: "The directory of Stowage's projects",
	}, h.settings.TemplateBucket, nil))
	return d
}

// newShard makes a project's stack, reached as its listing says. Only founding, the commit that makes the project, may make
// the stack: whoever adds to a project whose stack somebody has deleted must hear of it.
func (s *Service) newShard(ctx context.Context, h *hub, listing model.Listing, founding bool) (*shard, error) {
	account, err := s.config.Clients.Project(ctx, listing.AccountID, listing.Region, s.config.RoleName)
	if err != nil {
		return nil, err
	}
	env := template.Env{
		Project: listing.Name, AccountID: listing.AccountID, Region: listing.Region, Partition: s.config.Clients.Partition(),
	}
	d := &shard{partition: listing.Name, env: env, account: account}
	d.stack = stack.New(s.stackConfig(h, d, commit.Config{
		Stack: stackName(listing.Name, 0), CarrierName: template.CarrierName(listing.Name, 0), Create: founding,
		Description: "Buckets, users and permissions of the project " + listing.Name + ", managed by Stowage",
	}, model.TemplateBucketName(listing.Name, listing.AccountID, listing.Region), []string{TopicARN(env)}))
	return d, nil
}

// TopicARN is the ARN of the topic to which a project's stacks report.
func TopicARN(env template.Env) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", env.Partition, env.Region, env.AccountID, topicName)
}

func (s *Service) stackConfig(h *hub, d *shard, config commit.Config, templateBucket string, topics []string) stack.Config {
	config.Env, config.Writer = d.env, s.token()
	return stack.Config{
		Config: config, CloudFormation: d.account.CloudFormation, S3: d.account.S3, TemplateBucket: templateBucket, NotificationARNs: topics,
		Announce:   func(ctx context.Context, a commit.Announce) { s.announce(ctx, h, d, a) },
		Committed:  func(ctx context.Context, c commit.Committed) { s.committed(ctx, h, d, c) },
		Unchanged:  func(ctx context.Context, u commit.Unchanged) { s.unchanged(ctx, d, u) },
		Superseded: func() { s.superseded(d) },
		Unhealed: func(ctx context.Context, u commit.Unhealed) {
			s.unhealed(d, u)
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
	env.KeyARN = outputs[template.KeyOutput]
	return env
}

// version is the mirror's version of a described stack.
func version(d commit.Description, revision int64) mirror.Version {
	return mirror.Version{
		StackID: d.StackID, ChangeSetID: d.ChangeSetID, LastUpdated: d.LastUpdated, Revision: revision, Status: d.Status,
		Phase: mirror.PhaseOf(d.Status),
	}
}

// mirrored reads a partition of the mirror. The mirror is disposable: when it can't be read, that is a warning, and the
// stacks are asked.
func (s *Service) mirrored(ctx context.Context, h *hub, partition string) *mirror.Snapshot {
	if s.config.ReadMode == Authoritative {
		return &mirror.Snapshot{}
	}
	snapshot, err := h.table.Read(ctx, partition)
	if err != nil {
		s.warnMirror(ctx, "read", partition, err)
		return &mirror.Snapshot{}
	}
	return snapshot
}

// readShard reads one stack as the read mode says; nil without an error when there is no such stack.
func (s *Service) readShard(ctx context.Context, h *hub, d *shard, snapshot *mirror.Snapshot) (*shardRead, error) {
	body := snapshot.Bodies[d.n]
	if body != nil {
		switch s.config.ReadMode {
		case Cached:
			return d.latest(&shardRead{body.Version, &body.Contents}), nil
		case Verified:
			d.stack.Know(body.StackID)
			described, err := d.stack.Describe(ctx)
			if err != nil {
				return nil, err
			}
			if described != nil && current(body.Version, *described) {
				return d.latest(&shardRead{body.Version, &body.Contents}), nil
			}
		case Authoritative:
		}
	}
	return s.readTemplate(ctx, h, d)
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
		mirror.Stable(d.Status) && fmt.Sprint(v.Revision) == revision
}

// readTemplate reads a stack's template and mends the mirror.
func (s *Service) readTemplate(ctx context.Context, h *hub, d *shard) (*shardRead, error) {
	read, err := d.stack.Settled(ctx)
	if err != nil || read == nil {
		return nil, err
	}
	contents, err := template.Parse(read.Template, d.withOutputs(read.After.Outputs))
	if err != nil {
		return nil, fmt.Errorf("the template of the stack %s: %w", d.stack.Name(), err)
	}
	result := d.latest(&shardRead{version(read.After, revisionOf(read.After)), contents})
	if s.config.ReadMode != Authoritative {
		s.write(ctx, h, d, result, "")
	}
	return result, nil
}

// write puts what a stack holds into the mirror, unless the mirror is ahead.
func (s *Service) write(ctx context.Context, h *hub, d *shard, read *shardRead, token string) {
	ctx, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	_, _, err := h.table.Write(ctx, d.partition, d.n, mirror.Update{
		StackName: d.stack.Name(), Version: read.version, Contents: read.contents, Run: s.config.Run, Token: token,
	})
	if err != nil {
		s.warnMirror(ctx, "written", d.partition, err)
	}
}

// announce tells those who watch what is about to be changed.
func (s *Service) announce(ctx context.Context, h *hub, d *shard, a commit.Announce) {
	ctx, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	members := make([]string, len(a.Members))
	for i, id := range a.Members {
		members[i] = id.String()
	}
	_, err := h.table.Announce(ctx, d.partition, d.n, mirror.Operation{Token: a.Token, Run: s.config.Run, Who: s.config.Clients.Caller(), Members: members})
	if err != nil {
		s.warnMirror(ctx, "told of the operation", d.partition, err)
	}
}

// committed takes over what a commit of ours has left in the stack, before its members hear of it.
func (s *Service) committed(ctx context.Context, h *hub, d *shard, c commit.Committed) {
	contents, err := template.Parse(c.Template, d.withOutputs(c.Description.Outputs))
	if err != nil {
		s.config.Warn(ctx, "What was committed can't be read back", map[string]any{"stack": d.stack.Name(), "error": err.Error()})
		return
	}
	read := d.latest(&shardRead{version(c.Description, c.Revision), contents})
	s.write(ctx, h, d, read, c.Token)
	s.remember(d, read)
}

// unchanged takes over what a writer has found in the stack whose change is there already: what it reads next must have it.
func (s *Service) unchanged(ctx context.Context, d *shard, u commit.Unchanged) {
	contents, err := template.Parse(u.Template, d.withOutputs(u.Description.Outputs))
	if err != nil {
		s.config.Warn(ctx, "What the stack holds can't be read", map[string]any{"stack": d.stack.Name(), "error": err.Error()})
		return
	}
	s.remember(d, d.latest(&shardRead{version(u.Description, u.Revision), contents}))
}

// superseded forgets what this process has read of a project: what it has just committed isn't in that, and the next read finds it
// together with what somebody else has done since.
func (s *Service) superseded(d *shard) {
	if d.partition == directoryName {
		return
	}
	p := s.project(d.partition)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view = nil
}

// remember makes what a stack holds what this process reads of its project.
func (s *Service) remember(d *shard, read *shardRead) {
	if d.partition == directoryName || read.contents.Project == nil {
		return
	}
	p := s.project(d.partition)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view = view(d, read)
}

// view is a project as its stack shows it.
func view(d *shard, read *shardRead) *View {
	return &View{Contents: *read.contents, Stacks: []Stack{{
		Name: d.stack.Name(), ID: read.version.StackID, Status: read.version.Status, Revision: read.version.Revision,
		Usage: read.contents.Usage,
	}}}
}

// StackMissingError says that the directory has a project whose account has no stack of it: the wrong account, the wrong
// region, or a stack that somebody deleted.
type StackMissingError struct {
	Project, Stack, AccountID, Region string
}

func (e *StackMissingError) Error() string {
	return fmt.Sprintf("the project %s has no stack %s in the account %s and region %s", e.Project, e.Stack, e.AccountID, e.Region)
}

// read reads a project.
func (s *Service) read(ctx context.Context, p *project) (*View, error) {
	h, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	snapshot := s.mirrored(ctx, h, p.name)
	// Of a project that was closing, the mirror can be all that an interrupted deletion has left.
	if body := snapshot.Bodies[0]; body != nil && s.config.ReadMode == Cached && body.Contents.Project != nil && !body.Contents.Project.Closing {
		return mirroredView(p.name, body), nil
	}
	d, err := s.reach(ctx, h, p, snapshot)
	if err != nil {
		return nil, err
	}
	read, err := s.readShard(ctx, h, d, snapshot)
	if err != nil {
		return nil, err
	}
	if read == nil || read.contents.Project == nil {
		return s.missing(ctx, h, p, d, read)
	}
	return view(d, read), nil
}

// mirroredView is a project as the mirror shows it.
func mirroredView(name string, body *mirror.Body) *View {
	return &View{Contents: body.Contents, Stacks: []Stack{{
		Name: stackName(name, 0), ID: body.StackID, Status: body.Status, Revision: body.Revision, Usage: body.Contents.Usage,
	}}}
}

// missing says what it means that a project has no stack, or one that holds no project: where the project was found may have
// been out of date, so the directory's template decides. When the stack is gone and the mirror shows that the project was
// closing, somebody's deletion was interrupted: then the project is what the mirror shows, so that it can be deleted to its end.
func (s *Service) missing(ctx context.Context, h *hub, p *project, d *shard, read *shardRead) (*View, error) {
	listing, err := s.listing(ctx, h, p.name)
	if err != nil {
		return nil, err
	}
	if read == nil {
		snapshot, err := h.table.Read(ctx, p.name)
		if err != nil {
			s.warnMirror(ctx, "read", p.name, err)
		} else if body := snapshot.Bodies[0]; body != nil && body.Contents.Project != nil && body.Contents.Project.Closing {
			return mirroredView(p.name, body), nil
		}
	}
	return nil, &StackMissingError{p.name, d.stack.Name(), listing.AccountID, listing.Region}
}

// reach finds the stack of a project: where the mirror says, else where the directory says.
func (s *Service) reach(ctx context.Context, h *hub, p *project, snapshot *mirror.Snapshot) (*shard, error) {
	p.mu.Lock()
	d := p.shard
	p.mu.Unlock()
	if d != nil {
		return d, nil
	}
	listing := &model.Listing{}
	if body := snapshot.Bodies[0]; body != nil && body.Contents.Project != nil {
		*listing = body.Contents.Project.Listing()
	} else {
		var err error
		if listing, err = s.listing(ctx, h, p.name); err != nil {
			return nil, err
		}
	}
	d, err := s.newShard(ctx, h, *listing, false)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shard == nil {
		p.shard = d
	}
	return p.shard, nil
}

// listing looks a project up in the directory's template; *UnknownProjectError when it isn't there.
func (s *Service) listing(ctx context.Context, h *hub, name string) (*model.Listing, error) {
	read, err := s.readTemplate(ctx, h, h.directory)
	if err != nil {
		return nil, fmt.Errorf("reading the directory of projects: %w", err)
	}
	if read != nil {
		for _, listing := range read.contents.Listings {
			if listing.Name == name {
				return &listing, nil
			}
		}
	}
	return nil, &UnknownProjectError{name}
}

// commit hands a change to the engine of its stack and puts its failure into the words of this package.
func (s *Service) commit(ctx context.Context, d *shard, change template.Change) error {
	defer s.count()()
	err := d.stack.Commit(ctx, change)
	var (
		failed  *commit.FailedError
		unknown *commit.UnknownError
		absent  *commit.AbsentError
		left    *commit.UndeletedError
	)
	id := change.Entity.ID()
	switch {
	case errors.As(err, &failed):
		return &CommitError{ID: id, Stack: failed.Stack, Reasons: failed.Reasons, NameTaken: failed.NameTaken}
	case errors.As(err, &left):
		return &UndeletedError{ID: id, Stack: left.Stack, Reasons: left.Reasons}
	case errors.As(err, &unknown):
		return &OutcomeUnknownError{ID: id, Stack: unknown.Stack, Err: err}
	case errors.As(err, &absent):
		return &StackMissingError{d.partition, absent.Stack, d.env.AccountID, d.env.Region}
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
