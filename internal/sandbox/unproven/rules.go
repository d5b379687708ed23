package unproven

import "slices"

// The rules that have a switch.
const (
	// ContextMetadata is shown or hidden.
	ContextMetadata = "change-set-context-metadata"
	// ChangesPerPage is a number.
	ChangesPerPage = "change-set-changes-per-page"
	// SameNameRequest is compared or ignored.
	SameNameRequest = "change-set-same-name-request"
	// ForeignImport is added or refused.
	ForeignImport = "import-from-another-stack"
	// TemplateDuringUpdate is new or old.
	TemplateDuringUpdate = "get-template-during-update"
	// RollbackChangeSetID is last-executed or previous.
	RollbackChangeSetID = "rollback-change-set-id"
	// DirectUpdateChangeSetID is cleared or kept.
	DirectUpdateChangeSetID = "direct-update-change-set-id"
	// EventsPerPage is a number.
	EventsPerPage = "events-per-page"
	// ResourcesPerPage is a number.
	ResourcesPerPage = "list-items-per-page"
	// EventSecrets is resolved or masked.
	EventSecrets = "event-properties-secrets"
	// ParameterReadBack is demanded or tolerated.
	ParameterReadBack = "ssm-parameter-read-back"
	// LogGroupReadBack is demanded or tolerated.
	LogGroupReadBack = "log-group-read-back"
	// LoginProfileReadBack is demanded or tolerated.
	LoginProfileReadBack = "iam-user-login-profile"
	// CreationResourceAccount is set or unset.
	CreationResourceAccount = "s3-creation-resource-account"
	// DriftDoubtedTypes is detected or omitted.
	DriftDoubtedTypes = "drift-doubted-types"
	// DriftUnlistedTypes is omitted or detected.
	DriftUnlistedTypes = "drift-unlisted-types"
	// DriftUnreadable is unknown or fails.
	DriftUnreadable = "drift-unreadable-resource"
	// RevertAttachments is kept or reverted.
	RevertAttachments = "revert-drift-attachments"
	// RevertDeleted is recreated, replaced or ignored.
	RevertDeleted = "revert-drift-deleted"
	// SecretReadHandler is demanded or tolerated.
	SecretReadHandler = "secret-read-handler"
	// UpdateDuringDetection is allowed or refused.
	UpdateDuringDetection = "update-during-drift-detection"
)

// The rules whose switch is off or on. Each name describes what AWS does when the switch is on.
const (
	AdditionsHaveReplacement        = "additions-have-replacement"
	BucketEncryptionDrifts          = "bucket-encryption-drifts"
	DependentsListedWithValues      = "dependents-listed-with-values"
	ExecuteRefusesRepeatedToken     = "execute-refuses-repeated-token"
	FailureReasonNeedsPlainDescribe = "failure-reason-needs-plain-describe"
	MetadataChangesLackContext      = "metadata-changes-lack-context"
	NewChangeSetsNotFoundAtFirst    = "new-change-sets-not-found-at-first"
	PolicyChangesUnlisted           = "policy-changes-unlisted"
	PolicyDocumentDriftMissed       = "managed-policy-document-drift-missed"
	StackInSyncDespiteDrift         = "stack-in-sync-despite-drift"
	RevertPhantomChanges            = "revert-drift-phantom-changes"
	ValuesIncomplete                = "values-incomplete"
)

// The answers to rules.
const (
	Off          = "off"
	On           = "on"
	Shown        = "shown"
	Hidden       = "hidden"
	Compared     = "compared"
	Ignored      = "ignored"
	New          = "new"
	Old          = "old"
	LastExecuted = "last-executed"
	Previous     = "previous"
	Resolved     = "resolved"
	Masked       = "masked"
	Demanded     = "demanded"
	Tolerated    = "tolerated"
	Set          = "set"
	Unset        = "unset"
	Added        = "added"
	Refused      = "refused"
	Cleared      = "cleared"
	Kept         = "kept"
	Detected     = "detected"
	Omitted      = "omitted"
	Unknown      = "unknown"
	Fails        = "fails"
	Allowed      = "allowed"
	Recreated    = "recreated"
	Replaced     = "replaced"
	Reverted     = "reverted"
)

