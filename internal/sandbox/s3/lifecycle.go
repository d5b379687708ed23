package s3

import (
	"encoding/xml"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// lifecycle is a lifecycle configuration in the API's form. It is stored and checked, but objects
// do not expire.
type lifecycle struct {
	XMLName xml.Name        `xml:"LifecycleConfiguration"`
	Rules   []lifecycleRule `xml:"Rule"`
	MinSize string          `xml:"-"` // TransitionDefaultMinimumObjectSize, a header in the API
}

type lifecycleRule struct {
	ID                    string                 `xml:"ID,omitempty"`
	Status                string                 `xml:"Status"`
	Prefix                *string                `xml:"Prefix"`
	Filter                *lifecycleFilter       `xml:"Filter"`
	Expiration            *expiration            `xml:"Expiration"`
	NoncurrentExpiration  *noncurrentExpiration  `xml:"NoncurrentVersionExpiration"`
	Transitions           []transition           `xml:"Transition"`
	NoncurrentTransitions []noncurrentTransition `xml:"NoncurrentVersionTransition"`
	AbortUpload           *abortUpload           `xml:"AbortIncompleteMultipartUpload"`
}

type lifecycleFilter struct {
	Prefix      *string       `xml:"Prefix"`
	Tag         *tag          `xml:"Tag"`
	GreaterThan *flexInt      `xml:"ObjectSizeGreaterThan"`
	LessThan    *flexInt      `xml:"ObjectSizeLessThan"`
	And         *lifecycleAnd `xml:"And"`
}

type lifecycleAnd struct {
	Prefix      *string  `xml:"Prefix"`
	Tags        []tag    `xml:"Tag"`
	GreaterThan *flexInt `xml:"ObjectSizeGreaterThan"`
	LessThan    *flexInt `xml:"ObjectSizeLessThan"`
}

type expiration struct {
	Days         *flexInt `xml:"Days"`
	Date         string   `xml:"Date,omitempty"`
	DeleteMarker bool     `xml:"ExpiredObjectDeleteMarker,omitempty"`
}

type noncurrentExpiration struct {
	Days  *flexInt `json:"NoncurrentDays" xml:"NoncurrentDays"`
	Newer *flexInt `json:"NewerNoncurrentVersions" xml:"NewerNoncurrentVersions"`
}

type transition struct {
	Days  *flexInt `json:"TransitionInDays" xml:"Days"`
	Date  string   `json:"TransitionDate" xml:"Date,omitempty"`
	Class string   `json:"StorageClass" xml:"StorageClass"`
}

type noncurrentTransition struct {
	Days  *flexInt `json:"TransitionInDays" xml:"NoncurrentDays"`
	Newer *flexInt `json:"NewerNoncurrentVersions" xml:"NewerNoncurrentVersions"`
	Class string   `json:"StorageClass" xml:"StorageClass"`
}

type abortUpload struct {
	Days *flexInt `json:"DaysAfterInitiation" xml:"DaysAfterInitiation"`
}

var storageClasses = map[string]bool{
	"STANDARD_IA":         true,
	"ONEZONE_IA":          true,
	"INTELLIGENT_TIERING": true,
	"GLACIER":             true,
	"GLACIER_IR":          true,
	"DEEP_ARCHIVE":        true,
}

// check returns the refusals of PutBucketLifecycleConfiguration: S3 API Reference, that operation,
// and S3 User Guide, "Lifecycle configuration elements".
func (l *lifecycle) check() error {
	if len(l.Rules) == 0 || len(l.Rules) > 1000 {
		return malformedXML()
	}
	ids := map[string]bool{}
	for _, rule := range l.Rules {
		if len(rule.ID) > 255 {
			return cloud.Errorf("InvalidArgument", "ID length should not exceed allowed limit of 255")
		}
		if rule.ID != "" && ids[rule.ID] {
			return cloud.Errorf("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
		}
		ids[rule.ID] = true
		if err := rule.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *lifecycleRule) check() error {
	if r.Status != "Enabled" && r.Status != "Disabled" || r.Prefix == nil && r.Filter == nil ||
		r.Prefix != nil && r.Filter != nil {
		return malformedXML()
	}
	if r.Filter.several() {
		return malformedXML()
	}
	if r.Expiration == nil && r.NoncurrentExpiration == nil && r.AbortUpload == nil && len(r.Transitions) == 0 &&
		len(r.NoncurrentTransitions) == 0 {
		return cloud.Errorf("InvalidRequest", "At least one action needs to be specified in a rule")
	}
	if err := r.Expiration.check(); err != nil {
		return err
	}
	if err := r.NoncurrentExpiration.check(); err != nil {
		return err
	}
	if err := r.AbortUpload.check(r.Filter); err != nil {
		return err
	}
	for _, t := range r.Transitions {
		if err := t.check(); err != nil {
			return err
		}
	}
	for _, t := range r.NoncurrentTransitions {
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *expiration) check() error {
	if e == nil {
		return nil
	}
	given := 0
	for _, is := range []bool{e.Days != nil, e.Date != "", e.DeleteMarker} {
		if is {
			given++
		}
	}
	if given != 1 {
		return malformedXML()
	}
	if e.Days != nil && *e.Days <= 0 {
		return cloud.Errorf("InvalidArgument", "'Days' for Expiration action must be a positive integer")
	}
	return nil
}

func (n *noncurrentExpiration) check() error {
	switch {
	case n == nil:
		return nil
	case n.Days == nil:
		return malformedXML()
	case *n.Days <= 0:
		return cloud.Errorf(
			"InvalidArgument", "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
		)
	case n.Newer != nil && (*n.Newer < 1 || *n.Newer > 100):
		return cloud.Errorf(
			"InvalidArgument",
			"'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and 100",
		)
	}
	return nil
}

func (a *abortUpload) check(filter *lifecycleFilter) error {
	switch {
	case a == nil:
		return nil
	case a.Days == nil:
		return malformedXML()
	case *a.Days <= 0:
		return cloud.Errorf(
			"InvalidArgument",
			"'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
		)
	case filter.hasTags():
		return cloud.Errorf("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.")
	}
	return nil
}

func (t *transition) check() error {
	if !storageClasses[t.Class] || (t.Days == nil) == (t.Date == "") {
		return malformedXML()
	}
	if t.Days != nil && *t.Days < 0 {
		return cloud.Errorf("InvalidArgument", "'Days' for Transition action must be nonnegative")
	}
	// S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle": 30 days in S3 Standard
	// before the IA classes.
	if t.Days != nil && *t.Days < 30 && infrequentAccess(t.Class) {
		return cloud.Errorf(
			"InvalidArgument",
			"'Days' in Transition action must be greater than or equal to 30 for storageClass '%s'", t.Class,
		)
	}
	return nil
}

func (t *noncurrentTransition) check() error {
	if !storageClasses[t.Class] || t.Days == nil {
		return malformedXML()
	}
	if *t.Days < 30 && infrequentAccess(t.Class) {
		return cloud.Errorf(
			"InvalidArgument",
			"'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass '%s'",
			t.Class,
		)
	}
	return nil
}

func infrequentAccess(class string) bool { return class == "STANDARD_IA" || class == "ONEZONE_IA" }

// several reports whether a filter has more than one member, which is refused (S3 API reference,
// LifecycleRuleFilter).
func (f *lifecycleFilter) several() bool {
	if f == nil {
		return false
	}
	given := 0
	for _, is := range []bool{f.Prefix != nil, f.Tag != nil, f.GreaterThan != nil, f.LessThan != nil, f.And != nil} {
		if is {
			given++
		}
	}
	return given > 1
}

func (f *lifecycleFilter) hasTags() bool {
	return f != nil && (f.Tag != nil || f.And != nil && len(f.And.Tags) > 0)
}

func malformedXML() error {
	return cloud.Errorf(
		"MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema",
	)
}
