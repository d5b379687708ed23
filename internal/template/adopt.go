package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// resource returns a compiled resource in the commit that imports it; nil for a policy that the
// bucket does not have.
func (l *Live) resource(compiled Resource) json.RawMessage {
	compiled = compiled.imported()
	if compiled.Type == bucketType {
		compiled.Properties = l.Bucket
		return encodeJSON(compiled)
	}
	if l.Policy == nil {
		return nil
	}
	compiled.Properties = object{"Bucket": l.Name(), "PolicyDocument": l.Policy}
	return encodeJSON(compiled)
}

// Entity is the bucket as the model can express it, in a project of the given name. The rest is in
// its Adoption. Until its configuration is applied, deleting it leaves the bucket alone.
func (l *Live) Entity(env Env, name string, settings model.Unmodeled) model.Bucket {
	b := model.Bucket{Name: name, BucketName: l.Name(), OnDelete: model.Retain, UnmodeledSettings: settings}
	a := &model.Adoption{Begun: true}
	b.Adoption = a
	for _, property := range slices.Sorted(maps.Keys(l.Bucket)) {
		value := l.Bucket[property]
		switch property {
		case "BucketName", "VersioningConfiguration", "PublicAccessBlockConfiguration", "OwnershipControls",
			"LoggingConfiguration", "ObjectLockEnabled":
		case "BucketEncryption":
			b.KMSKeyARN = l.key(env)
		case "LifecycleConfiguration":
			l.lifecycle(&b)
		case "NotificationConfiguration":
			a.Notifications = unmodeledNotifications(value)
		case "ObjectLockConfiguration":
			l.objectLock(&b)
		case "CorsConfiguration":
			b.CORS = liveCORS(value)
		case "Tags":
			b.Tags = liveTags(value)
		default:
			if neutral(property, value) {
				keepAs(&a.Neutral, property, value)
			} else {
				keepAs(&a.Properties, property, value)
			}
		}
	}
	b.Unversioned = textAt(l.Bucket["VersioningConfiguration"], "Status") != "Enabled"
	a.Statements = l.foreignStatements(env)
	return b
}

// neutral reports whether a property's value means that a feature is off. S3 returns such values
// for features that were never on, or once.
func neutral(property string, value any) bool {
	switch property {
	case "AbacStatus":
		return value == "Disabled"
	case "AccelerateConfiguration":
		return textAt(value, "AccelerationStatus") == "Suspended"
	}
	return false
}

// key is the bucket's KMS key; "" for the project's own, and for none.
func (l *Live) key(env Env) string {
	encryption, _ := l.Bucket["BucketEncryption"].(object)
	rules, _ := encryption["ServerSideEncryptionConfiguration"].(list)
	if len(rules) == 0 {
		return ""
	}
	rule, _ := rules[0].(object)
	key := textAt(rule["ServerSideEncryptionByDefault"], "KMSMasterKeyID")
	if key == env.KeyARN {
		return ""
	}
	return key
}

// lifecycle sets the lifecycle: the rules for all objects that a model.Lifecycle can express. All
// others are kept.
func (l *Live) lifecycle(b *model.Bucket) {
	configuration, _ := l.Bucket["LifecycleConfiguration"].(object)
	rules, _ := configuration["Rules"].(list)
	for _, one := range rules {
		rule, _ := one.(object)
		days, simple := simpleRule(rule)
		next := b.Lifecycle
		for _, field := range []struct {
			have *int64
			more int64
		}{
			{&next.ExpireAfterDays, days.ExpireAfterDays}, {&next.ExpireNoncurrentAfterDays, days.ExpireNoncurrentAfterDays},
			{&next.AbortMultipartAfterDays, days.AbortMultipartAfterDays},
		} {
			switch {
			case field.more == 0:
			case *field.have != 0:
				simple = false // two rules for one thing
			default:
				*field.have = field.more
			}
		}
		if simple {
			b.Lifecycle = next
			continue
		}
		b.Adoption.LifecycleRules = append(b.Adoption.LifecycleRules, encodeJSON(rule))
	}
	if len(b.Adoption.LifecycleRules) > 0 {
		b.Adoption.MinimumSize, _ = configuration["TransitionDefaultMinimumObjectSize"].(string)
	}
}