// Texts that several rules share.
const (
	// everyAnswer commits a series of changes under each answer of each switch.
	everyAnswer = "internal/stack:TestCommit_EveryAnswer"
	// switches commits changes with each switch on, alone and together.
	switches = "internal/stack:TestSwitches"
	// provisioner applies projects with the rights of onboarding alone, which the sandbox demands
	// in full.
	provisioner = "examples/onboarding:TestProvisioner_EveryAnswer"

	wordingOnly    = "It is the wording of an error. No decision rests on it."
	needsWebSocket = "It needs a WebSocket API with functions behind it. Deploy a hub and watch its relay instead."
	needsKey       = "It needs a KMS key. AWS keeps a key for seven days at least, so the probe could not remove it."
	schemas        = "Resource type schemas, \"handlers\". Whether a handler tolerates a refused read is not documented."
	worst          = "None. The worse case for Stowage is assumed."
)

// Rules contains all unproven rules.
var Rules = slices.Concat(offOnRules, changeSetRules, operationRules, driftRules, functionRules,
	gatewayRules, handlerRules, otherRules)

var offOnRules = []Rule{
	{
		ID:      AdditionsHaveReplacement,
		Answers: []string{Off, On},
		Belief:  "DescribeChangeSet with property values gives no Replacement for an Add",
		Other:   "it gives Replacement True for an Add",
		Source: "both recorded by LocalStack's tests: without since 2025-05-19, with until 2025-05-05 " +
			"(test_change_set_fn_get_attr and others)",
		Otherwise: "The value is ignored: only a modification can be a replacement.",
		Test:      switches,
	},
	{
		ID:      DependentsListedWithValues,
		Answers: []string{Off, On},
		Belief: "DescribeChangeSet with property values leaves out a resource that only refers by Fn::GetAtt " +
			"to a property that changes in place",
		Other:     "it lists the resource as Modify",
		Source:    "off recorded by LocalStack's test_change_set_fn_get_attr, 2025-04-08; no source for on",
		Otherwise: "A listed dependent whose reference did not change is no unexpected change.",
		Test:      switches,
	},
	{
		ID: ExecuteRefusesRepeatedToken, Answers: []string{Off, On},
		Belief:    "ExecuteChangeSet with the ClientRequestToken of the execution that runs succeeds",
		Other:     "it answers TokenAlreadyExistsException",
		Source:    "on is listed among the errors of ExecuteChangeSet in the SDK's model; no source for either",
		Otherwise: "The refusal is taken for a lost reply: the events tell whether the execution is the own one.",
		Test:      "internal/stack:TestSwitches_RepeatedToken",
	},
	{
		ID: FailureReasonNeedsPlainDescribe, Answers: []string{Off, On},
		Belief:    "DescribeChangeSet with property values gives the StatusReason of a set that failed",
		Other:     "only DescribeChangeSet without property values gives it",
		Source:    "on reported for 2024 (boto3 issue 4178)",
		Otherwise: "A failed set without a reason is described again without property values.",
		Test:      "internal/stack:TestDescribeChangeSet_FailedWithoutReason",
	},
	{
		ID: MetadataChangesLackContext, Answers: []string{Off, On},
		Belief:    "DescribeChangeSet gives a BeforeContext for a resource whose metadata alone changes",
		Other:     "it gives none",
		Source:    "no recording exists",
		Otherwise: "A change of metadata alone is verified by its action and by the revision.",
		Test:      switches,
	},
	{
		ID: NewChangeSetsNotFoundAtFirst, Answers: []string{Off, On},
		Belief:    "DescribeChangeSet finds a set as soon as CreateChangeSet has answered",
		Other:     "the first description of a set answers ChangeSetNotFound",
		Source:    "CloudFormation's API is eventually consistent; how long is documented nowhere",
		Otherwise: "The description is repeated.",
		Test:      switches,
	},
	{
		ID:      PolicyChangesUnlisted,
		Answers: []string{Off, On},
		Belief:  "A change of only DeletionPolicy or UpdateReplacePolicy is an update and is listed as Modify",
		Other:   "it is no update and is not listed",
		Source: "off recorded by LocalStack's test_update_with_previous_parameter_value, 2025-08-08, and " +
			"measured in ministack pull request 1646; " +
			"on is what the user guide says",
		Otherwise: "An intended change of policies alone may be missing from the list.",
		Test:      switches,
	},
	{
		ID:      ValuesIncomplete,
		Answers: []string{Off, On},
		Belief:  "DescribeChangeSet with property values lists every change whose values can be computed",
		Other:   "it leaves one change out and says so in the StatusReason of a set that is CREATE_COMPLETE",
		Source: "the text is recorded by LocalStack (exports_imports) and reported in aws-cdk-cli issue " +
			"1780; which change is left out is documented nowhere",
		Otherwise: "The set is described again without values. Actions and replacements are verified, and a " +
			"log entry names the values that are not.",
		Test:       switches,
		Unmeasured: "No template is known for which AWS leaves a change out.",
	},
}

