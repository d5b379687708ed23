package s3

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type bucketType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-s3-bucket.
func (bucketType) Schema() *cloud.TypeSchema {
	properties := map[string]cloud.Property{
		"BucketName":                     {Kind: cloud.KindString, CreateOnly: true},
		"BucketNamespace":                {Kind: cloud.KindString, CreateOnly: true, WriteOnly: true},
		"AccessControl":                  {Kind: cloud.KindString, WriteOnly: true},
		"BucketEncryption":               {Kind: cloud.KindMap},
		"PublicAccessBlockConfiguration": {Kind: cloud.KindMap},
		"OwnershipControls":              {Kind: cloud.KindMap},
		"VersioningConfiguration":        {Kind: cloud.KindMap},
		"LifecycleConfiguration":         {Kind: cloud.KindMap},
		"LoggingConfiguration":           {Kind: cloud.KindMap},
		"NotificationConfiguration":      {Kind: cloud.KindMap},
		"ObjectLockEnabled":              {Kind: cloud.KindBool},
		"ObjectLockConfiguration":        {Kind: cloud.KindMap},
		"CorsConfiguration":              {Kind: cloud.KindMap},
		"Tags":                           {Kind: cloud.KindList},
	}
	for _, name := range slices.Concat(notModelled, stored) {
		properties[name] = cloud.Property{}
	}
	return &cloud.TypeSchema{
		Properties: properties,
		PrimaryID:  []string{"BucketName"},
		Attributes: []string{"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"},
		Tags:       true,
	}
}

// Create creates a bucket with all of its settings, or nothing.
func (t bucketType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	p, err := decodeProperties(r.Properties)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	name := p.BucketName
	if name == "" {
		name = t.s.generatedName(r.StackName, r.LogicalID)
	}
	b, err := t.s.create(c, name, p.BucketNamespace)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if err := p.apply(t.s, b, nil, r.Properties); err != nil {
		delete(t.s.buckets, name)
		return cloud.Resource{}, t.s.asReason(err)
	}
	for key, value := range r.Tags {
		b.stackTags = append(b.stackTags, tag{key, value})
	}
	slices.SortFunc(b.stackTags, func(x, y tag) int { return strings.Compare(x.Key, y.Key) })
	return resourceOf(b), nil
}

// Update changes the settings of the properties that changed.
func (t bucketType) Update(c cloud.Caller, physicalID string, old, properties map[string]any) (cloud.Resource, error) {
	b, err := t.s.find(c, physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	p, err := decodeProperties(properties)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if err := p.apply(t.s, b, old, properties); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	return resourceOf(b), nil
}

// Delete deletes an empty bucket. It never empties one.
func (t bucketType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	b, err := t.s.find(c, physicalID)
	var missing *cloud.Error
	if errors.As(err, &missing) && missing.Code == "NoSuchBucket" {
		return nil
	}
	if err != nil {
		return t.s.asReason(err)
	}
	return t.s.asReason(t.s.remove(b))
}

// Exists finds a bucket of the caller's account and region by its name.
func (t bucketType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["BucketName"].(string)
	_, err := t.s.find(c, name)
	return name, err == nil
}

func resourceOf(b *bucket) cloud.Resource {
	return cloud.Resource{PhysicalID: b.name, Attributes: map[string]any{
		"Arn":                 arnOf(b.name),
		"DomainName":          b.name + ".s3.amazonaws.com",
		"RegionalDomainName":  b.name + ".s3." + b.region + ".amazonaws.com",
		"DualStackDomainName": b.name + ".s3.dualstack." + b.region + ".amazonaws.com",
		"WebsiteURL":          "http://" + b.name + ".s3-website-" + b.region + ".amazonaws.com",
	}}
}

// generatedName returns CloudFormation's name for a bucket without BucketName: stack name, logical
// ID and twelve random characters, in lower case and cut to 63.
func (s *Service) generatedName(stack, logicalID string) string {
	random := strings.ToLower(s.world.NewToken(12))
	stem := strings.ToLower(stack + "-" + logicalID)
	return stem[:min(len(stem), 63-1-len(random))] + "-" + random
}

// asReason gives an error the text of CloudFormation's failure reasons: the service's message with
// its origin.
func (s *Service) asReason(err error) error {
	var e *cloud.Error
	if !errors.As(err, &e) || e.Code == "SandboxNotModelled" || e.Code == "ValidationError" {
		return err
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	reason := *e
	reason.Message = fmt.Sprintf(
		"%s (Service: Amazon S3; Status Code: %d; Error Code: %s; Request ID: %s; S3 Extended Request ID: sandbox; Proxy: null)",
		e.Message,
		status,
		e.Code,
		s.world.NewToken(16),
	)
	return &reason
}
