package logs

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// keyActions are the permissions that CloudWatch Logs needs on a key (CloudWatch Logs user guide,
// encrypt-log-data-kms).
var keyActions = []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"}

// usable refuses a key that does not exist or whose policy does not allow CloudWatch Logs to use it
// for the group. Users report the text.
func (s *Service) usable(c cloud.Caller, key, group string) error {
	keys := s.world.EncryptionKeys()
	if key == "" || keys == nil {
		return nil
	}
	arn := "arn:aws:logs:" + c.Region + ":" + c.Account + ":log-group:" + group
	refusal := invalid("The specified KMS key does not exist or is not allowed to be used with LogGroup '%s'", arn)
	found, text, err := keys.EncryptionKey(c, key)
	if err != nil {
		return refusal
	}
	policy, err := policydoc.Parse(text, policydoc.Resource)
	if err != nil {
		return refusal
	}
	for _, action := range keyActions {
		request := evaluate.Request{
			Principal: "logs." + c.Region + ".amazonaws.com", Action: action, Resource: found,
			Context: map[string][]string{
				"kms:EncryptionContext:aws:logs:arn": {
					arn,
				},
				"aws:SourceArn":     {arn},
				"aws:SourceAccount": {c.Account},
				"kms:ViaService":    {"logs." + c.Region + ".amazonaws.com"},
			},
		}
		if !evaluate.ServiceMay(request, policy) {
			return refusal
		}
	}
	return nil
}