var changeSetRules = []Rule{
	{
		ID: ContextMetadata, Answers: []string{Shown, Hidden},
		Belief:    "BeforeContext and AfterContext of a change set hold the resource's Metadata.",
		Source:    "Deduced from the policies, which change sets published by users of AWS show.",
		Otherwise: "Metadata there is not read.",
		Test:      everyAnswer,
	},
	{
		ID: ChangesPerPage, Answers: []string{"100", "7"}, Number: true,
		Belief:    "DescribeChangeSet answers 100 changes per page.",
		Source:    "Deduced from DescribeStackResources, whose 100 is documented.",
		Otherwise: "Every page is read.",
		Test:      everyAnswer,
	},
	{
		ID:      SameNameRequest,
		Answers: []string{Compared, Ignored},
		Belief: "CreateChangeSet with the name of an existing change set fails if parameters, tags, topics or " +
			"capabilities differ, " +
			"as it does if the template or the token differs.",
		Source: "The refusal of another template or token is reported by users of AWS; the rest is deduced.",
		Otherwise: "Every attempt has a token of its own, so that a change set of another writer is refused in " +
			"any case.",
		Test: everyAnswer,
	},
	{
		ID:         "change-set-duration",
		Belief:     "A change set takes half the time of the quickest resource.",
		Source:     "None.",
		Otherwise:  "The change set is polled until it is complete or the caller's time runs out.",
		Test:       "internal/stack:TestDeadline_BeforeExecution",
		Unmeasured: "It is a duration, and differs from one change set to the next.",
	},
	{
		ID:     "import-refusals",
		Belief: "The texts with which a change set that imports resources fails.",
		Source: "The rules are documented (AWS CloudFormation User Guide, \"Import AWS resources\"), the " +
			"texts are not.",
		Otherwise:  "A failed change set is an error with AWS's own text.",
		Test:       "internal/stack:TestDescribeChangeSet_FailedWithoutReason",
		Unmeasured: wordingOnly,
	},
	{
		ID:      ForeignImport,
		Answers: []string{Added, Refused},
		Belief: "A change set with ImportExistingResources shows an addition for a resource that another stack " +
			"has. " +
			"The addition fails because its name is taken.",
		Source: "None. The other answer is that the change set itself fails, as an import of a resource of " +
			"the same stack does.",
		Otherwise: "Nothing. Adoption refuses a bucket of another stack before it makes a change set.",
		Test:      "internal/projects:TestAdopt_Refusals",
	},
	{
		ID: "validation-property-check",
		Belief: "The validation of properties before deployment is named " +
			"AWS::EarlyValidation::PropertyValidation.",
		Source:     "Deduced from AWS::EarlyValidation::ResourceExistenceCheck, which users of AWS report.",
		Otherwise:  "Every failed validation is attributed to its resource, whatever its name is.",
		Test:       "internal/stack:TestCommit_RenamedValidations",
		Unmeasured: "It is a name in an error message. No decision rests on it.",
	},
}