// simpleRule is the effect of a lifecycle rule; ok is false when a model.Lifecycle cannot express
// it.
func simpleRule(rule object) (days model.Lifecycle, ok bool) {
	number := func(value any) int64 {
		text, _ := value.(json.Number)
		n, err := text.Int64()
		if err != nil {
			ok = false
		}
		return n
	}
	ok = true
	for name, value := range rule {
		members, _ := value.(object)
		switch {
		case name == "Id", name == "Status" && value == "Enabled", name == "Prefix" && value == "":
		case name == "ExpirationInDays":
			days.ExpireAfterDays = number(value)
		case name == "NoncurrentVersionExpiration" && len(members) == 1:
			days.ExpireNoncurrentAfterDays = number(members["NoncurrentDays"])
		case name == "AbortIncompleteMultipartUpload" && len(members) == 1:
			days.AbortMultipartAfterDays = number(members["DaysAfterInitiation"])
		default:
			return days, false
		}
	}
	return days, ok
}

// objectLock sets a default retention in days. Any other object lock is kept.
func (l *Live) objectLock(b *model.Bucket) {
	configuration, _ := l.Bucket["ObjectLockConfiguration"].(object)
	rule, _ := configuration["Rule"].(object)
	retention, _ := rule["DefaultRetention"].(object)
	if number, ok := retention["Days"].(json.Number); ok {
		if days, err := number.Int64(); err == nil {
			b.ObjectLock = &model.ObjectLock{Mode: textAt(retention, "Mode"), Days: days}
			return
		}
	}
	keepAs(&b.Adoption.Properties, "ObjectLockConfiguration", configuration)
	keepAs(&b.Adoption.Properties, "ObjectLockEnabled", true)
}

// keepAs adds a value to those that are kept as JSON.
func keepAs(values *map[string]json.RawMessage, name string, value any) {
	if *values == nil {
		*values = map[string]json.RawMessage{}
	}
	(*values)[name] = encodeJSON(value)
}

func liveCORS(value any) []model.CORSRule {
	configuration, _ := value.(object)
	rules, _ := configuration["CorsRules"].(list)
	var result []model.CORSRule
	for _, one := range rules {
		rule, _ := one.(object)
		age, _ := rule["MaxAge"].(json.Number)
		seconds, _ := age.Int64()
		result = append(result, model.CORSRule{
			AllowedOrigins: stringsIn(rule["AllowedOrigins"]),
			AllowedMethods: stringsIn(rule["AllowedMethods"]),
			AllowedHeaders: stringsIn(rule["AllowedHeaders"]),
			ExposeHeaders:  stringsIn(rule["ExposedHeaders"]),
			MaxAgeSeconds:  seconds,
		})
	}
	return result
}

func stringsIn(value any) []string {
	all, _ := value.(list)
	var result []string
	for _, one := range all {
		if text, ok := one.(string); ok {
			result = append(result, text)
		}
	}
	slices.Sort(result)
	return slices.Compact(result)
}

// liveTags are a bucket's tags without those that compiling adds.
func liveTags(value any) map[string]string {
	all, _ := value.(list)
	result := map[string]string{}
	for _, tag := range all {
		if key := textAt(tag, "Key"); key != "stowage:project" && key != "stowage:bucket" {
			result[key] = textAt(tag, "Value")
		}
	}
	if len(result) == 0 {
		return nil
	}
	return result
}

// unmodeledNotifications are the event notifications besides EventBridge.
func unmodeledNotifications(value any) map[string]json.RawMessage {
	configuration, _ := value.(object)
	var result map[string]json.RawMessage
	for target, list := range configuration {
		if target != "EventBridgeConfiguration" && !isEmpty(list) {
			keepAs(&result, target, list)
		}
	}
	return result
}

// foreignStatements are the statements of the bucket's policy that compiling does not make.
func (l *Live) foreignStatements(env Env) []json.RawMessage {
	var ours []string
	for _, statement := range requireTLS(env, l.Name()) {
		ours = append(ours, string(encodeJSON(statement)))
	}
	statements, ok := l.Policy["Statement"].(list)
	if !ok && l.Policy["Statement"] != nil {
		statements = list{l.Policy["Statement"]} // one alone needs no list
	}
	var foreign []json.RawMessage
	for _, statement := range statements {
		if raw := encodeJSON(statement); !slices.Contains(ours, string(raw)) {
			foreign = append(foreign, raw)
		}
	}
	return foreign
}

// keepUnmodeled puts the settings that a bucket keeps from before its adoption into its properties,
// and returns the statements of its policy.
func keepUnmodeled(bucket model.Bucket, properties object, statements list) list {
	a := bucket.Adoption
	for name, value := range a.Neutral {
		properties[name] = kept(value)
	}
	if bucket.UnmodeledSettings != model.KeepUnmodeled {
		return statements
	}
	for name, value := range a.Properties {
		properties[name] = kept(value)
	}
	if len(a.LifecycleRules) > 0 {
		properties["LifecycleConfiguration"] = keepRules(properties["LifecycleConfiguration"], a)
	}
	if notifications, ok := properties["NotificationConfiguration"].(object); ok {
		for target, value := range a.Notifications {
			notifications[target] = kept(value)
		}
	}
	for _, statement := range a.Statements {
		statements = append(statements, kept(statement))
	}
	return statements
}

