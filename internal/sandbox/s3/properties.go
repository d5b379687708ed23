package s3

import (
	"maps"
	"reflect"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// bucketProperties are the modelled properties of AWS::S3::Bucket: AWS CloudFormation Template
// Reference, "AWS::S3::Bucket". Decoding refuses other nested names.
type bucketProperties struct {
	BucketName         string
	BucketNamePrefix   string
	BucketNamespace    string
	AccessControl      string
	BucketEncryption   *encryption
	Versioning         *versioning             `json:"VersioningConfiguration"`
	PublicAccess       *publicAccess           `json:"PublicAccessBlockConfiguration"`
	Ownership          *ownership              `json:"OwnershipControls"`
	Lifecycle          *lifecycleProperties    `json:"LifecycleConfiguration"`
	Logging            *logging                `json:"LoggingConfiguration"`
	Notifications      *notificationProperties `json:"NotificationConfiguration"`
	ObjectLockEnabled  flexBool
	ObjectLock         *objectLock `json:"ObjectLockConfiguration"`
	CorsConfiguration  *cors
	Tags               []tag
	lifecycleSet       *lifecycle
	eventBridgeEnabled bool
}

type notificationProperties struct {
	EventBridge *struct {
		Enabled *flexBool `json:"EventBridgeEnabled"`
	} `json:"EventBridgeConfiguration"`
	Topics  []any `json:"TopicConfigurations"`
	Queues  []any `json:"QueueConfigurations"`
	Lambdas []any `json:"LambdaConfigurations"`
}

// lists returns the notifications to topics, queues and functions; nil for none.
func (n *notificationProperties) lists() map[string]any {
	if n == nil || len(n.Topics)+len(n.Queues)+len(n.Lambdas) == 0 {
		return nil
	}
	// If one exists, all three lists are returned (live reads of Cloud Control, published by
	// cdk-real-drift in 2026).
	all := map[string]any{}
	for name, list := range map[string][]any{
		"TopicConfigurations": n.Topics, "QueueConfigurations": n.Queues, "LambdaConfigurations": n.Lambdas,
	} {
		all[name] = append([]any{}, list...)
	}
	return all
}

type lifecycleProperties struct {
	Rules   []lifecycleRuleProperties
	MinSize string `json:"TransitionDefaultMinimumObjectSize"`
}

type lifecycleRuleProperties struct {
	ID                    string `json:"Id"`
	Status                string
	Prefix                *string
	TagFilters            []tag
	GreaterThan           *flexInt `json:"ObjectSizeGreaterThan"`
	LessThan              *flexInt `json:"ObjectSizeLessThan"`
	ExpirationInDays      *flexInt
	ExpirationDate        string
	DeleteMarker          flexBool               `json:"ExpiredObjectDeleteMarker"`
	NoncurrentInDays      *flexInt               `json:"NoncurrentVersionExpirationInDays"`
	NoncurrentExpiration  *noncurrentExpiration  `json:"NoncurrentVersionExpiration"`
	Transitions           []transition           `json:"Transitions"`
	NoncurrentTransitions []noncurrentTransition `json:"NoncurrentVersionTransitions"`
	AbortUpload           *abortUpload           `json:"AbortIncompleteMultipartUpload"`
}

// notModelled are properties of the type that the sandbox refuses with an error of its own.
var notModelled = []string{"MetadataConfiguration", "MetadataTableConfiguration", "BucketNamePrefix"}

// stored are properties of the type that the sandbox stores and returns unchanged. They have no
// effect.
var stored = []string{
	"AbacStatus",
	"AccelerateConfiguration",
	"AnalyticsConfigurations",
	"IntelligentTieringConfigurations",
	"InventoryConfigurations",
	"MetricsConfigurations",
	"ReplicationConfiguration",
	"WebsiteConfiguration",
}

// decodeProperties decodes properties and checks everything that does not depend on other buckets.
func decodeProperties(resolved map[string]any) (*bucketProperties, error) {
	for _, name := range notModelled {
		if _, given := resolved[name]; given {
			return nil, cloud.NotModelled("%s of AWS::S3::Bucket", name)
		}
	}
	p := &bucketProperties{}
	known := maps.Clone(resolved)
	for _, name := range stored {
		delete(known, name)
	}
	if err := properties.Decode(known, p); err != nil {
		return nil, err
	}
	if p.AccessControl != "" && p.AccessControl != "Private" {
		if p.Ownership == nil || p.Ownership.enforced() {
			return nil, aclsAreOff()
		}
		if !cannedACLs[p.AccessControl] {
			return nil, cloud.NotModelled("the AccessControl %s", p.AccessControl)
		}
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Lifecycle != nil {
		p.lifecycleSet = p.Lifecycle.configuration()
		if err := p.lifecycleSet.check(); err != nil {
			return nil, err
		}
	}
	if n := p.Notifications; n != nil && n.EventBridge != nil {
		p.eventBridgeEnabled = n.EventBridge.Enabled == nil || bool(*n.EventBridge.Enabled)
	}
	return p, nil
}

func (p *bucketProperties) check() error {
	if p.BucketEncryption != nil {
		if err := p.BucketEncryption.check(); err != nil {
			return err
		}
	}
	if p.Versioning != nil {
		if err := p.Versioning.check(bool(p.ObjectLockEnabled)); err != nil {
			return err
		}
	}
	if p.Ownership != nil {
		if err := p.Ownership.check(); err != nil {
			return err
		}
	}
	if p.CorsConfiguration != nil {
		if err := p.CorsConfiguration.check(); err != nil {
			return err
		}
	}
	if p.ObjectLock != nil {
		if !p.ObjectLockEnabled {
			return &cloud.Error{
				Code: "InvalidBucketState", Message: "Object Lock configuration cannot be enabled on existing buckets",
				Status: 409,
			}
		}
		if p.ObjectLock.Enabled == "" {
			p.ObjectLock.Enabled = "Enabled"
		}
		if err := p.ObjectLock.check(); err != nil {
			return err
		}
	}
	return checkTags(p.Tags)
}

// configuration converts the lifecycle properties to the API's form, as CloudFormation does.
func (l *lifecycleProperties) configuration() *lifecycle {
	all := &lifecycle{MinSize: l.MinSize}
	for _, p := range l.Rules {
		r := lifecycleRule{
			ID: p.ID, Status: p.Status, NoncurrentExpiration: p.NoncurrentExpiration, Transitions: p.Transitions,
			NoncurrentTransitions: p.NoncurrentTransitions, AbortUpload: p.AbortUpload, Filter: p.filter(),
		}
		if p.NoncurrentInDays != nil && r.NoncurrentExpiration == nil {
			r.NoncurrentExpiration = &noncurrentExpiration{Days: p.NoncurrentInDays}
		}
		if p.ExpirationInDays != nil || p.ExpirationDate != "" || bool(p.DeleteMarker) {
			r.Expiration = &expiration{Days: p.ExpirationInDays, Date: p.ExpirationDate, DeleteMarker: bool(p.DeleteMarker)}
		}
		all.Rules = append(all.Rules, r)
	}
	return all
}

// filter combines several conditions under And, as the API requires.
func (p *lifecycleRuleProperties) filter() *lifecycleFilter {
	conditions := len(p.TagFilters)
	for _, given := range []bool{p.Prefix != nil, p.GreaterThan != nil, p.LessThan != nil} {
		if given {
			conditions++
		}
	}
	switch {
	case conditions > 1:
		return &lifecycleFilter{
			And: &lifecycleAnd{Prefix: p.Prefix, Tags: p.TagFilters, GreaterThan: p.GreaterThan, LessThan: p.LessThan},
		}
	case len(p.TagFilters) == 1:
		return &lifecycleFilter{Tag: &p.TagFilters[0]}
	case conditions == 0:
		everything := ""
		return &lifecycleFilter{Prefix: &everything}
	}
	return &lifecycleFilter{Prefix: p.Prefix, GreaterThan: p.GreaterThan, LessThan: p.LessThan}
}

// completeLogging checks where access is logged to. No destination means the bucket itself.
func (p *bucketProperties) completeLogging(s *Service, b *bucket) error {
	if p.Logging == nil {
		return nil
	}
	if err := s.checkLogging(b, p.Logging); err != nil {
		return err
	}
	if p.Logging.Bucket == "" {
		p.Logging.Bucket = b.name
	}
	return nil
}

// apply applies properties to a bucket's settings. Like CloudFormation it changes only those that
// differ from old, and resets a removed property.
func (p *bucketProperties) apply(s *Service, b *bucket, old, properties map[string]any) error {
	changed := func(name string) bool { return !reflect.DeepEqual(old[name], properties[name]) }
	next := b.settings
	if changed("BucketEncryption") {
		next.Encryption = defaultEncryption()
		if p.BucketEncryption != nil {
			next.Encryption = *p.BucketEncryption
		}
	}
	if changed("VersioningConfiguration") {
		switch {
		case p.Versioning != nil:
			next.Versioning = *p.Versioning
		case next.Versioning.Status != "":
			next.Versioning.Status = "Suspended" // never off again: S3 User Guide, "Using versioning in S3 buckets"
		}
	}
	if changed("PublicAccessBlockConfiguration") {
		next.PublicAccess = p.PublicAccess
	}
	if changed("OwnershipControls") {
		next.Ownership = p.Ownership
	}
	if changed("AccessControl") {
		next.CannedACL = strings.TrimPrefix(p.AccessControl, "Private")
	}
	if next.CannedACL != "" && next.Ownership != nil && next.Ownership.enforced() {
		return aclsAreOff()
	}
	next.store(properties, changed)
	if changed("LifecycleConfiguration") {
		next.Lifecycle = p.lifecycleSet
		for i := range next.rules() {
			if next.Lifecycle.Rules[i].ID == "" {
				next.Lifecycle.Rules[i].ID = s.world.NewToken(48) // S3 names rules without an ID
			}
		}
	}
	if changed("LoggingConfiguration") {
		if err := p.completeLogging(s, b); err != nil {
			return err
		}
		next.Logging = p.Logging
	}
	if changed("CorsConfiguration") {
		next.Cors = p.CorsConfiguration
	}
	if changed("NotificationConfiguration") {
		next.EventBridge, next.Notifications = p.eventBridgeEnabled, p.Notifications.lists()
	}
	if changed("ObjectLockEnabled") || changed("ObjectLockConfiguration") {
		if err := p.lock(&next); err != nil {
			return err
		}
	}
	if changed("Tags") {
		next.Tags = p.Tags
	}
	b.settings = next
	return nil
}

// store keeps the changed properties that S3 only stores.
func (s *settings) store(properties map[string]any, changed func(string) bool) {
	for _, name := range stored {
		if !changed(name) {
			continue
		}
		s.Others = maps.Clone(s.Others)
		if s.Others == nil {
			s.Others = map[string]any{}
		}
		s.Others[name] = properties[name]
		if properties[name] == nil {
			delete(s.Others, name)
		}
	}
}

// lock applies the Object Lock properties. Object Lock turns versioning on.
func (p *bucketProperties) lock(next *settings) error {
	switch {
	case p.ObjectLock != nil:
		next.Lock = p.ObjectLock
	case bool(p.ObjectLockEnabled):
		next.Lock = &objectLock{Enabled: "Enabled"}
	case next.Lock != nil:
		// S3 User Guide, "Locking objects with Object Lock": "you can't disable Object Lock".
		return &cloud.Error{
			Code: "InvalidBucketState", Message: "Object Lock can't be disabled after it is enabled on a bucket.",
			Status: 409,
		}
	}
	if next.Lock != nil {
		next.Versioning.Status = "Enabled"
	}
	return nil
}
