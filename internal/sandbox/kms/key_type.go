package kms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// keyType is AWS::KMS::Key: Ref gives the key ID. Deleting one schedules its deletion.
type keyType struct{ s *Service }

func (keyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Description":         {Kind: cloud.KindString},
			"Enabled":             {Kind: cloud.KindBool},
			"EnableKeyRotation":   {Kind: cloud.KindBool},
			"KeyPolicy":           {Kind: cloud.KindJSON},
			"PendingWindowInDays": {Kind: cloud.KindInteger, WriteOnly: true},
			"Tags":                {Kind: cloud.KindList},
		},
		PrimaryID:  []string{"KeyId"},
		Attributes: []string{"Arn", "KeyId"},
		Tags:       true,
	}
}

func (t keyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	made := key{tags: maps.Clone(r.Tags)}
	if made.tags == nil {
		made.tags = make(map[string]string)
	}
	if err := t.s.set(c, &made, r.Properties); err != nil {
		return cloud.Resource{}, err
	}
	return t.s.create(c, made).resource(), nil
}

func (t keyType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found, err := t.s.find(c, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	if !found.deletion.IsZero() {
		return cloud.Resource{}, cloud.Errorf("KMSInvalidStateException", "%s is pending deletion.", found.arn)
	}
	changed := *found
	changed.tags = maps.Clone(found.tags)
	for name := range tagsOf(old) {
		delete(changed.tags, name)
	}
	if err := t.s.set(c, &changed, desired); err != nil {
		return cloud.Resource{}, err
	}
	*found = changed
	return found.resource(), nil
}

func (t keyType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	if found, err := t.s.find(c, physicalID); err == nil && found.deletion.IsZero() {
		window := found.window
		if window == 0 {
			window = defaultWindow
		}
		t.s.schedule(found, window)
	}
	return nil
}

func (t keyType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	id, _ := properties["KeyId"].(string)
	found, err := t.s.find(c, id)
	return id, err == nil && found.deletion.IsZero()
}

func (s *Service) set(c cloud.Caller, k *key, properties map[string]any) error {
	k.description, _ = properties["Description"].(string)
	k.rotation = truth(properties["EnableKeyRotation"], false)
	k.enabled = truth(properties["Enabled"], true)
	if policy, ok := properties["KeyPolicy"]; ok {
		text, isText := policy.(string)
		if !isText {
			encoded, err := json.Marshal(policy)
			if err != nil {
				return fmt.Errorf("encode the key policy: %w", err)
			}
			text = string(encoded)
		}
		if err := s.checkPolicy(c, text, false); err != nil {
			return err
		}
		k.policy = text
	}
	if days, ok := properties["PendingWindowInDays"]; ok {
		if _, err := fmt.Sscan(fmt.Sprint(days), &k.window); err != nil || k.window < minimumWindow ||
			k.window > defaultWindow {
			return cloud.Errorf(
				"ValidationException", "PendingWindowInDays must be between %d and %d", minimumWindow, defaultWindow,
			)
		}
	}
	own := tagsOf(properties)
	if err := checkTags(listOf(own)); err != nil {
		return err
	}
	maps.Copy(k.tags, own)
	return nil
}

func listOf(tags map[string]string) []tag {
	list := make([]tag, 0, len(tags))
	for name, value := range tags {
		list = append(list, tag{name, value})
	}
	slices.SortFunc(list, func(a, b tag) int { return strings.Compare(a.TagKey, b.TagKey) })
	return list
}

func (k *key) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: k.id, Attributes: map[string]any{"Arn": k.arn, "KeyId": k.id}}
}

// truth reads a boolean property, which CloudFormation also accepts as text.
func truth(v any, otherwise bool) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "true"
	default:
		return otherwise
	}
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
