package s3

import (
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// policyType is AWS::S3::BucketPolicy. Its physical ID is the bucket's name.
type policyType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-s3-bucketpolicy.
func (policyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Bucket":         {Kind: cloud.KindString, CreateOnly: true},
			"PolicyDocument": {Kind: cloud.KindJSON},
		},
		Required:  []string{"Bucket", "PolicyDocument"},
		PrimaryID: []string{"Bucket"},
	}
}

// Create sets the policy of a bucket without one: a second policy resource for a bucket is a
// conflict.
func (t policyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	name, _ := r.Properties["Bucket"].(string)
	b, err := t.s.find(c, name)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if b.policy != "" {
		return cloud.Resource{}, cloud.Errorf("AlreadyExists", "The bucket policy already exists on bucket %s.", name)
	}
	return t.put(c, b, r.Properties)
}

// Update replaces the bucket's policy.
func (t policyType) Update(c cloud.Caller, physicalID string, _, properties map[string]any) (cloud.Resource, error) {
	b, err := t.s.find(c, physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	return t.put(c, b, properties)
}

func (t policyType) put(c cloud.Caller, b *bucket, properties map[string]any) (cloud.Resource, error) {
	text, err := policydoc.Text(properties["PolicyDocument"])
	if err != nil {
		return cloud.Resource{}, err
	}
	if err := t.s.setPolicy(c, b, text); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	return cloud.Resource{PhysicalID: b.name}, nil
}

// Delete removes the bucket's policy, if there is one.
func (t policyType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	b, err := t.s.find(c, physicalID)
	var missing *cloud.Error
	if errors.As(err, &missing) && missing.Code == "NoSuchBucket" {
		return nil
	}
	if err != nil {
		return t.s.asReason(err)
	}
	b.policy = ""
	return nil
}

// Exists reports whether the bucket has a policy.
func (t policyType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["Bucket"].(string)
	b, err := t.s.find(c, name)
	return name, err == nil && b.policy != ""
}
