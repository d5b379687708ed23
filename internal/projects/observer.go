package projects

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// memory returns that of the project. This process may have dropped the handle that created the
// shard.
func (sh *shard) memory() *memory { return &sh.project.hub.project(sh.project.name).memory }

// write stores the stack's state in the mirror, unless the mirror is newer or the stack isn't
// counted.
func (sh *shard) write(ctx context.Context, update mirror.Update) {
	if !sh.counts() {
		return
	}
	update.StackName = sh.stack.Name()
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	won, _, err := sh.project.hub.table.Write(bounded, sh.project.name, sh.n, update)
	if err != nil {
		sh.project.hub.warnMirror(ctx, "written", sh.project.name, err)
	}
	if won {
		sh.project.tell(ctx)
	}
}

// writeOwn is write for a commit of this process, with the token of its operation, or "".
func (sh *shard) writeOwn(ctx context.Context, read *shardRead, token string) {
	config := sh.project.hub.config
	sh.write(ctx, mirror.Update{
		Version: read.version, Contents: read.contents, MaybeStale: read.maybeStale,
		Run: config.Run, Who: config.Clients.Caller(), Token: token,
	})
}

// observer handles the events of a stack's commits.
type observer struct{ *shard }

// Announce tells web clients what is about to change.
func (sh observer) Announce(ctx context.Context, a commit.Announce) {
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	members := make([]string, len(a.Members))
	for i, id := range a.Members {
		members[i] = id.String()
	}
	proj, config := sh.project, sh.project.hub.config
	announced, err := proj.hub.table.Announce(bounded, proj.name, sh.n, mirror.Operation{
		Token: a.Token, Run: config.Run, Who: config.Clients.Caller(), Members: members,
	})
	if err != nil {
		proj.hub.warnMirror(ctx, "told of the operation", proj.name, err)
	}
	if announced {
		proj.tell(ctx)
	}
}

// Committed stores the result of a commit before its members are completed.
func (sh observer) Committed(ctx context.Context, c commit.Committed) {
	contents, err := template.Parse(c.Template, sh.withOutputs(c.Description.Outputs))
	if err != nil {
		sh.project.hub.config.Warn(ctx, "What was committed can't be read back", map[string]any{
			"stack": sh.stack.Name(), "error": err.Error(),
		})
		return
	}
	read := sh.latest(&shardRead{version: version(c.Description, c.Revision), contents: contents})
	sh.writeOwn(ctx, read, c.Token)
	sh.memory().remember(sh.n, read)
}

// Unchanged stores the state of a stack that already has a writer's change: its next read must
// include it.
func (sh observer) Unchanged(ctx context.Context, u commit.Unchanged) {
	contents, err := template.Parse(u.Template, sh.withOutputs(u.Description.Outputs))
	if err != nil {
		sh.project.hub.config.Warn(ctx, "What the stack holds can't be read", map[string]any{
			"stack": sh.stack.Name(), "error": err.Error(),
		})
		return
	}
	sh.memory().remember(sh.n, sh.latest(&shardRead{
		version: version(u.Description, u.Revision), contents: contents, maybeStale: maybeStale(u.Description, u.Template),
	}))
}

// Superseded discards what was read of the project: another writer's change has followed our
// commit.
func (sh observer) Superseded() { sh.memory().supersede() }

// Unhealed warns of resources that a failed rollback skipped.
func (sh observer) Unhealed(ctx context.Context, u commit.Unhealed) {
	hub := sh.project.hub
	hub.warnings.add(UnhealedWarning{sh.project.name, sh.stack.Name(), u.LogicalIDs, u.Reasons})
	hub.config.Warn(
		ctx,
		"Resources may differ from the template: a failed rollback had to leave them out, and they could not be written anew",
		map[string]any{"stack": sh.stack.Name(), "resources": u.LogicalIDs, "reasons": u.Reasons},
	)
}
