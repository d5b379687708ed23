package judge

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// places are the partitions and regions of the templates.
var places = []struct{ partition, region string }{
	{"aws", modeltest.Region}, {"aws-us-gov", "us-gov-west-1"}, {"aws-cn", "cn-north-1"},
}

func envOf(partition, region string) template.Env {
	return template.Env{
		Project: "acme", AccountID: modeltest.Account, Region: region, Partition: partition,
		Shared: template.Shared{
			KeyARN: fmt.Sprintf(
				"arn:%s:kms:%s:%s:key/11111111-2222-4333-8444-555555555555", partition, region, modeltest.Account,
			),
			SFTPServerID: "s-0123456789abcdef0",
		},
	}
}

// Corpus returns the templates by name. golden is the folder of the golden files; drawn is the
// number of drawn templates, and seed the first seed.
func Corpus(golden string, drawn, seed int) (map[string]*template.Template, error) {
	corpus := map[string]*template.Template{}
	files, err := filepath.Glob(filepath.Join(golden, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no golden templates in %s: %w", golden, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := "golden-" + strings.TrimSuffix(filepath.Base(file), ".json")
		if corpus[name], err = template.Decode(body); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	add := func(name string, env template.Env, entities []model.Entity) {
		if err != nil {
			return
		}
		if corpus[name], err = compile(env, entities); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, place := range places {
		env := envOf(place.partition, place.region)
		add("example-"+place.region, env, example(env))
		for i := range drawn {
			add(fmt.Sprintf("random-%s-%d", place.region, seed+i), env, moved(modeltest.Entities().Example(seed+i), env))
		}
	}
	env := envOf("aws", modeltest.Region)
	add("full", env, full(env))
	add(
		"directory", env,
		[]model.Entity{model.DirectoryEntry{Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region}},
	)
	add("many-permissions", env, manyPermissions(env))
	if err != nil {
		return nil, err
	}
	if corpus["second-shard"], err = secondShard(env); err != nil {
		return nil, fmt.Errorf("second-shard: %w", err)
	}
	if corpus["dangling"], err = dangling(env, corpus["example-"+env.Region]); err != nil {
		return nil, fmt.Errorf("dangling: %w", err)
	}
	healing, before := template.Heal(corpus["example-"+modeltest.Region], corpus["example-"+modeltest.Region].LogicalIDs())
	corpus["healing"], corpus["restored"] = healing, healing.Restore(before)
	return corpus, nil
}

func compile(env template.Env, entities []model.Entity) (*template.Template, error) {
	changes := make([]template.Change, len(entities))
	for i, entity := range entities {
		changes[i] = template.Change{Op: template.Create, Entity: entity}
	}
	return edit(template.Seed(template.RevisionMarkerName("acme", 0), "Stowage"), env, changes)
}

func edit(base *template.Template, env template.Env, changes []template.Change) (*template.Template, error) {
	edited, err := template.Edit(base, env, changes)
	if err != nil {
		return nil, err
	}
	for i, err := range edited.Errors {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", changes[i].Entity.ID(), err)
		}
	}
	return edited.Template, nil
}

// secondShard returns a stack without the project, with policies of its user and permissions on a
// bucket of the first stack.
func secondShard(env template.Env) (*template.Template, error) {
	inbox := template.RefOf(env, bucket(env, "inbox"))
	away := template.UserRef(model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}})
	var changes []template.Change
	for _, member := range []struct {
		entity model.Entity
		bucket *template.BucketRef
		user   *model.User
	}{
		{bucket(env, "late"), nil, nil},
		{studio(env), nil, nil},
		{model.User{Name: "idle"}, nil, nil},
		{model.Permission{User: "studio", Bucket: "late", Access: model.ReadWrite, Prefix: "drafts/"}, nil, nil},
		{model.Permission{User: "studio", Bucket: "inbox", Access: model.Read}, &inbox, nil},
		{model.Permission{User: "partner", Bucket: "late", Access: model.Write}, nil, &away},
		{model.Permission{User: "partner", Bucket: "inbox", Access: model.Read, Prefix: "more/"}, &inbox, &away},
	} {
		refs := template.CrossStackRefs{Shared: &env.Shared, Bucket: member.bucket, User: member.user}
		changes = append(changes, template.Change{Op: template.Create, Entity: member.entity, CrossStackRefs: refs})
	}
	return edit(template.Seed(template.RevisionMarkerName("acme", 1), "Stowage"), env, changes)
}

// dangling returns a template whose bucket was removed manually before a change of its user.
func dangling(env template.Env, base *template.Template) (*template.Template, error) {
	var document map[string]json.RawMessage
	var resources map[string]json.RawMessage
	if err := json.Unmarshal(base.Encode(), &document); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document["Resources"], &resources); err != nil {
		return nil, err
	}
	delete(resources, "Bucketinbox")
	delete(resources, "BucketPolicyinbox")
	var err error
	if document["Resources"], err = json.Marshal(resources); err != nil {
		return nil, err
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	if base, err = template.Decode(body); err != nil {
		return nil, err
	}
	moved := model.User{Name: "partner", SourceIPs: []string{"198.51.100.0/24"}}
	return edit(base, env, []template.Change{{Op: template.Update, Entity: moved}})
}