var operationRules = []Rule{
	{
		ID: TemplateDuringUpdate, Answers: []string{New, Old},
		Belief:    "GetTemplate answers the new template from the start of an update.",
		Source:    worst,
		Otherwise: "Templates are used only if the stack had the same stable status before and after the read.",
		Test:      everyAnswer,
	},
	{
		ID:      RollbackChangeSetID,
		Answers: []string{LastExecuted, Previous},
		Belief:  "After a rollback, ChangeSetId is the change set that was executed last.",
		Source:  "Recorded for successful operations, deduced for rollbacks.",
		Otherwise: "The base of the next commit has another name for its change set. The stack's " +
			"LastUpdatedTime tells the two states apart.",
		Test: everyAnswer,
	},
	{
		ID:      DirectUpdateChangeSetID,
		Answers: []string{Cleared, Kept},
		Belief:  "After UpdateStack, a stack has no ChangeSetId.",
		Source: "Recorded for CreateStack (LocalStack's test_create_while_in_review), deduced for " +
			"UpdateStack.",
		Otherwise: "A description counts as that of the own operation only if it has the LastUpdatedTime " +
			"with which the operation began. Otherwise the operation's own events decide.",
		Test: "internal/stack:TestFollow_DirectUpdateAfterwards",
	},
	{
		ID: EventsPerPage, Answers: []string{"100", "7"}, Number: true,
		Belief:    "DescribeStackEvents answers 100 events per page.",
		Source:    "Deduced from DescribeStackResources, whose 100 is documented.",
		Otherwise: "Pages are read until the operation's first event.",
		Test:      everyAnswer,
	},
	{
		ID: ResourcesPerPage, Answers: []string{"100", "7"}, Number: true,
		Belief:    "ListStackResources and the lists of stacks answer 100 entries per page.",
		Source:    "Deduced from DescribeStackResources, whose 100 is documented.",
		Otherwise: "Every page is read.",
		Test:      everyAnswer,
	},
	{
		ID:      EventSecrets,
		Answers: []string{Resolved, Masked},
		Belief: "Events and notifications show the resolved properties of a resource, a secret access key " +
			"included.",
		Source: "Recordings of AWS show resolved attributes of other types. The worse case for Stowage is " +
			"assumed.",
		Otherwise: "Nothing. Only the provisioner reads events, the topic is encrypted, and properties in " +
			"notifications are not read.",
		Test: "examples/onboarding:TestEvents_OnlyTheProvisionerReads",
	},
	{
		ID:         "unresolvable-output",
		Belief:     "An output that cannot be resolved at the end of an operation fails the operation.",
		Source:     "None.",
		Otherwise:  "Stowage's templates have literal outputs and references to resources of the same template.",
		Test:       "internal/template:TestCompile_Template",
		Unmeasured: "AWS refuses every template with such an output that is known before it executes it.",
	},
	{
		ID:         "stack-policy-refusal",
		Belief:     "The second half of the text with which a stack policy refuses an action.",
		Source:     "Users of AWS report the first half.",
		Otherwise:  "The failed resource's member gets AWS's own text.",
		Test:       "internal/stack:TestAttribution_BadMember",
		Unmeasured: wordingOnly,
	},
	{
		ID:         "yaml-refusals",
		Belief:     "A template of two YAML documents, or with an unknown tag, is not well-formed.",
		Source:     "Deduced: a template is one document, and the short forms of functions are documented.",
		Otherwise:  "Stowage writes JSON, and refuses to change a template that was saved as YAML.",
		Test:       "internal/template:TestTemplates_OfOthers",
		Unmeasured: "Stowage sends no YAML.",
	},
}

var handlerRules = []Rule{
	{
		ID: ParameterReadBack, Answers: []string{Demanded, Tolerated},
		Belief:    "Creating an AWS::SSM::Parameter fails without the right ssm:ListTagsForResource.",
		Source:    schemas,
		Otherwise: "Nothing. StowageProvisioner has the right.",
		Test:      provisioner,
	},
	{
		ID: LogGroupReadBack, Answers: []string{Demanded, Tolerated},
		Belief:    "Creating an AWS::Logs::LogGroup fails without the right logs:DescribeIndexPolicies.",
		Source:    schemas,
		Otherwise: "Nothing. StowageProvisioner has the right.",
		Test:      provisioner,
	},
	{
		ID: LoginProfileReadBack, Answers: []string{Demanded, Tolerated},
		Belief:    "Creating or deleting an AWS::IAM::User fails without the right iam:GetLoginProfile.",
		Source:    schemas,
		Otherwise: "Nothing. StowageProvisioner has the right.",
		Test:      provisioner,
	},
	{
		ID:      CreationResourceAccount,
		Answers: []string{Set, Unset},
		Belief: "aws:ResourceAccount is set when S3 authorizes the object lock, ownership and versioning of " +
			"a bucket that is being created.",
		Source: "IAM's documentation of the key. Whether S3 sets it before the bucket exists is documented " +
			"nowhere.",
		Otherwise: "Nothing. The role's condition holds if the key is absent.",
		Test:      provisioner,
	},
	{
		ID:     "kms-tag-condition",
		Belief: "A key's tags count for authorization from the moment that CreateKey returns.",
		Source: "The KMS Developer Guide allows five minutes for changes of tags, and names no time for new " +
			"keys.",
		Otherwise:  "The creation of a project with a key fails with AWS's reason, and the next apply resumes it.",
		Test:       "internal/simulation:TestCrash_ProjectCreation",
		Unmeasured: needsKey,
	},
	{
		ID:         "sns-encrypted-publisher",
		Belief:     "CloudFormation publishes to an encrypted topic as its service principal or as the caller.",
		Source:     "None. The key policy of onboarding allows both.",
		Otherwise:  "Notifications are lost. The relay's sweep finds every change once a minute.",
		Test:       "internal/relay:TestSweep_LostNotifications",
		Unmeasured: needsKey,
	},
	{
		ID:         "access-key-expired",
		Belief:     "An access key with the status Expired is as useless as an inactive one.",
		Source:     "The schema of AWS::IAM::AccessKey names the status. Nothing documents its meaning.",
		Otherwise:  "Nothing. Stowage sets Active and Inactive only.",
		Test:       "internal/template:TestCompile_User",
		Unmeasured: "Stowage never sets the status.",
	},
}

