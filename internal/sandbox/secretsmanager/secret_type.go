package secretsmanager

import (
	"fmt"
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// secretType is AWS::SecretsManager::Secret: Ref gives the ARN.
type secretType struct{ s *Service }

func (secretType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Name":         {Kind: cloud.KindString, CreateOnly: true},
			"Description":  {Kind: cloud.KindString},
			"KmsKeyId":     {Kind: cloud.KindString},
			"SecretString": {Kind: cloud.KindString, WriteOnly: true},
			"Tags":         {Kind: cloud.KindList},
		},
		PrimaryID:  []string{"Id"},
		Attributes: []string{"Id"},
		Tags:       true,
	}
}

func (t secretType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	name, given := r.Properties["Name"].(string)
	if !given {
		name = r.LogicalID + "-" + t.s.world.NewToken(12)
	}
	made := secret{name: name, tags: maps.Clone(r.Tags)}
	if made.tags == nil {
		made.tags = make(map[string]string)
	}
	made.set(r.Properties)
	created, err := t.s.create(c, made)
	if err != nil {
		return cloud.Resource{}, err
	}
	if text, ok := r.Properties["SecretString"].(string); ok {
		if _, err := t.s.put(created, "", text, nil, nil); err != nil {
			delete(t.s.secrets, created.arn)
			return cloud.Resource{}, err
		}
	}
	return resourceOf(created.arn), nil
}

func (t secretType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found, err := t.s.findLive(c, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	for key := range tagsOf(old) {
		delete(found.tags, key)
	}
	found.set(desired)
	found.changed = t.s.world.Now()
	if text, ok := desired["SecretString"].(string); ok && text != old["SecretString"] {
		if _, err := t.s.put(found, "", text, nil, nil); err != nil {
			return cloud.Resource{}, err
		}
	}
	return resourceOf(found.arn), nil
}

// Delete skips the recovery window, as CloudFormation does.
func (t secretType) Delete(_ cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.secrets, physicalID)
	return nil
}

func (t secretType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	if arn, ok := properties["Id"].(string); ok {
		return arn, t.s.secrets[arn] != nil
	}
	name, _ := properties["Name"].(string)
	if found := t.s.named(c, name); found != nil {
		return found.arn, true
	}
	return "", false
}

func (on *secret) set(properties map[string]any) {
	on.description, _ = properties["Description"].(string)
	on.kmsKey, _ = properties["KmsKeyId"].(string)
	maps.Copy(on.tags, tagsOf(properties))
}

func resourceOf(arn string) cloud.Resource {
	return cloud.Resource{PhysicalID: arn, Attributes: map[string]any{"Id": arn}}
}

func tagsOf(properties map[string]any) map[string]string {
	tags := make(map[string]string)
	list, _ := properties["Tags"].([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			tags[fmt.Sprint(m["Key"])] = fmt.Sprint(m["Value"])
		}
	}
	return tags
}
