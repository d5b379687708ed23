package unproven

const (
	// readDirectly is what Stowage does with a resource without a result.
	readDirectly = "A resource without a result is read with Cloud Control where Stowage knows how, and else " +
		"counted as not covered."
	// noRevert is what Stowage does with drift-aware change sets.
	noRevert = "Nothing. Stowage makes no drift-aware change set."
	// sweepTest finds drift under several answers.
	sweepTest = "internal/relay:TestDrift_FoundBySweep"
	// meanwhileTest commits to a stack during a detection.
	meanwhileTest = "internal/relay:TestDrift_CommitDuringDetection"
)

// driftRules are the rules of drift detection.
var driftRules = []Rule{
	{
		ID: DriftDoubtedTypes, Answers: []string{Detected, Omitted},
		Belief: "Drift detection checks users, KMS keys, secrets, and servers and users of AWS Transfer Family.",
		Source: "The user guide's table \"Resource type support\" (2026). The coverage roadmap reports the " +
			"contrary for users (issue 1119) and keys (issue 1671), and there is no report of a result " +
			"for the others.",
		Otherwise: readDirectly,
		Test:      sweepTest,
	},
	{
		ID: DriftUnlistedTypes, Answers: []string{Omitted, Detected},
		Belief: "Drift detection leaves out bucket policies, KMS aliases and the policies of secrets.",
		Source: "The user guide's table \"Resource type support\" (2026), and issue 2169 of the coverage " +
			"roadmap for bucket policies. These types have read handlers.",
		Otherwise: readDirectly,
		Test:      sweepTest,
	},
	{
		ID: DriftUnreadable, Answers: []string{Unknown, Fails},
		Belief: "A resource that drift detection cannot read has the status UNKNOWN.",
		Source: "aws-cdk-cli pull request 740, for detections since 2025-08-14. Before, the detection failed " +
			"(coverage roadmap, issue 801).",
		Otherwise:  readDirectly,
		Test:       sweepTest,
		Unmeasured: "Both answers occur in one account: it depends on why a resource cannot be read.",
	},
	{
		ID: StackInSyncDespiteDrift, Answers: []string{Off, On},
		Belief:     "A stack with a resource that has drifted has the status DRIFTED",
		Other:      "it can have the status IN_SYNC",
		Source:     "off is documented; on is reported and confirmed by AWS (coverage roadmap, issue 2283)",
		Otherwise:  "The results of the resources decide, not the status of the stack.",
		Test:       sweepTest,
		Unmeasured: "It is not known when AWS does it.",
	},
	{
		ID: BucketEncryptionDrifts, Answers: []string{Off, On},
		Belief:     "A bucket that is encrypted with AES256 as in its template is in sync",
		Other:      "its BucketEncryption is reported as removed",
		Source:     "on is reported in 2026 (coverage roadmap, issue 2554)",
		Otherwise:  "A reported difference counts only if a read with Cloud Control confirms it.",
		Test:       sweepTest,
		Unmeasured: "The report is of some accounts, and not of others.",
	},
	{
		ID: PolicyDocumentDriftMissed, Answers: []string{Off, On},
		Belief:     "A changed document of a managed policy is drift",
		Other:      "it is not noticed",
		Source:     "on is reported (coverage roadmap, issue 1858)",
		Otherwise:  "Nothing. The change is not found.",
		Test:       "internal/sandbox:TestDrift_Answers",
		Unmeasured: "The report is of some documents, and not of others.",
	},
	{
		ID: UpdateDuringDetection, Answers: []string{Allowed, Refused},
		Belief: "A stack can be updated while drift detection runs. The detection compares with the template " +
			"from before the update.",
		Source: worst,
		Otherwise: "A refused commit waits. The result of a detection counts only if the stack was not updated " +
			"meanwhile.", Test: meanwhileTest,
	},
	{
		ID:         "drift-detection-duration",
		Belief:     "Drift detection reads 50 resources in the time of one resource's creation.",
		Source:     "Users of AWS report 75 seconds for a small stack. The documentation says: up to several minutes.",
		Otherwise:  "Later sweeps look at the detection, for up to an hour.",
		Test:       sweepTest,
		Unmeasured: "It is a duration, and differs from one detection to the next.",
	},
	{
		ID:         "drift-after-update",
		Belief:     "An operation on a stack resets its drift status, and that of its resources, to NOT_CHECKED.",
		Source:     "Deduced from what the console shows.",
		Otherwise:  "Nothing. A result counts only if the stack was not updated since the detection began.",
		Test:       meanwhileTest,
		Unmeasured: "No decision rests on it.",
	},
	{
		ID: SecretReadHandler, Answers: []string{Demanded, Tolerated},
		Belief:     "Reading an AWS::SecretsManager::Secret fails without the right secretsmanager:GetSecretValue.",
		Source:     schemas,
		Otherwise:  "Nothing. A secret without a result is counted as not covered.",
		Test:       "internal/sandbox:TestDrift_Rights",
		Unmeasured: "It needs a secret and a role that may not read it, and tells about drift detection alone.",
	},
	{
		ID: RevertDeleted, Answers: []string{Recreated, Replaced, Ignored},
		Belief: "A drift-aware change set shows a resource that was deleted as an addition, and creates it again.",
		Source: "AWS's blog post about drift-aware change sets shows that they create the resource again, not " +
			"in which form the change set says so. A public tool assumes that they do not " +
			"(projen-pipelines, pull request 219).",
		Otherwise: noRevert,
		Test:      "internal/sandbox:TestRevert_Answers",
	},
	{
		ID: RevertAttachments, Answers: []string{Kept, Reverted},
		Belief: "A drift-aware change set does not detach managed policies from a group, role or user whose " +
			"template does not list its policies.",
		Source: "Deduced from drift detection, which compares the properties of the template alone. The user " +
			"guide says that drift-aware change sets can revert what another stack attaches.",
		Otherwise: noRevert,
		Test:      "internal/sandbox:TestRevert_Answers",
	},
	{
		ID: RevertPhantomChanges, Answers: []string{Off, On},
		Belief: "A drift-aware change set of a stack in sync shows no changes",
		Other: "it shows changes, and replacements, of properties that refer to other resources, and does " +
			"not make them",
		Source:     "on is reported for some types (coverage roadmap, issues 2505 and 2559)",
		Otherwise:  noRevert,
		Test:       "internal/sandbox:TestRevert_Answers",
		Unmeasured: "The types for which it is reported are none of Stowage's.",
	},
	{
		ID: "revert-drift-reads-once",
		Belief: "The execution of a drift-aware change set starts from the state that was read when the set " +
			"was made.",
		Source: "The user guide says that the state is read then. What the execution does if it has changed " +
			"since is documented nowhere.",
		Otherwise:  noRevert,
		Test:       "internal/sandbox:TestRevert_ChangesMeanwhile",
		Unmeasured: "The next detection tells whatever the execution did.",
	},
}
