package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Unmodeled says what happens to settings of an adopted bucket that the model cannot express.
type Unmodeled string

const (
	// RefuseUnmodeled refuses to adopt a bucket that has any.
	RefuseUnmodeled Unmodeled = "refuse"
	// KeepUnmodeled keeps them in the template.
	KeepUnmodeled Unmodeled = "keep"
	// RemoveUnmodeled removes them.
	RemoveUnmodeled Unmodeled = "remove"
)

func (u Unmodeled) problems() []Problem {
	switch u {
	case "", RefuseUnmodeled, KeepUnmodeled, RemoveUnmodeled:
		return nil
	}
	return []Problem{{"unmodeled_settings", `must be "refuse", "keep" or "remove"`}}
}

// Adoption is what a template remembers of a bucket that existed before it came into the model.
type Adoption struct {
	// Begun means that the bucket is in the template with its former settings; the commit of its
	// configuration follows.
	Begun bool `json:"begun,omitempty"`
	// Neutral are properties whose values mean that a feature is off. They stay in the template, so
	// that nothing writes them.
	Neutral map[string]json.RawMessage `json:"neutral,omitempty"`
	// The others are settings that a Bucket cannot express, as properties of AWS::S3::Bucket or
	// parts of them.
	Properties     map[string]json.RawMessage `json:"properties,omitempty"`
	LifecycleRules []json.RawMessage          `json:"lifecycle_rules,omitempty"`
	// MinimumSize is the TransitionDefaultMinimumObjectSize of the LifecycleRules.
	MinimumSize   string                     `json:"minimum_size,omitempty"`
	Notifications map[string]json.RawMessage `json:"notifications,omitempty"`
	// Statements are those of the bucket policy that are not the model's.
	Statements []json.RawMessage `json:"statements,omitempty"`
}

// Done returns what remains of an adoption once the bucket is as configured.
func (a *Adoption) Done(settings Unmodeled) *Adoption {
	switch {
	case a == nil:
		return nil
	case settings != KeepUnmodeled:
		return &Adoption{Neutral: a.Neutral}
	}
	done := *a
	done.Begun = false
	return &done
}

// Locked reports whether object lock, which cannot be removed, is among the settings that a Bucket
// cannot express.
func (a *Adoption) Locked() bool {
	return a != nil && a.Properties["ObjectLockEnabled"] != nil
}

// featureNames are the features behind properties of AWS::S3::Bucket.
var featureNames = map[string]string{
	"AbacStatus":                       "attribute-based access control",
	"AccelerateConfiguration":          "transfer acceleration",
	"AnalyticsConfigurations":          "storage class analysis",
	"IntelligentTieringConfigurations": "S3 Intelligent-Tiering",
	"InventoryConfigurations":          "inventories",
	"MetadataConfiguration":            "S3 Metadata",
	"MetadataTableConfiguration":       "S3 Metadata tables",
	"MetricsConfigurations":            "request metrics",
	"ObjectLockConfiguration":          "object lock without a default retention in days",
	"ReplicationConfiguration":         "replication",
	"WebsiteConfiguration":             "website hosting",
}

// notified are the targets of event notifications.
var notified = map[string]string{
	"LambdaConfigurations": "Lambda functions", "QueueConfigurations": "SQS queues", "TopicConfigurations": "SNS topics",
}

// Unmodeled describes the settings that a Bucket cannot express, one per line.
func (a *Adoption) Unmodeled() []string {
	if a == nil {
		return nil
	}
	var words []string
	for _, property := range slices.Sorted(maps.Keys(a.Properties)) {
		switch name := featureNames[property]; {
		case property == "ObjectLockEnabled":
		case name == "":
			words = append(words, property)
		default:
			words = append(words, fmt.Sprintf("%s (%s)", name, property))
		}
	}
	for _, rule := range a.LifecycleRules {
		words = append(words, "the lifecycle rule "+brief(rule))
	}
	for _, target := range slices.Sorted(maps.Keys(a.Notifications)) {
		words = append(words, fmt.Sprintf("event notifications to %s (%s)", notified[target], target))
	}
	for _, statement := range a.Statements {
		words = append(words, "the bucket policy's statement "+brief(statement))
	}
	return words
}

// brief is JSON, cut for display in a plan.
func brief(raw json.RawMessage) string {
	const most = 300
	if len(raw) <= most {
		return string(raw)
	}
	return string(raw[:most]) + "…"
}
