package template

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

// partner returns a user with SFTP and an access key.
func partner() model.User {
	made := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return model.User{
		Name:          "partner",
		SecretReaders: []string{"arn:aws:iam::444455556666:role/partner"},
		AccessKey: &model.AccessKey{
			Rotation: &model.Rotation{EveryDays: 90, OverlapDays: 7},
			Keys:     map[model.Slot]model.Key{model.SlotA: {Created: made}},
		},
		SFTP: &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}},
	}
}

// complete returns a template of a project with an SFTP server and a user with everything.
func complete(t *testing.T) *Template {
	t.Helper()
	return edit(
		t,
		seed(),
		Change{
			Op: Create,
			Entity: model.Project{
				Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse, SFTP: true,
			},
		},
		Change{
			Op: Create,
			Entity: model.Bucket{
				Name: "inbox", BucketName: "acme-inbox", Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
			},
		},
		Change{Op: Create, Entity: partner()},
		Change{
			Op:     Create,
			Entity: model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/", Access: model.ReadWrite},
		},
	)
}

func TestCompile_User(t *testing.T) { golden(t, "partner.json", complete(t).Encode()) }

// Resources with secrets by reference are only added and removed, as a change set shows what it
// changes.
func TestKeys_SecretsNeverChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := edit(
			t,
			seed(),
			Change{
				Op: Create,
				Entity: model.Project{
					Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse,
					SFTP: true,
				},
			},
		)
		have := modeltest.User("partner").Draw(t, "first")
		base = edit(t, base, Change{Op: Create, Entity: have})
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			want := modeltest.User("partner").Draw(t, "next")
			for _, step := range model.KeySteps(have, want) {
				edited, err := Edit(base, testEnv(), []Change{{Op: Update, Entity: step, Prior: have}})
				if err != nil || edited.Errors[0] != nil {
					t.Fatal(err, edited.Errors)
				}
				for _, intent := range edited.Intents {
					raw, _ := edited.Template.Resource(intent.LogicalID)
					if intent.Action == Modify && bytes.Contains(raw, []byte("SecretAccessKey")) {
						t.Errorf("%s is modified", intent.LogicalID)
					}
				}
				base, have = edited.Template, step
			}
		}
		if text := string(base.Encode()); strings.Contains(string(base.sections["Outputs"]), "SecretAccessKey") ||
			strings.Count(text, ".SecretAccessKey}") != keys(have) {
			t.Errorf("secrets of keys are referred to elsewhere: %s", text)
		}
	})
}

func keys(user model.User) int {
	if user.AccessKey == nil {
		return 0
	}
	return len(user.AccessKey.Keys)
}

// A used slot gets no other key in one commit.
func TestKeys_SlotEmptiedFirst(t *testing.T) {
	base := complete(t)
	next := partner()
	next.AccessKey.Keys = map[model.Slot]model.Key{model.SlotA: {Created: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}}
	edited, err := Edit(base, testEnv(), []Change{{Op: Update, Entity: next}})
	if err != nil || !model.IsConflict(edited.Errors[0], model.ConflictKeys) {
		t.Errorf("errors %v %v", err, edited.Errors)
	}
}

// TestEdit_InterruptedCreate takes over a user whose keys were created at another time.
func TestEdit_InterruptedCreate(t *testing.T) {
	first := partner()
	base := edit(t, seed(), Change{Op: Create, Entity: first, Origin: "workspace"})
	again := partner()
	again.AccessKey.Keys = map[model.Slot]model.Key{model.SlotA: {Created: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}}
	edited, err := Edit(base, testEnv(), []Change{{Op: Create, Entity: again, Origin: "workspace"}})
	if err != nil || edited.Errors[0] != nil || len(edited.Intents) != 0 {
		t.Errorf("errors %v %v, intents %v", err, edited.Errors, edited.Intents)
	}
}

func TestSFTP_NoServer(t *testing.T) {
	env := testEnv()
	env.SFTPServerID = ""
	edited, err := Edit(seed(), env, []Change{{Op: Create, Entity: partner()}})
	if err != nil || !model.IsNotFound(edited.Errors[0], model.NotFoundServer) {
		t.Errorf("errors %v %v", err, edited.Errors)
	}
	base := complete(t)
	off := model.Project{Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse}
	edited, err = Edit(base, testEnv(), []Change{{Op: Update, Entity: off}})
	var inUse *model.ConflictError
	if err != nil || !errors.As(edited.Errors[0], &inUse) || inUse.Kind != model.ConflictServerInUse ||
		!slices.Equal(inUse.By, []model.ID{partner().ID()}) {
		t.Errorf("errors %v %v", err, edited.Errors)
	}
	// A change of the user and of the project in one batch is validated by its end state.
	without := partner()
	without.SFTP = nil
	edited, err = Edit(base, testEnv(), []Change{{Op: Update, Entity: off}, {Op: Update, Entity: without}})
	if err != nil || edited.Errors[0] != nil || edited.Errors[1] != nil {
		t.Errorf("errors %v %v", err, edited.Errors)
	}
	if text := string(
		edited.Template.Encode(),
	); strings.Contains(text, "AWS::Transfer::") || strings.Contains(text, "AWS::Logs::") ||
		strings.Contains(text, "SftpServerId") {
		t.Error("something of SFTP is left")
	}
}

// Users never change the server, whose address partners use, or its log.
func TestUsers_ServerUnchanged(t *testing.T) {
	base := complete(t)
	changed := partner()
	changed.SFTP = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(2)}}
	edited, err := Edit(base, testEnv(), []Change{
		{Op: Update, Entity: changed}, {Op: Create, Entity: model.User{Name: "other", SFTP: partner().SFTP}},
		{Op: Create, Entity: model.Permission{User: "other", Bucket: "inbox", Access: model.Read}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, intent := range edited.Intents {
		if !strings.HasSuffix(intent.LogicalID, "partner") && !strings.Contains(intent.LogicalID, "other") {
			t.Errorf("%s is touched", intent.LogicalID)
		}
	}
}

func TestDirectories(t *testing.T) {
	buckets := map[string]model.Bucket{
		"inbox": {Name: "inbox", BucketName: "acme-inbox"}, "in": {Name: "in", BucketName: "acme-in"},
	}
	for want, permissions := range map[string][]model.Permission{
		"[]":                     {{Bucket: "gone"}},
		"[{/inbox /acme-inbox}]": {{Bucket: "inbox"}, {Bucket: "inbox", Prefix: "incoming/"}},
		"[{/in /acme-in} {/inbox/a /acme-inbox/a}]":             {{Bucket: "inbox", Prefix: "a/"}, {Bucket: "in"}, {Bucket: "inbox", Prefix: "a/b/"}},
		"[{/inbox/a /acme-inbox/a} {/inbox/ab /acme-inbox/ab}]": {{Bucket: "inbox", Prefix: "ab/"}, {Bucket: "inbox", Prefix: "a/"}},
	} {
		var grants []Grant
		for _, p := range permissions {
			grants = append(grants, Grant{Permission: p})
		}
		if got := fmt.Sprint(directories(grants, buckets)); got != want {
			t.Errorf("%v: %s, want %s", permissions, got, want)
		}
	}
}
