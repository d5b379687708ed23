package sandbox

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// reading demands what a resource type's read handler requires (resource type schemas, "handlers").
// It is documented nowhere whether the handler of a secret reads the value, too (unproven:
// secret-read-handler).
func (s *Sandbox) reading(c cloud.Caller, t *step) (demands []cloud.Demand, known bool) {
	h, known := handlers[t.Type]
	if !known {
		return nil, false
	}
	resource := s.readResource(t)
	for _, action := range h.read {
		rule, doubtful := readBack[action]
		switch {
		case action == "secretsmanager:GetSecretValue":
			if t.answers.Of(unproven.SecretReadHandler) == unproven.Demanded {
				t.demands = append(t.demands, s.secrets.ReadDemands(c, resource)...)
			}
		case doubtful && t.answers.Of(rule) == unproven.Tolerated: // refused or not, the read continues
		case withoutResource[action]:
			t.needs("*", action)
		default:
			t.needs(resource, action)
		}
	}
	return t.demands, true
}

// readResource returns the resource on which a read requires permissions. IAM does not know the
// path of a nonexistent entity, and authorizes a request for it by its name: refusals published by
// AWS's users name the resource as "role NAME". So a policy with a path allows to read what exists,
// and refuses to say that it does not.
func (s *Sandbox) readResource(t *step) string {
	id := t.PhysicalID
	entity := func(noun, arn string) string {
		if arn == "" {
			return noun + " " + id
		}
		return arn
	}
	switch t.Type {
	case "AWS::S3::Bucket", "AWS::S3::BucketPolicy":
		return "arn:aws:s3:::" + id
	case "AWS::KMS::Key":
		return t.arn("kms", "key/"+id)
	case "AWS::SSM::Parameter":
		return t.arn("ssm", "parameter/"+strings.TrimPrefix(id, "/"))
	case "AWS::IAM::User":
		return entity("user", s.iam.UserARN(t.account, id))
	case "AWS::IAM::Group":
		return entity("group", s.iam.GroupARN(t.account, id))
	case "AWS::IAM::Role":
		arn, _, _ := s.iam.Role(t.account, id)
		return entity("role", arn)
	case "AWS::Logs::LogGroup":
		return t.arn("logs", "log-group:"+id+":*")
	}
	return id // an ARN, or the name of an alias, which is not used
}
