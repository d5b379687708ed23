package projects_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// rotated is a user as the provider would plan it at a moment, from what it is; nil for a new one.
func rotated(from *model.User, trigger string) model.User {
	user := model.User{
		Name:      "partner",
		AccessKey: &model.AccessKey{Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7}, Trigger: trigger},
	}
	var have *model.AccessKey
	if from != nil {
		have = from.AccessKey
	}
	user.AccessKey.Keys = user.AccessKey.Next(have, time.Now())
	return user
}

// keys are the access keys that IAM has of the user, by id: their statuses.
func (w *world) keys() map[string]string {
	w.t.Helper()
	out, err := w.member().IAM.ListAccessKeys(
		w.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("acme-partner")},
	)
	must(w.t, err)
	statuses := map[string]string{}
	for _, key := range out.AccessKeyMetadata {
		statuses[aws.ToString(key.AccessKeyId)] = string(key.Status)
	}
	return statuses
}

// wantKeys checks that IAM has the keys that the model says, with their ids, and that the secret
// holds the current one.
func (w *world) wantKeys(user model.User) {
	w.t.Helper()
	for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
		view := w.read(mode)
		there, ok := view.Contents.Of(user.ID())
		if !ok || !model.SameKeys(there.(model.User), user) {
			w.t.Errorf("%v: the model has %+v, want the keys %v", mode, there, user.AccessKey.Keys)
		}
		if d := view.Contents.DriftOf(user.ID()); len(d) > 0 {
			w.t.Errorf("%v: drift %v", mode, d)
		}
		chosen := view.Contents.Credentials["partner"]
		want := map[string]string{}
		for slot, key := range user.AccessKey.Keys {
			want[chosen.KeyIDs[slot]] = map[bool]string{true: "Active", false: "Inactive"}[key.Active()]
		}
		if got := w.keys(); fmt.Sprint(got) != fmt.Sprint(want) {
			w.t.Errorf("%v: IAM has the keys %v, want %v", mode, got, want)
		}
		current, _ := user.AccessKey.Current()
		read, err := w.process().Credentials(w.t.Context(), chosen.SecretARN)
		must(w.t, err)
		if read.ID != chosen.KeyIDs[current] || read.Secret == "" || read.UserName != "acme-partner" ||
			read.Region != "eu-west-1" {
			w.t.Errorf("%v: the secret holds the key %s of %s, want %s", mode, read.ID, read.UserName, chosen.KeyIDs[current])
		}
	}
}

func TestRotation_InTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		user := rotated(nil, "")
		must(t, w.process().Create(t.Context(), "acme", user, projects.As("one")))
		w.wantKeys(user)
		step := func(after time.Duration, trigger string) {
			t.Helper()
			time.Sleep(after)
			next := rotated(&user, trigger)
			must(t, w.process().Update(t.Context(), "acme", next, projects.As("one"), projects.From(user)))
			user = next
			w.wantKeys(user)
		}
		const day = 24 * time.Hour
		step(90*day, "")  // a new key beside the old one
		step(0, "leaked") // which is replaced: both slots are full
		step(7*day, "leaked")
		step(90*day, "leaked")
		step(7*day, "leaked")
		step(7*day, "leaked")

		// Keys that were planned from other keys are refused.
		outdated := user
		outdated.AccessKey = &model.AccessKey{
			Keys: map[model.Slot]model.Key{model.SlotA: {Created: time.Now().Add(-time.Hour)}},
		}
		var moved *model.FieldConflictError
		if err := w.process().Update(
			t.Context(), "acme", rotated(nil, ""), projects.As("one"), projects.From(outdated),
		); !errors.As(err, &moved) {
			t.Errorf("the error is %v", err)
		}
		w.wantKeys(user)

		// An update of something else is no rotation.
		before := w.keys()
		tagged := user
		tagged.Tags = map[string]string{"client": "acme"}
		must(t, w.process().Update(t.Context(), "acme", tagged, projects.As("one"), projects.From(user)))
		if after := w.keys(); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("the keys were %v, are %v", before, after)
		}
		must(t, w.process().Delete(t.Context(), "acme", user.ID()))
		must(t, w.process().DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

// TestRotation_FailedStepKeepsKeys fails each resource of a step, in each phase that it has.
func TestRotation_FailedStepKeepsKeys(t *testing.T) {
	for _, typ := range []string{"AWS::IAM::AccessKey", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter"} {
		for _, phase := range []cloud.Phase{cloud.PhaseCreate, cloud.PhaseUpdate} {
			t.Run(typ+" "+string(phase), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, false)
					must(t, w.process().CreateProject(t.Context(), acme()))
					user := rotated(nil, "")
					must(t, w.process().Create(t.Context(), "acme", user, projects.As("one")))
					time.Sleep(90 * 24 * time.Hour)
					next := rotated(&user, "")
					w.faults(sandbox.Fault{ResourceType: typ, Phase: phase, Reason: "out of order", Times: 1})
					err := w.process().Update(t.Context(), "acme", next, projects.As("one"), projects.From(user))
					w.box.ClearFaults()
					if err == nil {
						user = next // nothing of that kind is made, or the engine has done it again
					} else if !strings.Contains(err.Error(), "out of order") {
						t.Errorf("the error is %v", err)
					}
					w.wantKeys(user)
					next = rotated(&user, "")
					must(t, w.process().Update(t.Context(), "acme", next, projects.As("one"), projects.From(user)))
					w.wantKeys(next)
				})
			})
		}
	}
}

// TestRotation_KeysMadeByHand checks that keys of any origin count for IAM's limit of two. The
// error reports it, and nothing is lost.
func TestRotation_KeysMadeByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		user := rotated(nil, "")
		must(t, w.process().Create(t.Context(), "acme", user, projects.As("one")))
		_, err := w.member().IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("acme-partner")})
		must(t, err)
		time.Sleep(90 * 24 * time.Hour)
		var failed *commit.CommitError
		err = w.process().Update(t.Context(), "acme", rotated(&user, ""), projects.As("one"), projects.From(user))
		if !errors.As(err, &failed) ||
			!slices.ContainsFunc(failed.Reasons, func(r string) bool { return strings.Contains(r, "AccessKeysPerUser") }) {
			t.Errorf("the error is %v", err)
		}
		if got := len(w.keys()); got != 2 {
			t.Errorf("%d keys", got)
		}
	})
}
