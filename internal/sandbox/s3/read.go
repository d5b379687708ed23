package s3

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// Read handlers of the resource types.
//
// The formats, and the defaults that S3 adds, are those of live reads that the project
// cdk-real-drift has published (2026). Write-only properties of the CloudFormation registry are
// never returned: AccessControl, BucketNamespace, BucketNamePrefix.

var (
	_ cloud.Adoptable = bucketType{}
	_ cloud.Adoptable = policyType{}
)

// members and list are short names for the JSON of properties.
type (
	members = map[string]any
	list    = []any
)

// Read returns the properties of a bucket.
func (t bucketType) Read(c cloud.Caller, name string) (map[string]any, error) {
	b, err := t.s.findToRead(c, name, "Bucket not found")
	if err != nil {
		return nil, err
	}
	p := members{"BucketName": b.name, "AbacStatus": "Disabled"}
	maps.Copy(p, resourceOf(b).Attributes)
	p["BucketEncryption"] = b.Encryption.read()
	if b.Versioning.Status != "" {
		p["VersioningConfiguration"] = members{"Status": b.Versioning.Status}
	}
	if a := b.PublicAccess; a != nil {
		p["PublicAccessBlockConfiguration"] = members{
			"BlockPublicAcls": bool(a.BlockPublicAcls), "BlockPublicPolicy": bool(a.BlockPublicPolicy),
			"IgnorePublicAcls": bool(a.IgnorePublicAcls), "RestrictPublicBuckets": bool(a.RestrictPublicBuckets),
		}
	}
	if b.Ownership != nil {
		p["OwnershipControls"] = members{"Rules": list{members{"ObjectOwnership": b.Ownership.Rules[0].ObjectOwnership}}}
	}
	if b.Lifecycle != nil {
		p["LifecycleConfiguration"] = b.Lifecycle.read()
	}
	if b.Logging != nil {
		p["LoggingConfiguration"] = members{"DestinationBucketName": b.Logging.Bucket, "LogFilePrefix": b.Logging.Prefix}
	}
	if b.Cors != nil {
		p["CorsConfiguration"] = b.Cors.read()
	}
	if b.EventBridge || b.Notifications != nil {
		n := members{}
		maps.Copy(n, b.Notifications)
		if b.EventBridge {
			n["EventBridgeConfiguration"] = members{"EventBridgeEnabled": true}
		}
		p["NotificationConfiguration"] = n
	}
	if b.Lock != nil {
		p["ObjectLockEnabled"], p["ObjectLockConfiguration"] = true, b.Lock.read()
	}
	maps.Copy(p, b.Others)
	if tags := slices.Concat(b.stackTags, b.Tags); len(tags) > 0 {
		var all list
		for _, t := range tags {
			all = append(all, members{"Key": t.Key, "Value": t.Value})
		}
		t.s.world.Rand().Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) // unordered
		p["Tags"] = all
	}
	return decoded(p)
}

// Adopt adds CloudFormation's own tags and those of the stack to a bucket. They replace those of a
// previous stack.
func (t bucketType) Adopt(c cloud.Caller, name string, tags map[string]string) error {
	b, err := t.s.find(c, name)
	if err != nil {
		return t.s.asReason(err)
	}
	b.stackTags = nil
	for key, value := range tags {
		b.stackTags = append(b.stackTags, tag{key, value})
	}
	slices.SortFunc(b.stackTags, func(x, y tag) int { return strings.Compare(x.Key, y.Key) })
	return nil
}

// Read returns the policy of a bucket.
func (t policyType) Read(c cloud.Caller, name string) (map[string]any, error) {
	b, err := t.s.findToRead(c, name, "The bucket policy does not exist")
	if err != nil {
		return nil, err
	}
	if b.policy == "" {
		return nil, notFound("The bucket policy does not exist")
	}
	var document any
	if err := json.Unmarshal([]byte(b.policy), &document); err != nil {
		return nil, fmt.Errorf("the policy of the bucket %s: %w", name, err)
	}
	return decoded(members{"Bucket": name, "PolicyDocument": document})
}

// Adopt does nothing: bucket policies have no tags.
func (policyType) Adopt(cloud.Caller, string, map[string]string) error { return nil }

// findToRead finds a bucket for a read handler, with the errors of handlers. A bucket in another
// region gives a redirect of S3 (aws/aws-cli, issue 6464); the codes for it and for another
// account's bucket are not known (unproven: cloud-control-errors).
func (s *Service) findToRead(c cloud.Caller, name, missing string) (*bucket, error) {
	b := s.buckets[name]
	switch {
	case b == nil:
		return nil, notFound(missing)
	case b.account != c.Account:
		return nil, &cloud.Error{
			Code:    "AccessDenied",
			Status:  http.StatusForbidden,
			Message: "Access Denied (Service: S3, Status Code: 403)",
		}
	case b.region != c.Region:
		return nil, &cloud.Error{
			Code:    "PermanentRedirect",
			Status:  http.StatusMovedPermanently,
			Message: "The bucket is in this region: " + b.region + ". Please use this region to retry the request (Service: S3, Status Code: 301)",
		}
	}
	return b, nil
}

func notFound(message string) error {
	return &cloud.Error{Code: "NotFound", Message: message, Status: http.StatusNotFound}
}

