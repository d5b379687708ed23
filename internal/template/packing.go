package template

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type packer struct {
	*shard
	before   *shard
	members  []Change
	regrant  map[string][]int           // users whose policies have to be compiled again -> the changes
	sizes    *sizer                     // made when all users and buckets are in
	drafts   map[string]map[int]*draft  // by user: the policies whose size was asked for
	onBucket map[string]map[string]bool // by bucket: the users that had permissions on it
	edited   map[string]map[int]bool    // by user: the policies that were edited by hand, computed on demand
}

func newPacker(next, before *shard, members []Change) *packer {
	p := &packer{
		shard: next, before: before, members: members, regrant: map[string][]int{}, drafts: map[string]map[int]*draft{},
		onBucket: map[string]map[string]bool{}, edited: map[string]map[int]bool{},
	}
	for user, packed := range before.packings {
		for _, grants := range packed {
			for _, grant := range grants {
				users := p.onBucket[grant.Permission.Bucket]
				if users == nil {
					users = map[string]bool{}
					p.onBucket[grant.Permission.Bucket] = users
				}
				users[user] = true
			}
		}
	}
	return p
}

// touch notes that a change may change the policies of a user.
func (p *packer) touch(user string, i int) { p.regrant[user] = append(p.regrant[user], i) }

// touchGrantsOn notes the users with policies on a bucket whose key may have changed.
func (p *packer) touchGrantsOn(i int, bucket model.Bucket) {
	before, ok := p.before.buckets[bucket.Name]
	if ok && bucketKey(p.env, before) == bucketKey(p.env, bucket) && before.BucketName == bucket.BucketName {
		return
	}
	for user := range p.onBucket[bucket.Name] {
		if slices.ContainsFunc(p.grants(user), func(g Grant) bool { return g.Permission.Bucket == bucket.Name }) {
			p.touch(user, i)
		}
	}
}

func (p *packer) setPermission(i int, grant Grant, refs CrossStackRefs) error {
	permission := grant.Permission
	id := permission.ID()
	_, userHere := p.users[permission.User]
	_, bucketHere := p.buckets[permission.Bucket]
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
		p.away[permission.User] = UserRef(*refs.User)
	}
	if p.packings[permission.User] == nil {
		p.packings[permission.User] = packing{}
	}
	packed := p.packings[permission.User]
	p.touch(permission.User, i)
	p.origins[id], p.incarnations[id] = grant.Origin, grant.Incarnation
	if n := packed.replace(grant); n != 0 {
		delete(p.drafts[permission.User], n)
		if p.draft(permission.User, n).size() <= MaxPolicySize {
			return nil
		}
		packed.remove(id)
		delete(p.drafts[permission.User], n)
	}
	return p.place(grant, refs.Policies[permission.User])
}

// draft is a user's policy as made by the batch so far.
func (p *packer) draft(user string, n int) *draft {
	if p.sizes == nil {
		p.sizes = newSizer(p.env, p.buckets)
	}
	if p.drafts[user] == nil {
		p.drafts[user] = map[int]*draft{}
	}
	d := p.drafts[user][n]
	if d == nil {
		d = newDraft(p.sizes, p.user(user), p.packings[user][n])
		p.drafts[user][n] = d
	}
	return d
}

// place puts a grant into the user's first policy with room. The numbers elsewhere are of policies
// in other stacks.
func (p *packer) place(grant Grant, taken []int) error {
	user := grant.Permission.User
	for _, n := range p.numbers(user, taken) {
		if !p.frozen(user)[n] && p.draft(user, n).fits(grant) {
			p.packings[user][n] = append(p.packings[user][n], grant)
			return nil
		}
	}
	return &FullError{What: "policies of the user " + user, Have: MaxUserPolicies + 1, Budget: MaxUserPolicies}
}

// frozen returns the policies that were edited by hand. They accept no new permission, which would
// silently revert the edit. Changing one of their permissions reverts it, as its plan shows.
func (p *packer) frozen(user string) map[int]bool {
	if frozen, known := p.edited[user]; known {
		return frozen
	}
	frozen := map[int]bool{}
	p.edited[user] = frozen
	for n, grants := range p.before.packings[user] {
		id := policyID(user, n)
		want := p.before.policy(user, n, grants)
		switch meta := p.metadata[id]; {
		case meta.Compiler < CompilerVersion: // an older one spelled it its own way
		case meta.Compiler > CompilerVersion, !sameMeaning(encodeJSON(want), p.before.template.resources[id]):
			frozen[n] = true
		}
	}
	return frozen
}

