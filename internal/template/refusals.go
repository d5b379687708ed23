package template

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// closingAlready reports whether a change is of a project whose deletion has begun. Such a project
// takes no change: closing it again changes nothing, and any other is refused with a
// model.ConflictClosing error.
func (e *editor) closingAlready(c Change) (closing bool, err error) {
	next, isProject := c.Entity.(model.Project)
	before := e.project()
	if !isProject || before == nil || !before.Closing {
		return false, nil
	}
	if c.Op == Update && next.Closing {
		return true, nil
	}
	return true, &model.ConflictError{Kind: model.ConflictClosing, Project: e.env.Project}
}

// allows says why a user can't become what a change makes of it. there is the present user; nil for
// a new one.
func (e *editor) allows(user model.User, c Change, there model.Entity) error {
	if user.SFTP != nil {
		if e.env.SFTPServerID == "" {
			return &model.NotFoundError{Kind: model.NotFoundServer, NeededBy: user.ID()}
		}
		if len(c.CrossStackRefs.Policies[user.Name]) > 0 {
			return cannotSpread(user.Name)
		}
	}
	before, stood := there.(model.User)
	if stood && len(model.KeySteps(before, user)) > 1 {
		return &model.ConflictError{Kind: model.ConflictKeys, ID: user.ID()} // a slot takes another key once it is empty
	}
	return nil
}

// needed are the permissions that need a user or bucket after the batch.
func (e *editor) needed() map[model.ID][]model.ID {
	needed := map[model.ID][]model.ID{}
	for user := range e.packings {
		for _, grant := range e.grants(user) {
			p := grant.Permission
			needed[p.BucketID()] = append(needed[p.BucketID()], p.ID())
			needed[p.UserID()] = append(needed[p.UserID()], p.ID())
		}
	}
	return needed
}

// check judges one change by the end state of the batch.
func (e *editor) check(c Change, needed map[model.ID][]model.ID) error {
	id := c.Entity.ID()
	project := e.before.project()
	if (e.before.closing || project != nil && project.Closing) && id.Kind != model.KindProject {
		return &model.ConflictError{Kind: model.ConflictClosing, Project: e.env.Project}
	}
	by := needed[id]
	if id.Kind == model.KindProject {
		by = e.inhabitants()
	}
	entity := c.Entity
	if merged, there := e.lookup(id); there && c.Op == Update {
		entity = merged
	}
	p, isProject := entity.(model.Project)
	if isProject && p.Closing && c.Op == Update && c.Shards > 0 && e.before.shards > c.Shards {
		return &model.ConflictError{Kind: model.ConflictStackAdded, Project: p.Name, Stacks: e.before.shards}
	}
	if isProject && !p.SFTP && !p.Closing && c.Op == Update {
		return e.checkServer(p)
	}
	if len(by) == 0 || c.Op != Delete && c.Op != Close && (!isProject || !p.Closing) {
		return nil
	}
	slices.SortFunc(by, model.ID.Compare)
	return &model.ConflictError{Kind: model.ConflictInUse, ID: id, By: by}
}

// checkServer refuses to remove the SFTP server from users that need it.
func (e *editor) checkServer(p model.Project) error {
	var by []model.ID
	for _, name := range slices.Sorted(maps.Keys(e.users)) {
		if e.users[name].SFTP != nil {
			by = append(by, model.ID{Kind: model.KindUser, Name: name})
		}
	}
	if len(by) == 0 {
		return nil
	}
	return &model.ConflictError{Kind: model.ConflictServerInUse, Project: p.Name, By: by}
}

// inhabitants are the shard's buckets, users and permissions, which block a project's deletion.
func (e *editor) inhabitants() []model.ID {
	var ids []model.ID
	for _, bucket := range e.buckets {
		ids = append(ids, bucket.ID())
	}
	for user := range e.packings {
		for _, grant := range e.grants(user) {
			ids = append(ids, grant.Permission.ID())
		}
	}
	for _, user := range e.users {
		ids = append(ids, user.ID())
	}
	return ids
}
