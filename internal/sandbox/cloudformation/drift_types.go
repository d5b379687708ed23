package cloudformation

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// coverage is what drift detection does with a resource type.
type coverage int

const (
	// uncovered types have no read handler.
	uncovered coverage = iota
	// covered types are checked.
	covered
	// doubted types are checked according to the user guide. AWS's users miss them in results
	// (coverage roadmap, issues 1119 and 1671), or no report of a result exists (unproven:
	// drift-doubted-types).
	doubted
	// unlisted types have a read handler, but are not checked according to the user guide
	// (unproven: drift-unlisted-types).
	unlisted
)

// driftCoverage is the column "Drift detection" of the CloudFormation user guide, "Resource type
// support" (2026). Types that are not in the table are uncovered.
var driftCoverage = map[string]coverage{
	"AWS::DynamoDB::Table":                covered,
	"AWS::IAM::Group":                     covered,
	"AWS::IAM::ManagedPolicy":             covered,
	"AWS::IAM::Role":                      covered,
	"AWS::IAM::User":                      doubted,
	"AWS::KMS::Alias":                     unlisted,
	"AWS::KMS::Key":                       doubted,
	"AWS::Logs::LogGroup":                 covered,
	"AWS::S3::Bucket":                     covered,
	"AWS::S3::BucketPolicy":               unlisted,
	"AWS::SNS::Topic":                     covered,
	"AWS::SSM::Parameter":                 covered,
	"AWS::SecretsManager::ResourcePolicy": unlisted,
	"AWS::SecretsManager::Secret":         doubted,
	"AWS::Transfer::Server":               doubted,
	"AWS::Transfer::User":                 doubted,
}

// coversDrift reports whether drift detection checks resources of a type. Others are left out of
// its results.
func (s *Service) coversDrift(kind string) (bool, error) {
	switch driftCoverage[kind] {
	case uncovered:
		return false, nil
	case doubted:
		if s.w.AnswersWith(unproven.DriftDoubtedTypes, unproven.Omitted) {
			return false, nil
		}
	case unlisted:
		if s.w.AnswersWith(unproven.DriftUnlistedTypes, unproven.Omitted) {
			return false, nil
		}
	case covered:
	}
	if _, ok := s.w.Type(kind).(cloud.Readable); !ok {
		return false, cloud.NotModelled("the drift of an %s", kind)
	}
	return true, nil
}

// readLive returns the properties of a resource as its service has them. The read handler has the
// permissions of the caller (CloudFormation user guide, "Detect unmanaged configuration changes").
func (s *Service) readLive(res *resource, caller cloud.Caller) (map[string]any, error) {
	if reason := s.fault(res.kind, res.physicalID, cloud.PhaseRead); reason != "" {
		return nil, cloud.Errorf("GeneralServiceException", "%s", reason)
	}
	if s.w.Permit != nil {
		step := cloud.Step{Type: res.kind, PhysicalID: res.physicalID, Reading: true, Detecting: true}
		if err := s.w.Permit(caller, step); err != nil {
			return nil, err //nolint:wrapcheck // the text is AWS's
		}
	}
	ty := s.w.Type(res.kind).(cloud.Readable) //nolint:forcetypeassert // coversDrift has checked it
	return ty.Read(caller, res.physicalID)    //nolint:wrapcheck // the text is AWS's
}

// inspect compares a resource with its expected properties.
func (s *Service) inspect(st *stack, res *resource, caller cloud.Caller) *resourceDrift {
	result := &resourceDrift{
		logicalID: res.logicalID, physicalID: res.physicalID, kind: res.kind, checked: s.w.Now(),
	}
	actual, err := s.readLive(res, caller)
	switch {
	case cloud.IsNotFound(err):
		result.status = deletedAway
		return result
	case err != nil:
		result.status, result.reason = undecided, messageOf(err)
		return result
	}
	result.live = actual
	result.expected, result.actual = s.compared(st, res, actual)
	result.differences = differences(result.expected, result.actual)
	result.status = inSync
	if len(result.differences) > 0 {
		result.status = modified
	}
	return result
}

// compared returns the properties that drift detection compares: those of the template, without the
// ones that a read never returns.
func (s *Service) compared(st *stack, res *resource, live map[string]any) (expected, actual map[string]any) {
	schema := s.w.Type(res.kind).Schema()
	expected, actual = map[string]any{}, map[string]any{}
	for name, value := range res.properties {
		if schema.Properties[name].WriteOnly || s.missesDrift(res.kind, name) {
			continue
		}
		expected[name] = value
		if found, ok := live[name]; ok {
			actual[name] = found
		}
	}
	if _, declared := expected["Tags"].([]any); declared {
		others := st.foreignTags(expected["Tags"])
		actual["Tags"] = withoutTags(actual["Tags"], others)
	}
	if s.w.On(cloud.BucketEncryptionDrifts) && strings.Contains(jsonText(expected["BucketEncryption"]), `"AES256"`) {
		delete(actual, "BucketEncryption")
	}
	return expected, actual
}

// missesDrift reports whether a change of a property is not noticed (unproven:
// managed-policy-document-drift-missed).
func (s *Service) missesDrift(kind, property string) bool {
	return kind == "AWS::IAM::ManagedPolicy" && property == "PolicyDocument" && s.w.On(cloud.PolicyDocumentDriftMissed)
}

// foreignTags returns a function that reports whether a tag key of a live resource belongs neither
// to its template nor to other tools than CloudFormation: CloudFormation's own keys, and those of
// the stack, which are part of the expectation.
func (st *stack) foreignTags(declared any) func(key string) bool {
	own := map[string]bool{}
	for key := range tagsByKey(declared) {
		own[key] = true
	}
	return func(key string) bool {
		if own[key] {
			return false
		}
		_, ofStack := tagMap(st.config.tags)[key]
		return ofStack || strings.HasPrefix(key, "aws:")
	}
}

func withoutTags(tags any, drop func(key string) bool) []any {
	kept := []any{}
	all, _ := tags.([]any)
	for _, one := range all {
		if key, ok := keyOf(one, "Key"); !ok || !drop(key) {
			kept = append(kept, one)
		}
	}
	return kept
}

func tagsByKey(tags any) map[string]any {
	found := map[string]any{}
	all, _ := tags.([]any)
	for _, one := range all {
		if key, ok := keyOf(one, "Key"); ok {
			found[key] = one
		}
	}
	return found
}