// kept is a value that was kept as JSON.
func kept(raw json.RawMessage) any {
	value, err := decodeValue(raw)
	if err != nil {
		return nil
	}
	return value
}

// keepRules joins the rules of a lifecycle and those that a bucket keeps. Where an ID is taken by
// one of these, ours gets another.
func keepRules(configuration any, a *model.Adoption) object {
	compiled, _ := configuration.(object)
	rules, _ := compiled["Rules"].(list)
	var others list
	taken := map[string]bool{}
	for _, raw := range a.LifecycleRules {
		rule := kept(raw)
		taken[textAt(rule, "Id")] = true
		others = append(others, rule)
	}
	for _, one := range rules {
		if rule, ok := one.(object); ok && taken[textAt(rule, "Id")] {
			rule["Id"] = "stowage-" + textAt(rule, "Id")
		}
	}
	result := object{"Rules": append(rules, others...)}
	if a.MinimumSize != "" {
		result["TransitionDefaultMinimumObjectSize"] = a.MinimumSize
	}
	return result
}

// AdoptedTwiceError is returned for a bucket that is in the stack under another name.
type AdoptedTwiceError struct {
	ID, Other model.ID
	Bucket    string // the physical name
}

func (e *AdoptedTwiceError) Error() string {
	return fmt.Sprintf("the bucket %s cannot be the %s: it is the %s", e.Bucket, e.ID, e.Other)
}

// Explain implements model.Explainer.
func (e *AdoptedTwiceError) Explain() model.Explanation {
	return model.Explanation{
		Attribute: "bucket_name", Changed: model.ChangedNothing,
		Cause:  fmt.Sprintf("The bucket %s is the %s of the project already.", e.Bucket, e.Other),
		Remedy: "Remove one of the two resources: a bucket has one name in a project.",
	}
}

// adoptedAs returns an *AdoptedTwiceError for the adoption of a bucket that the stack has.
func (e *editor) adoptedAs(c Change) error {
	bucket, _ := c.Entity.(model.Bucket)
	if c.Op != Adopt {
		return nil
	}
	for _, other := range e.buckets {
		if other.BucketName == bucket.BucketName {
			return &AdoptedTwiceError{ID: bucket.ID(), Other: other.ID(), Bucket: bucket.BucketName}
		}
	}
	return nil
}

// adoptedAlready is the outcome of adopting an entity that the template has: success if the caller
// has adopted it, else an error.
func (e *editor) adoptedAlready(c Change, there model.Entity) error {
	id := c.Entity.ID()
	bucket, _ := there.(model.Bucket)
	if bucket.Adoption != nil && c.Incarnation != "" && e.incarnations[id] == c.Incarnation {
		return nil
	}
	return &model.ConflictError{Kind: model.ConflictExists, ID: id, Origin: e.origins[id]}
}

// afterAdoption is the entity of an update. An adopted bucket keeps what is left to remember.
func afterAdoption(there, next model.Entity) model.Entity {
	before, wasBucket := there.(model.Bucket)
	bucket, isBucket := next.(model.Bucket)
	if !wasBucket || !isBucket {
		return next
	}
	bucket.Adoption = before.Adoption.Done(bucket.UnmodeledSettings)
	return bucket
}

// Adopted returns the contents of a template with a bucket that is adopted but not in the stack
// yet, which a plan has to show.
func Adopted(contents *Contents, bucket model.Bucket, incarnation, origin string, live *Live) (*Contents, error) {
	env := contents.Env
	base := Seed(RevisionMarkerName(env.Project, 0), "")
	edited, err := Edit(
		base, env, []Change{{Op: Adopt, Entity: bucket, Live: live, Incarnation: incarnation, Origin: origin}},
	)
	if err != nil {
		return nil, err
	}
	if edited.Errors[0] != nil {
		return nil, edited.Errors[0]
	}
	return Parse(edited.Template, env)
}

// PolicyDocument is the document in the properties of an AWS::S3::BucketPolicy.
func PolicyDocument(properties string) (string, error) {
	members, err := decodeObject([]byte(properties))
	if err != nil {
		return "", err
	}
	return string(members["PolicyDocument"]), nil
}