// repack moves permissions out of policies that have become too large, as the user's networks or a
// bucket's key have become longer. Without room for them, the changes that made them longer are
// refused.
func (p *packer) repack(errs []error, refused map[int]error) {
	for name, by := range p.regrant {
		packed := p.packings[name]
		var taken []int
		for _, i := range by {
			taken = append(taken, p.members[i].CrossStackRefs.Policies[name]...)
		}
		for _, n := range slices.Sorted(maps.Keys(packed)) {
			for len(packed[n]) > 1 && p.draft(name, n).size() > MaxPolicySize {
				last := packed[n][len(packed[n])-1]
				packed[n] = slices.Clip(packed[n][:len(packed[n])-1])
				p.draft(name, n).change(last, -1)
				err := p.place(last, taken)
				if err == nil {
					continue
				}
				packed[n] = append(packed[n], last)
				p.draft(name, n).change(last, 1)
				for _, i := range by {
					if errs[i] == nil && refused[i] == nil && p.members[i].Entity.ID().Kind != model.KindPermission {
						refused[i] = err
					}
				}
				break
			}
		}
	}
}

// fresh are, by each change that creates a permission in a new policy, all that do so in that
// policy.
func (p *packer) fresh(creates func(i int) bool) map[int][]int {
	type policy struct {
		user string
		n    int
	}
	in := map[model.ID]policy{}
	for user := range p.regrant {
		for n, grants := range p.packings[user] {
			for _, grant := range grants {
				if len(p.before.packings[user][n]) == 0 {
					in[grant.Permission.ID()] = policy{user, n}
				}
			}
		}
	}
	members := map[policy][]int{}
	for i, c := range p.members {
		if at, ok := in[c.Entity.ID()]; ok && creates(i) {
			members[at] = append(members[at], i)
		}
	}
	fresh := map[int][]int{}
	for _, together := range members {
		for _, i := range together {
			fresh[i] = together
		}
	}
	return fresh
}

// finish compiles the policies of touched users, and what else depends on their permissions.
func (p *packer) finish(changes map[string]json.RawMessage, updated map[model.ID]bool) {
	for user := range p.regrant {
		for n := 1; n <= MaxUserPolicies; n++ {
			p.finishPolicy(changes, user, n, updated)
		}
		p.finishSFTPUser(changes, user)
	}
}

// finishSFTPUser compiles a user's SFTP home again if its directories have changed.
func (p *packer) finishSFTPUser(changes map[string]json.RawMessage, name string) {
	id := sftpUserID(name)
	user, here := p.users[name]
	if !here || user.SFTP == nil {
		return
	}
	before, existed := p.before.users[name]
	want := p.compile(user, p.origins[user.ID()])[id]
	if _, touched := changes[id]; !touched && existed && before.SFTP != nil &&
		bytes.Equal(encodeJSON(want), encodeJSON(p.before.compile(before, p.origins[user.ID()])[id])) {
		return
	}
	changes[id] = encodeJSON(want)
}

// finishPolicy compiles a user's policy again, unless neither its permissions nor their meaning
// have changed. Updating a permission reverts an edit of its policy by hand.
func (p *packer) finishPolicy(changes map[string]json.RawMessage, user string, n int, updated map[model.ID]bool) {
	id := policyID(user, n)
	before, existed := p.before.packings[user][n]
	now := p.packings[user][n]
	if len(now) == 0 {
		if existed {
			changes[id] = nil
		}
		return
	}
	want := encodeJSON(p.policy(user, n, now))
	if existed && !slices.ContainsFunc(now, func(g Grant) bool { return updated[g.Permission.ID()] }) {
		if bytes.Equal(want, encodeJSON(p.before.policy(user, n, before))) {
			return
		}
		if taken, ok := reincarnated(p.before.template.resources[id], before, now); ok &&
			bytes.Equal(encodeJSON(p.policy(user, n, before)), encodeJSON(p.before.policy(user, n, before))) {
			changes[id] = taken
			return
		}
	}
	changes[id] = want
}
