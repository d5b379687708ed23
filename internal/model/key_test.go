package model_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

// TestRotation_Promises makes steps at any times, with triggers in between. After each step
// there is a working key, and at most two keys. No key changes its slot or reappears. Each old key
// works for the overlap, unless it was replaced.
func TestRotation_Promises(t *testing.T) {
	const day = 24 * time.Hour
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.Int64Range(1, 100).Draw(t, "every")
		want := model.AccessKey{
			Rotation: &model.Rotation{EveryDays: every, OverlapDays: rapid.Int64Range(0, (every-1)/2).Draw(t, "overlap")},
		}
		overlap := time.Duration(want.Rotation.OverlapDays) * day
		have := (*model.AccessKey)(nil)
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			replaced := rapid.IntRange(0, 9).Draw(t, "replaced") == 0
			if replaced {
				want.Trigger += "!"
			}
			next := want
			next.Keys = want.Next(have, now)
			if len(next.Keys) > 2 {
				t.Fatalf("keys %v", next.Keys)
			}
			current, ok := next.Current()
			if !ok {
				t.Fatalf("no working key among %v", next.Keys)
			}
			if age := now.Sub(next.Keys[current].Created); age >= time.Duration(every)*day {
				t.Errorf("the current key is %s old", age)
			}
			if have != nil {
				before, _ := have.Current()
				old := have.Keys[before]
				after, stays := next.Keys[before]
				switch {
				case replaced && stays && after.Created.Equal(old.Created) && after.Active():
					t.Errorf("the replaced key still works: %v", next.Keys)
				case !replaced && before != current && overlap > 0 && (!stays || !after.Active()):
					t.Errorf("the old key stopped working with the new one: %v", next.Keys)
				case !replaced && before == current && !after.Created.Equal(old.Created):
					t.Errorf("the current key changed in its slot: %v", next.Keys)
				}
				for slot, key := range next.Keys {
					if was, there := have.Keys[slot]; there && was.Created.Equal(key.Created) && !was.Active() && key.Active() {
						t.Errorf("the key in slot %s came back", slot)
					}
				}
				from, to := model.User{Name: "partner", AccessKey: have}, model.User{Name: "partner", AccessKey: &next}
				wantSteps(t, from, to)
			}
			have = &next
			// a commit takes longer
			now = now.Add(time.Duration(rapid.IntRange(0, int(every)*30).Draw(t, "hours"))*time.Hour + time.Second)
		}
	})
}

// wantSteps checks that no step puts a key into an occupied slot, and that the last step reaches
// to.
func wantSteps(t *rapid.T, from, to model.User) {
	steps := model.KeySteps(from, to)
	for _, step := range steps {
		for slot, key := range step.AccessKey.Keys {
			if was, there := from.AccessKey.Keys[slot]; there && !was.Created.Equal(key.Created) {
				t.Errorf("the key in slot %s is replaced in one step", slot)
			}
		}
		from = step
	}
	if !model.SameKeys(from, to) || from.AccessKey.Trigger != to.AccessKey.Trigger {
		t.Errorf("the steps end with %v, want %v", from.AccessKey, to.AccessKey)
	}
}

// Nothing is due right after a step, whatever the overlap.
func TestNext_Idempotent(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, rotation := range map[string]*model.Rotation{"none": nil, "no overlap": {EveryDays: 10}, "overlap": {EveryDays: 10, OverlapDays: 3}} {
		have := &model.AccessKey{Rotation: rotation}
		have.Keys = have.Next(nil, now)
		want := &model.AccessKey{Rotation: rotation, Trigger: "leaked"}
		for step := range 3 {
			next := *want
			next.Keys = want.Next(have, now)
			if step > 0 && !model.SameKeys(model.User{AccessKey: have}, model.User{AccessKey: &next}) {
				t.Errorf("%s: the next plan would change %v to %v", name, have.Keys, next.Keys)
			}
			have = &next
		}
		if have.Keys = want.Next(have, now.Add(4*24*time.Hour)); len(have.Keys) != 1 {
			t.Errorf("%s: the replaced key is never deleted: %v", name, have.Keys)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	const rsa1024 = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDKxvR3JzRLDUSUHKBa0Zb5LVlVNNSr0iG4rX7GsSKSNUYSlGC/JPo8a0iTRPRpoXjgbQPWQQZPjLD/lQnqnzGzqYwX1Zz8PzZcKLcdPvTFx9sUR9CIZnEvUFzoYZAbvRF9SOB/lh9dN8bFlSFnJoAvLqhJLGbTjcRNvWRHhyGJdw== old"
	good := modeltest.PublicKey(1)
	for name, test := range map[string]struct {
		keys []string
		want string // "" if valid
	}{
		"good":            {[]string{good + " partner@example.com"}, ""},
		"none":            {nil, "at least one key"},
		"too many":        {[]string{"", "", "", "", "", "", "", "", "", "", ""}, "holds 11 keys"},
		"twice":           {[]string{good, good + " again"}, "key 2 is key 1 again"},
		"private":         {[]string{"-----BEGIN OPENSSH PRIVATE KEY-----"}, "is a private key"},
		"short":           {[]string{rsa1024}, "is an RSA key of 1024 bits"},
		"cut":             {[]string{good[:len(good)-8]}, "was cut or changed"},
		"no base64":       {[]string{"ssh-ed25519 ***"}, "is not valid base64"},
		"another type":    {[]string{"ssh-dss AAAA"}, "has a type that is none of ssh-rsa"},
		"type that lies":  {[]string{strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1)}, "isn't a key of the type that it names"},
		"several lines":   {[]string{good + "\n" + good}, "must be one line"},
		"too long":        {[]string{good + " " + strings.Repeat("c", 2048)}, "AWS Transfer takes 2048"},
		"only the base64": {[]string{strings.Fields(good)[1]}, "must be one line as in an authorized_keys file"},
	} {
		t.Run(name, func(t *testing.T) {
			user := model.User{Name: "partner", SFTP: &model.SFTP{PublicKeys: test.keys}}
			if test.want == "" {
				wantProblem(t, user, "", "")
				return
			}
			problems := user.Problems()
			if len(problems) == 0 || problems[0].Field != "sftp.ssh_public_keys" ||
				!strings.Contains(problems[0].Reason, test.want) {
				t.Errorf("problems %v, want %s", problems, test.want)
			}
		})
	}
}

func TestReadersOfSecrets(t *testing.T) {
	for reader, want := range map[string]string{
		"444455556666":                                   "",
		"arn:aws:iam::444455556666:root":                 "",
		"arn:aws-cn:iam::444455556666:role/path/partner": "",
		"arn:aws:iam::444455556666:user/partner":         "",
		"*":                                              "must be the ARN of an IAM role or user",
		"arn:aws:iam::*:root":                            "must be the ARN of an IAM role or user",
		"arn:aws:sts::444455556666:assumed-role/x/session": "must be the ARN of an IAM role or user",
		"arn:aws:s3:::bucket":                              "must be the ARN of an IAM role or user",
	} {
		user := model.User{Name: "partner", AccessKey: &model.AccessKey{}, SecretReaders: []string{reader}}
		wantProblem(t, user, "secret_readers", want)
	}
}
