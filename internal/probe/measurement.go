package probe

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// measurement answers rules by what it makes in the account.
type measurement struct {
	name  string
	rules []string
	makes string
	cost  string
	// measure sets the answers that it finds. An error is the reason for which the remaining rules
	// have none.
	measure func(ctx context.Context, p *probe, found unproven.Answers) error
}

// measurements are all measurements, the cheapest first.
var measurements = []measurement{
	{
		name: "change set",
		rules: []string{
			unproven.AdditionsHaveReplacement,
			unproven.NewChangeSetsNotFoundAtFirst,
			unproven.ChangesPerPage,
			unproven.SameNameRequest,
		},
		makes: "A change set with 110 additions, which is not executed, and the stack in review that holds it.",
		cost:  "Nothing.", measure: measureChangeSet,
	},
	{
		name: "operations",
		rules: []string{
			unproven.EventsPerPage,
			unproven.ResourcesPerPage,
			unproven.MetadataChangesLackContext,
			unproven.PolicyChangesUnlisted,
			unproven.FailureReasonNeedsPlainDescribe,
			unproven.ForeignImport,
			unproven.DependentsListedWithValues,
			unproven.ContextMetadata,
			unproven.ExecuteRefusesRepeatedToken,
			unproven.TemplateDuringUpdate,
			unproven.RollbackChangeSetID,
			unproven.DirectUpdateChangeSetID,
		},
		makes: "A stack of 110 SSM parameters, which is updated three times. The second update fails and is rolled back. " +
			"Another stack in review, with a change set that would import one of the parameters and is not executed.",
		cost: "Nothing: standard parameters are free.", measure: measureOperations,
	},
	{
		name: "drift",
		rules: []string{
			unproven.DriftDoubtedTypes,
			unproven.DriftUnlistedTypes,
			unproven.UpdateDuringDetection,
			unproven.RevertDeleted,
			unproven.RevertAttachments,
		},
		makes: "A stack of an IAM user without rights, an empty group, and an empty bucket with a policy. Its " +
			"drift is detected twice. Another stack attaches a policy that denies everything to the group, the " +
			"bucket is deleted, and a change set that would repair both is not executed.",
		cost: "Nothing: none of them holds anything.", measure: measureDrift,
	},
	{
		name:  "secret in events",
		rules: []string{unproven.EventSecrets},
		makes: "A stack of an IAM user without rights, an access key, and a secret that holds the key. The " +
			"secret is never printed.",
		cost:    "Less than 0.01 USD: a secret costs 0.40 USD per month.",
		measure: measureEventSecrets,
	},
	{
		name: "rights of handlers",
		rules: []string{
			unproven.ParameterReadBack,
			unproven.LogGroupReadBack,
			unproven.LoginProfileReadBack,
			unproven.CreationResourceAccount,
		},
		makes: "A role that lacks the rights in question, and with it a stack each of an SSM parameter, a log " +
			"group, an IAM user without rights, " +
			"and an empty bucket with object lock.",
		cost:    "Nothing: none of them holds anything.",
		measure: measureRights,
	},
}

// wants reports whether a measurement answers one of the rules; no rules stand for all.
func (m measurement) wants(rules []string) bool {
	for _, rule := range rules {
		for _, own := range m.rules {
			if rule == own {
				return true
			}
		}
	}
	return len(rules) == 0
}
