package projectbucket

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
)

// sources are the resources of other providers whose state a moved block can bring. Their states
// name the bucket since the first versions of these providers; nothing else of them is needed.
var sources = []entity.Source{
	{Provider: "hashicorp/aws", Type: "aws_s3_bucket", Names: []string{"bucket", "id"}},
	{Provider: "hashicorp/awscc", Type: "awscc_s3_bucket", Names: []string{"bucket_name", "id"}},
}

// describeMove lists what the adoption of a moved bucket changes. Terraform shows all its settings as
// new, because its state has none of them.
func describeMove(p *entity.PlanRequest[Model]) string {
	if !p.Moved {
		return ""
	}
	var texts []string
	for _, setting := range []struct {
		name        string
		now, future attr.Value
	}{
		{"versioning", p.State.Versioning, p.Plan.Versioning},
		{"kms_key_arn", p.State.KMSKeyARN, p.Plan.KMSKeyARN},
		{"lifecycle_rules", p.State.LifecycleRules, p.Plan.LifecycleRules},
		{"object_lock", p.State.ObjectLock, p.Plan.ObjectLock},
		{"cors", p.State.CORS, p.Plan.CORS},
		{"tags_all", p.State.TagsAll, p.Plan.TagsAll},
	} {
		texts = append(texts, changesOf(setting.name, setting.now, setting.future)...)
	}
	if drift := p.State.Drift.ValueString(); drift != "" {
		texts = append(texts, strings.Split(drift, "\n")...)
	}
	changes := "It changes nothing."
	if len(texts) > 0 {
		changes = "It changes:\n- " + strings.Join(texts, "\n- ")
	}
	return "\n\nThe state of the moved resource holds no settings, so that all appear as new in this plan. " +
		"Compared with the bucket as it exists, the apply does less. " + changes + "\n\n" +
		"Other resources that configure the bucket, such as aws_s3_bucket_versioning, must leave the state without being destroyed:\n\n" +
		"  removed {\n    from = aws_s3_bucket_versioning.example\n    lifecycle {\n      destroy = false\n    }\n  }\n\n" +
		"If their blocks are only deleted, the aws provider suspends versioning and deletes the bucket policy."
}

// changesOf lists how a setting changes, member by member for objects and maps.
func changesOf(name string, now, future attr.Value) []string {
	before, isGroup := members(now)
	after, alsoGroup := members(future)
	if isGroup && alsoGroup {
		var texts []string
		names := slices.Collect(maps.Keys(before))
		names = slices.AppendSeq(names, maps.Keys(after))
		slices.Sort(names)
		for _, member := range slices.Compact(names) {
			for _, text := range changesOf(member, before[member], after[member]) {
				texts = append(texts, name+": "+text)
			}
		}
		return texts
	}
	switch {
	case isNothing(now) && isNothing(future), now != nil && future != nil && now.Equal(future):
		return nil
	case isNothing(now):
		return []string{fmt.Sprintf("%s is not set, and becomes %s", name, future)}
	case isNothing(future):
		return []string{fmt.Sprintf("%s is %s, and is removed", name, now)}
	}
	return []string{fmt.Sprintf("%s is %s, and becomes %s", name, now, future)}
}

// members returns the members of an object or a map that is known.
func members(value attr.Value) (map[string]attr.Value, bool) {
	switch v := value.(type) {
	case types.Object:
		return v.Attributes(), !v.IsNull() && !v.IsUnknown()
	case types.Map:
		return v.Elements(), !v.IsUnknown()
	}
	return nil, false
}

func isNothing(value attr.Value) bool { return value == nil || value.IsNull() }