// studio returns a user with every feature: a key in rotation, readers of its secret, and SFTP.
func studio(env template.Env) model.User {
	made := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	return model.User{
		Name: "studio", SecretReaders: []string{"arn:" + env.Partition + ":iam::444455556666:role/studio"},
		AccessKey: &model.AccessKey{
			Rotation: &model.Rotation{EveryDays: 60, OverlapDays: 7},
			Keys:     map[model.Slot]model.Key{model.SlotA: {Created: made}, model.SlotB: {Created: made.Add(24 * time.Hour)}},
		},
		SFTP: &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1), modeltest.PublicKey(2)}},
	}
}

// manyPermissions returns a user's policies at their maximum number and near their maximum size.
func manyPermissions(env template.Env) []model.Entity {
	entities := []model.Entity{project(env), model.User{Name: "idle"}, model.User{Name: "busy"}}
	for b := range 20 {
		name := fmt.Sprintf("bucket%02d", b)
		entities = append(entities, bucket(env, name))
		for n := range 10 {
			entities = append(entities, model.Permission{
				User:   "busy",
				Bucket: name,
				Access: []model.Access{model.Read, model.Write, model.ReadWrite}[n%3],
				Prefix: fmt.Sprintf("clients/%02d/files*?$/", n),
			})
		}
	}
	return entities
}

// moved returns the entities for another account, region and partition than modeltest's.
func moved(entities []model.Entity, env template.Env) []model.Entity {
	server := slices.ContainsFunc(entities, func(entity model.Entity) bool {
		user, ok := entity.(model.User)
		return ok && user.SFTP != nil
	})
	for i, entity := range entities {
		switch e := entity.(type) {
		case model.Project:
			e.Region = env.Region
			e.SFTP = e.SFTP || server // projects have one before their users do
			entities[i] = e
		case model.Bucket:
			e.BucketName = strings.ReplaceAll(e.BucketName, modeltest.Region, env.Region)
			if e.KMSKeyARN != "" { // modeltest names keys after their buckets; AWS's are UUIDs
				e.KMSKeyARN = strings.ReplaceAll(env.KeyARN, "11111111", "99999999")
			}
			entities[i] = e
		}
	}
	return entities
}

func bucket(env template.Env, name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName(env.Project, name, env.AccountID, env.Region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

func project(env template.Env) model.Project {
	return model.Project{
		Name: env.Project, AccountID: env.AccountID, Region: env.Region, OnDelete: model.Refuse,
		Tags: map[string]string{"client": "Acme"},
	}
}

// example returns the entities of all folders of examples/.
func example(env template.Env) []model.Entity {
	inbox, archive, exports := bucket(env, "inbox"), bucket(env, "archive"), bucket(env, "exports")
	inbox.Lifecycle.ExpireAfterDays = 30
	archive.ObjectLock = &model.ObjectLock{Mode: "GOVERNANCE", Days: 30}
	exports.Lifecycle.ExpireAfterDays, exports.Lifecycle.ExpireNoncurrentAfterDays = 365, 30
	exports.OnDelete = model.Retain
	exports.CORS = []model.CORSRule{
		{
			AllowedOrigins: []string{"https://portal.example.com"},
			AllowedMethods: []string{"GET", "HEAD"},
			MaxAgeSeconds:  3600,
		},
	}
	acme := project(env)
	acme.SFTP = true
	drop := model.Permission{User: "studio", Bucket: "inbox", Access: model.ReadWrite, Prefix: "studio/"}
	return []model.Entity{
		acme,
		studio(env),
		drop,
		inbox,
		bucket(env, "outbox"),
		archive,
		exports,
		model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}},
		model.User{Name: "courier"},
		model.User{Name: "auditor"},
		model.Permission{User: "partner", Bucket: "inbox", Access: model.ReadWrite, Prefix: "incoming/"},
		model.Permission{User: "partner", Bucket: "outbox", Access: model.Read},
		model.Permission{User: "courier", Bucket: "inbox", Access: model.ReadWrite, AllowDelete: true},
		model.Permission{User: "courier", Bucket: "outbox", Access: model.Write},
		model.Permission{User: "auditor", Bucket: "archive", Access: model.Read},
	}
}

// full returns a stack near its budget.
func full(env template.Env) []model.Entity {
	entities := []model.Entity{project(env)}
	for i := range 150 {
		entities = append(entities, bucket(env, fmt.Sprintf("bucket%03d", i)))
	}
	for i := range 45 {
		user := fmt.Sprintf("user%03d", i)
		entities = append(entities, model.User{Name: user})
		for n := range 8 {
			entities = append(entities, model.Permission{User: user, Bucket: fmt.Sprintf("bucket%03d", n), Access: model.Read})
		}
	}
	return entities
}