// decoded converts properties to their decoded JSON.
func decoded(p members) (map[string]any, error) {
	result := map[string]any{}
	if err := properties.Decode(p, &result); err != nil {
		return nil, err
	}
	return result, nil
}

func (e *encryption) read() members {
	rule := e.Rules[0]
	types := list{"SSE-C"} // the default of every configuration
	if rule.Blocked != nil {
		types = nil
		for _, t := range rule.Blocked.Types {
			types = append(types, t)
		}
	}
	r := members{"BucketKeyEnabled": bool(rule.BucketKey), "BlockedEncryptionTypes": members{"EncryptionType": types}}
	if d := rule.Default; d != nil {
		by := members{"SSEAlgorithm": d.Algorithm}
		if d.Key != "" {
			by["KMSMasterKeyID"] = d.Key
		}
		r["ServerSideEncryptionByDefault"] = by
	}
	return members{"ServerSideEncryptionConfiguration": list{r}}
}

func (c *cors) read() members {
	var rules list
	for _, rule := range c.Rules {
		r := members{"AllowedMethods": rule.AllowedMethods, "AllowedOrigins": rule.AllowedOrigins, "MaxAge": 0}
		if rule.MaxAge != nil {
			r["MaxAge"] = int(*rule.MaxAge)
		}
		if rule.ID != "" {
			r["Id"] = rule.ID
		}
		if len(rule.AllowedHeaders) > 0 {
			r["AllowedHeaders"] = rule.AllowedHeaders
		}
		if len(rule.ExposeHeaders) > 0 {
			r["ExposedHeaders"] = rule.ExposeHeaders
		}
		rules = append(rules, r)
	}
	return members{"CorsRules": rules}
}

func (l *objectLock) read() members {
	o := members{"ObjectLockEnabled": "Enabled"}
	if l.Rule != nil {
		retention := members{"Mode": l.Rule.Default.Mode}
		if l.Rule.Default.Days > 0 {
			retention["Days"] = int(l.Rule.Default.Days)
		}
		if l.Rule.Default.Years > 0 {
			retention["Years"] = int(l.Rule.Default.Years)
		}
		o["Rule"] = members{"DefaultRetention": retention}
	}
	return o
}

func (l *lifecycle) read() members {
	var rules list
	for i := range l.Rules {
		rules = append(rules, l.Rules[i].read())
	}
	size := l.MinSize
	if size == "" {
		size = "all_storage_classes_128K"
	}
	return members{"Rules": rules, "TransitionDefaultMinimumObjectSize": size}
}

// read returns a rule as properties of AWS::S3::Bucket.
func (r *lifecycleRule) read() members {
	o := members{"Id": r.ID, "Status": r.Status, "Prefix": ""}
	if r.Prefix != nil {
		o["Prefix"] = *r.Prefix
	}
	if f := r.Filter; f != nil {
		f.read(o)
	}
	if e := r.Expiration; e != nil {
		if e.Days != nil {
			o["ExpirationInDays"] = int(*e.Days)
		}
		if e.Date != "" {
			o["ExpirationDate"] = e.Date
		}
		if e.DeleteMarker {
			o["ExpiredObjectDeleteMarker"] = true
		}
	}
	if n := r.NoncurrentExpiration; n != nil {
		o["NoncurrentVersionExpiration"] = withNewer(members{"NoncurrentDays": int(*n.Days)}, n.Newer)
	}
	if r.AbortUpload != nil {
		o["AbortIncompleteMultipartUpload"] = members{"DaysAfterInitiation": int(*r.AbortUpload.Days)}
	}
	var transitions, noncurrent list
	for _, t := range r.Transitions {
		one := members{"StorageClass": t.Class}
		if t.Days != nil {
			one["TransitionInDays"] = int(*t.Days)
		} else {
			one["TransitionDate"] = t.Date
		}
		transitions = append(transitions, one)
	}
	for _, t := range r.NoncurrentTransitions {
		noncurrent = append(
			noncurrent, withNewer(members{"StorageClass": t.Class, "TransitionInDays": int(*t.Days)}, t.Newer),
		)
	}
	if transitions != nil {
		o["Transitions"] = transitions
	}
	if noncurrent != nil {
		o["NoncurrentVersionTransitions"] = noncurrent
	}
	return o
}

func withNewer(o members, newer *flexInt) members {
	if newer != nil {
		o["NewerNoncurrentVersions"] = int(*newer)
	}
	return o
}

// read adds the conditions of a filter to a rule.
func (f *lifecycleFilter) read(o members) {
	and := f.And
	if and == nil {
		and = &lifecycleAnd{Prefix: f.Prefix, GreaterThan: f.GreaterThan, LessThan: f.LessThan}
		if f.Tag != nil {
			and.Tags = []tag{*f.Tag}
		}
	}
	if and.Prefix != nil {
		o["Prefix"] = *and.Prefix
	}
	var tags list
	for _, t := range and.Tags {
		tags = append(tags, members{"Key": t.Key, "Value": t.Value})
	}
	if tags != nil {
		o["TagFilters"] = tags
	}
	if and.GreaterThan != nil {
		o["ObjectSizeGreaterThan"] = int(*and.GreaterThan)
	}
	if and.LessThan != nil {
		o["ObjectSizeLessThan"] = int(*and.LessThan)
	}
}
