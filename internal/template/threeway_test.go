package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// An update is the difference between the entity that its caller knows and the new one.
func TestThreeWay_EveryKind(t *testing.T) {
	tagged := func(e model.Entity, key, value string) model.Entity {
		tags := map[string]string{key: value}
		switch e := e.(type) {
		case model.Project:
			e.Tags = tags
			return e
		case model.Bucket:
			e.Tags = tags
			return e
		case model.User:
			e.Tags = tags
			return e
		case model.Permission:
			e.AllowDelete = value == "theirs"
			return e
		}
		return e
	}
	for _, o := range owned() {
		id := o.entity.ID()
		prior, planned := o.entity, o.changed
		base := edit(t, held(t, "ws", "one"), Change{Op: Update, Entity: tagged(prior, "by", "theirs"), AnyIncarnation: true})
		after := edit(t, base, Change{Op: Update, Entity: planned, Prior: prior, Incarnation: "one"})
		got, _ := parse(t, after).Of(id)
		if diff := cmp.Diff(tagged(planned, "by", "theirs"), got); diff != "" {
			t.Errorf("what another writer changed in %s is not kept: %s", id, diff)
		}
		after = edit(t, base, Change{Op: Update, Entity: planned, Incarnation: "one"})
		if got, _ = parse(t, after).Of(id); !cmp.Equal(got, planned) {
			t.Errorf("without a prior state %s becomes %+v", id, got)
		}
	}
}

func TestThreeWay_Conflict(t *testing.T) {
	bucket := model.Bucket{
		Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse,
		Lifecycle: model.Lifecycle{ExpireAfterDays: 5},
	}
	planned, present := bucket, bucket
	planned.Lifecycle.ExpireAfterDays, planned.OnDelete = 6, model.Retain
	present.Lifecycle.ExpireAfterDays = 7
	base := edit(t, seed(), Change{Op: Create, Entity: present})
	err := refusedAs[*model.FieldConflictError](t, base, Change{Op: Update, Entity: planned, Prior: bucket})
	want := []model.FieldConflict{{Field: "lifecycle_rules.expire_after_days", Prior: "5", Planned: "6", Present: "7"}}
	if diff := cmp.Diff(&model.FieldConflictError{ID: bucket.ID(), Conflicts: want}, err); diff != "" {
		t.Error(diff)
	}
}

// A change of two commits is refused before the first when the second would be refused.
func TestThreeWay_ConflictOfALaterStep(t *testing.T) {
	base := complete(t)
	present, _ := parse(t, base).Of(partner().ID())
	first := present.(model.User)
	prior := first
	prior.AccessKey = &model.AccessKey{Trigger: "before", Keys: first.AccessKey.Keys}
	target := prior
	target.AccessKey = &model.AccessKey{Trigger: "after", Keys: first.AccessKey.Keys}
	_ = refusedAs[*model.FieldConflictError](t, base, Change{Op: Update, Entity: prior, Prior: prior, Target: target})
	edit(t, base, Change{Op: Update, Entity: prior, Prior: prior})
}

// The project keeps an SFTP server of another writer, and so do the users that need it.
func TestThreeWay_ServerOfAnotherWriter(t *testing.T) {
	prior := home()
	planned := prior
	planned.OnDelete = model.Retain
	after := edit(t, complete(t), Change{Op: Update, Entity: planned, Prior: prior})
	if got := parse(t, after).Project; !got.SFTP || got.OnDelete != model.Retain {
		t.Errorf("the project is %+v", got)
	}
}
