package judge

import (
	"fmt"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// securityPolicies are the policies of AWS Transfer Family without weak algorithms (AWS Transfer
// Family user guide, security-policies).
var securityPolicies = []string{"TransferSecurityPolicy-2025-03"}

// logYear is the minimum retention of logs in days for Security Hub (CloudWatch.16).
const logYear = 365

func judgeServer(p object, say func(ok bool, control, text string)) {
	say(fmt.Sprint(p["Protocols"]) == "[SFTP]", "Transfer.2", "the server speaks something else than SFTP")
	name, _ := p["SecurityPolicyName"].(string)
	say(
		slices.Contains(securityPolicies, name), "transfer-policy",
		"the security policy is not one of "+fmt.Sprint(securityPolicies),
	)
	destinations, _ := p["StructuredLogDestinations"].([]any)
	say(len(destinations) == 1, "transfer-logs", "the server logs nothing")
}

func judgeHome(p object, say func(ok bool, control, text string)) {
	mappings, _ := p["HomeDirectoryMappings"].([]any)
	say(
		p["HomeDirectoryType"] == "LOGICAL" && len(mappings) > 0 && p["HomeDirectory"] == nil, "transfer-home",
		"the user sees whole buckets and their names",
	)
	say(
		p["Role"] != nil && p["Policy"] == nil, "transfer-home",
		"what the user may do is not the matter of its role alone",
	)
}

func judgeLogs(p object, say func(ok bool, control, text string)) {
	days, _ := p["RetentionInDays"].(float64)
	say(days >= logYear, "CloudWatch.16", "logs are not kept for a year")
	say(p["KmsKeyId"] != nil, "CKV_AWS_158", "no customer managed key encrypts the logs")
}

// judgeTrust requires a role that only AWS Transfer Family can assume, and only for servers of this
// account.
func judgeTrust(s policydoc.Statement, say func(ok bool, control, text string)) {
	if s.Effect != "Allow" {
		return
	}
	transfer := !s.NotPrincipal && len(s.Principals) == 1 &&
		slices.Equal(s.Principals["Service"], []string{"transfer.amazonaws.com"})
	say(
		transfer && slices.Equal(s.Actions, []string{"sts:AssumeRole"}), "role-trust",
		"others than AWS Transfer Family can take the role",
	)
	source := s.Conditions["StringEquals"]["aws:SourceAccount"]
	say(
		len(source) == 1 && accountID.MatchString(source[0]), "confused-deputy",
		"servers of other accounts can take the role",
	)
}