var otherRules = []Rule{
	{
		ID: "cloud-control-errors",
		Belief: "The handler error codes of GetResource for a bucket that the caller may not read, or that " +
			"is in another region or account.",
		Source: "The codes are documented (Cloud Control API user guide, handler error codes), not which " +
			"one stands for which refusal.",
		Otherwise:  "Adoption asks S3 for region, owner and existence first, and reads with Cloud Control only then.",
		Test:       "internal/projects:TestAdopt_Refusals",
		Unmeasured: "It needs a bucket of another account.",
	},
	{
		ID:         "cloud-control-caller",
		Belief:     "Cloud Control's read handlers are judged as the caller's own calls, without aws:CalledVia.",
		Source:     "None.",
		Otherwise:  "Nothing. StowageProvisioner may read buckets with and without aws:CalledVia.",
		Test:       "internal/projects:TestAdopt",
		Unmeasured: "No right of StowageProvisioner depends on it.",
	},
	{
		ID: "dynamodb-details",
		Belief: "The text of the refusal of a transaction above 4 MB; size() of a string counts UTF-16 units; a " +
			"page's last item may cross the " +
			"1 MB line; the order in which several mistakes of one request are reported; the hash that orders a Scan.",
		Source: "Deduced from the DynamoDB Developer Guide.",
		Otherwise: "Nothing. The mirror uses none of them: it calculates the sizes of items, and reads pages " +
			"to their end.",
		Test:       "internal/mirror:TestLargeContents",
		Unmeasured: "No call of Stowage depends on them.",
	},
	{
		ID:         "websocket-binary-frame",
		Belief:     "A binary frame ends a WebSocket connection with the code 1003.",
		Source:     "The refusal is documented, the code is not.",
		Otherwise:  "Nothing. The board and the example client send text.",
		Test:       "internal/push:TestPush_LargeMessageInParts",
		Unmeasured: needsWebSocket,
	},
	{
		ID:         "websocket-authorizer-context",
		Belief:     "The values of an authorizer's context arrive at a WebSocket API's routes as strings.",
		Source:     "API Gateway Developer Guide, \"Output from an API Gateway Lambda authorizer\", for REST APIs.",
		Otherwise:  "Nothing. The relay's authorizer answers strings only.",
		Test:       "internal/relay:TestAuthorize_ValidTokens",
		Unmeasured: needsWebSocket,
	},
	{
		ID:         "websocket-deleted-connection",
		Belief:     "A client whose connection is deleted by the management API sees the code 1000.",
		Source:     "None.",
		Otherwise:  "The board connects again after any code.",
		Test:       "internal/board:TestConnection_KeptAlive",
		Unmeasured: needsWebSocket,
	},
	{
		ID:         "websocket-refused-handshake",
		Belief:     "Too many new connections are answered with the status 429, and a failing integration with 502.",
		Source:     "Deduced from REST APIs.",
		Otherwise:  "The board connects again after any status, at growing intervals.",
		Test:       "internal/board:TestConnection_KeptAlive",
		Unmeasured: needsWebSocket,
	},
	{
		ID:     "websocket-buffer",
		Belief: "A connection's buffer holds 512 KB.",
		Source: "AWS documents that a buffer can be full, not when.",
		Otherwise: "A client whose buffer is full is passed over and gets a snapshot later; no other client " +
			"waits for it.",
		Test:       "internal/push:TestOneClientHarmsNoOther",
		Unmeasured: needsWebSocket,
	},
	{
		ID:         "websocket-pings",
		Belief:     "Pings do not count as activity of a connection.",
		Source:     worst,
		Otherwise:  "Nothing. The relay sends heartbeats as messages.",
		Test:       "internal/relay:TestSweep_HeartbeatsAndCleanup",
		Unmeasured: needsWebSocket,
	},
	{
		ID:         "websocket-message-order",
		Belief:     "The messages of one client start functions without waiting for one another.",
		Source:     "Deduced: no order is documented.",
		Otherwise:  "Nothing. Each message is answered by itself.",
		Test:       "internal/relay:TestRequestsAboutOneProject",
		Unmeasured: needsWebSocket,
	},
}
