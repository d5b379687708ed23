package commit

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// What the tests know of CloudFormation: states of a stack, and what the service computes for a
// change set.

const (
	stackName = "stowage-acme-1"
	stackID   = "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-acme-1/1"
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
)

var (
	env   = template.Env{Project: "acme", AccountID: "111122223333", Region: "eu-west-1", Partition: "aws"}
	began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func config() Config {
	return Config{
		Stack: stackName, Env: env, RevisionMarkerName: template.RevisionMarkerName("acme", 1), Description: "test", Writer: "w",
	}
}

// failer is what a test and a property test have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// state is the actual content of a stack at some moment.
type state struct {
	description Description
	template    *template.Template
}

// newState is a stack at rest that holds a project and what the changes make.
func newState(t failer, revision int64, set string, at time.Time, changes ...template.Change) state {
	t.Helper()
	seed, err := template.Stamp(template.Seed(template.RevisionMarkerName("acme", 1), "test"), "seed", revision)
	if err != nil {
		t.Fatal(err)
	}
	project := template.Change{Op: template.Create, Entity: model.Project{
		Name: "acme", AccountID: env.AccountID, Region: env.Region, OnDelete: model.Refuse,
	}}
	s := state{template: seed, description: Description{
		StackID: stackID, Status: "UPDATE_COMPLETE", LastUpdated: at, ChangeSetID: set, Protected: true,
		Parameters: map[string]string{}, Outputs: map[string]string{template.KeyOutput: keyARN},
	}}
	s.template = edit(t, seed, append([]template.Change{project}, changes...)...)
	return s.withRevision(revision)
}

// edit puts changes into a template that must take them.
func edit(t failer, base *template.Template, changes ...template.Change) *template.Template {
	t.Helper()
	e := env
	e.KeyARN = keyARN
	edited, err := template.Edit(base, e, changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range edited.Errors {
		if err != nil {
			t.Fatalf("%v: %v", changes[i], err)
		}
	}
	return edited.Template
}

func (s state) withRevision(revision int64) state {
	s.description.Parameters = map[string]string{template.RevisionParameter: strconv.FormatInt(revision, 10)}
	return s
}

func (s state) revision() int64 {
	n, _ := strconv.ParseInt(s.description.Parameters[template.RevisionParameter], 10, 64)
	return n
}

// committed is the state after a writer's commit.
func (s state) committed(t failer, token, set string, at time.Time, changes ...template.Change) state {
	t.Helper()
	next, err := template.Stamp(edit(t, s.template, changes...), token, s.revision()+1)
	if err != nil {
		t.Fatal(err)
	}
	s.template = next
	s.description.ChangeSetID, s.description.LastUpdated, s.description.Status = set, at, "UPDATE_COMPLETE"
	return s.withRevision(s.revision() + 1)
}

// byHand is the state after a person changed the template: alter gets it decoded. The revision stays.
func (s state) byHand(t failer, set string, at time.Time, alter func(resources map[string]any)) state {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(s.template.Encode(), &body); err != nil {
		t.Fatal(err)
	}
	alter(body["Resources"].(map[string]any))
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if s.template, err = template.Decode(raw); err != nil {
		t.Fatal(err)
	}
	s.description.ChangeSetID, s.description.LastUpdated, s.description.Status = set, at, "UPDATE_COMPLETE"
	return s
}

// computed is what the service computes for a change set: next compared with the real stack, with
// the values that really stand there. The revision parameter changes with every set, so the
// revision marker does too.
func (s state) computed(next *template.Template) []ResourceChange {
	var changes []ResourceChange
	for _, intent := range template.Intents(s.template, next) {
		change := ResourceChange{LogicalID: intent.LogicalID, Action: string(intent.Action)}
		if intent.Action == template.Modify {
			change.Replacement = "False"
		}
		if intent.Action != template.Add {
			if properties := s.template.Properties(intent.LogicalID); properties != nil {
				change.Before = s.spell(properties).(map[string]any)
			}
		}
		changes = append(changes, change)
	}
	return changes
}

// spell writes values as BeforeContext does: scalars as strings, references resolved.
func (s state) spell(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if name, ok := v["Ref"].(string); ok && len(v) == 1 {
			if parameter, ok := s.description.Parameters[name]; ok {
				return parameter
			}
			return "physical-id-of-" + name
		}
		object := map[string]any{}
		for name, member := range v {
			object[name] = s.spell(member)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = s.spell(v[i])
		}
		return list
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// bucket is a bucket whose tag v tells one write from another.
func bucket(name, tag string) model.Bucket {
	b := model.Bucket{
		Name: name, BucketName: model.DefaultBucketName("acme", name, env.AccountID, env.Region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
	if tag != "" {
		b.Tags = map[string]string{"v": tag}
	}
	return b
}

func user(name, tag string) model.User {
	u := model.User{Name: name}
	if tag != "" {
		u.Tags = map[string]string{"v": tag}
	}
	return u
}

// parseChange reads "create bucket inbox tag=x incarnation=one" or "update permission alice/inbox
// access=write".
func parseChange(t failer, words []string) template.Change {
	t.Helper()
	if len(words) < 3 {
		t.Fatalf("a change is an operation, a kind and a name, not %q", words)
	}
	options := map[string]string{}
	for _, word := range words[3:] {
		name, value, _ := strings.Cut(word, "=")
		options[name] = value
	}
	change := template.Change{Op: template.Op(words[0]), Origin: options["origin"], Incarnation: options["incarnation"]}
	switch name := words[2]; words[1] {
	case "bucket":
		change.Entity = bucket(name, options["tag"])
	case "user":
		change.Entity = user(name, options["tag"])
	case "permission":
		u, b, _ := strings.Cut(name, "/")
		access := model.Read
		if options["access"] != "" {
			access = model.Access(options["access"])
		}
		change.Entity = model.Permission{User: u, Bucket: b, Access: access}
	case "project":
		change.Entity = model.Project{
			Name:      name,
			AccountID: env.AccountID,
			Region:    env.Region,
			OnDelete:  model.Refuse,
			Closing:   options["closing"] == "true",
		}
	default:
		t.Fatalf("no kind %q", words[1])
	}
	return change
}
