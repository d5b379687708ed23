package template

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// touchGrantsOn notes the users whose policies name a bucket whose key may have changed.
func (e *editor) touchGrantsOn(i int, bucket model.Bucket) {
	before, ok := e.before.buckets[bucket.Name]
	if ok && bucketKey(e.env, before) == bucketKey(e.env, bucket) && before.BucketName == bucket.BucketName {
		return
	}
	for user := range e.onBucket[bucket.Name] {
		if slices.ContainsFunc(e.grants(user), func(g Grant) bool { return g.Permission.Bucket == bucket.Name }) {
			e.regrant[user] = append(e.regrant[user], i)
		}
	}
}

func (e *editor) setPermission(i int, grant Grant, refs CrossStackRefs) error {
	permission := grant.Permission
	id := permission.ID()
	_, userHere := e.users[permission.User]
	_, bucketHere := e.buckets[permission.Bucket]
	switch {
	case !userHere && refs.User == nil:
		return &model.NotFoundError{Kind: model.NotFoundParent, ID: permission.UserID(), NeededBy: id}
	case !bucketHere && refs.Bucket == nil:
		return &model.NotFoundError{Kind: model.NotFoundParent, ID: permission.BucketID(), NeededBy: id}
	case !userHere && refs.User.SFTP != nil:
		return cannotSpread(permission.User)
	}
	if bucketHere {
		grant.Bucket = nil
	}
	if !userHere {
		e.away[permission.User] = UserRef(*refs.User)
	}
	if e.packings[permission.User] == nil {
		e.packings[permission.User] = packing{}
	}
	packed := e.packings[permission.User]
	e.regrant[permission.User] = append(e.regrant[permission.User], i)
	e.origins[id], e.incarnations[id] = grant.Origin, grant.Incarnation
	if n := packed.replace(grant); n != 0 {
		delete(e.drafts[permission.User], n)
		if e.draft(permission.User, n).size() <= MaxPolicySize {
			return nil
		}
		packed.remove(id)
		delete(e.drafts[permission.User], n)
	}
	return e.place(grant, refs.Policies[permission.User])
}

// draft is a policy of a user as the batch has made it so far.
func (e *editor) draft(user string, n int) *draft {
	if e.sizes == nil {
		e.sizes = newSizer(e.env, e.buckets)
	}
	if e.drafts[user] == nil {
		e.drafts[user] = map[int]*draft{}
	}
	d := e.drafts[user][n]
	if d == nil {
		d = newDraft(e.sizes, e.user(user), e.packings[user][n])
		e.drafts[user][n] = d
	}
	return d
}

// place puts a grant into the first of its user's policies with room. Those with the numbers
// elsewhere live in other stacks.
func (e *editor) place(grant Grant, taken []int) error {
	user := grant.Permission.User
	for _, n := range e.numbers(user, taken) {
		if !e.frozen(user)[n] && e.draft(user, n).fits(grant) {
			e.packings[user][n] = append(e.packings[user][n], grant)
			return nil
		}
	}
	return &FullError{What: "policies of the user " + user, Have: MaxUserPolicies + 1, Budget: MaxUserPolicies}
}

// frozen returns the policies that were edited by hand. They accept no new permission, which would
// silently revert the edit. Changing one of their permissions reverts it, and its plan shows that.
func (e *editor) frozen(user string) map[int]bool {
	if frozen, known := e.edited[user]; known {
		return frozen
	}
	frozen := map[int]bool{}
	e.edited[user] = frozen
	for n, grants := range e.before.packings[user] {
		id := policyID(user, n)
		want := e.before.policy(user, n, grants)
		switch meta := e.metadata[id]; {
		case meta.Compiler < CompilerVersion: // an older one spelled it its own way
		case meta.Compiler > CompilerVersion, !sameMeaning(encodeJSON(want), e.before.template.resources[id]):
			frozen[n] = true
		}
	}
	return frozen
}

// repack moves permissions out of policies that have become too large, as the user's networks or a
// bucket's key are longer than they were. When there is no place for them, the changes that made
// them longer are refused.
func (e *editor) repack(errs []error, refused map[int]error) {
	for name, by := range e.regrant {
		packed := e.packings[name]
		var taken []int
		for _, i := range by {
			taken = append(taken, e.members[i].CrossStackRefs.Policies[name]...)
		}
		for _, n := range slices.Sorted(maps.Keys(packed)) {
			for len(packed[n]) > 1 && e.draft(name, n).size() > MaxPolicySize {
				last := packed[n][len(packed[n])-1]
				packed[n] = slices.Clip(packed[n][:len(packed[n])-1])
				e.draft(name, n).change(last, -1)
				err := e.place(last, taken)
				if err == nil {
					continue
				}
				packed[n] = append(packed[n], last)
				e.draft(name, n).change(last, 1)
				for _, i := range by {
					if errs[i] == nil && refused[i] == nil && e.members[i].Entity.ID().Kind != model.KindPermission {
						refused[i] = err
					}
				}
				break
			}
		}
	}
}
