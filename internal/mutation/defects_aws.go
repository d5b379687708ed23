package mutation

var awsDefects = []Defect{
	{
		Name: "the bucket of another stack is adopted", In: "internal/account Existing.unstacked",
		Old: "if aws.ToString(resource.PhysicalResourceId) != bucket {", New: `if bucket != "" {`,
		Packages: []string{"internal/projects"}, Run: "TestAdopt_Refusals",
	},
	{
		Name: "a stale description is the end of a commit", In: "internal/stack performer.follow",
		Old: "case !before(e, *d):", New: "case true:",
		Packages: []string{"internal/stack"}, Run: "TestReading_CommitKnownFromEvents",
	},
	{
		Name: "projects' roles are assumed without the external ID", In: "internal/awsclient Clients.makeProject",
		Old: "ExternalID:  c.config.ProjectExternalID,", New: "",
		Packages: []string{"examples/onboarding"}, Run: "TestExternalID",
	},
	{
		Name: "markers go before the locked versions that they hide", In: "internal/account Buckets.Empty",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "err = e.deleteNewest(ctx)",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	},
	{
		Name: "object lock is met in the middle of an emptying", In: "internal/account Buckets.Empty",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "remove = e.deleteBeforeMarkers",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	},
	{
		Name: "what a request without an answer deleted is counted as nothing", In: "internal/account emptying.stopped",
		Old: "e.uncertain = true", New: "",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	},
	{
		Name: "calls are repeated without a line of progress", In: "internal/awsclient keepAttempt",
		Old: "if err != nil && answered(ctx, err) && repeated(err) {", New: "if false {",
		Packages: []string{"internal/awsclient"}, Run: "TestLogShowsRepeatedCalls",
	},
	{
		Name: "credentials that expire during a run are an unexpected error", In: "internal/awsclient explainFailure",
		Old: `case credentialsCodes[errorCode(err)] != "":`, New: "case false:",
		Packages: []string{"internal/awsclient"}, Run: "TestExpiredCredentials",
	},
	{
		Name: "a shared configuration file that does not exist is ignored", In: "internal/awsclient Config.checkFiles",
		Old: "path); err != nil {\n\t\t\t\treturn &", New: "path); false {\n\t\t\t\treturn &",
		Packages: []string{"internal/awsclient"}, Run: "TestWrongArguments",
	},
	{
		Name: "retry without token", In: "internal/stack performer.execute",
		Old: "ClientRequestToken: aws.String(e.Token),", New: "",
		Packages: []string{"internal/stack"},
	},
	{
		Name: "an update without a change set ends a commit", In: "internal/stack performer.finished",
		Old: "d.LastUpdated.Equal(own)", New: "!d.LastUpdated.Before(own)",
		Packages: []string{"internal/stack"}, Run: "TestFollow",
	},
	{
		Name: "what an update without a change set left is taken for a commit's", In: "internal/stack withoutChangeSet",
		Old: `d.ChangeSetID = ""`, New: "_ = d",
		Packages: []string{"internal/stack"}, Run: "TestFollow",
	},
	{
		Name: "an incomplete change set is not completed", In: "internal/stack performer.describeChangeSet",
		Old: `aws.ToString(out.StatusReason) != ""`, New: "out == nil",
		Packages: []string{"internal/stack"}, Run: "TestSwitches",
	},
	{
		Name: "a new change set is given up when it is not found at first", In: "internal/stack performer.describeChangeSet",
		Old: "time.Since(began) < newSetPatience", New: "began.IsZero()",
		Packages: []string{"internal/stack"}, Run: "TestSwitches",
	},
	{
		Name:     "a change set fails without its reason",
		In:       "internal/stack performer.failure",
		Old:      `if err == nil && aws.ToString(plain.StatusReason) != "" {`,
		New:      `if err != nil && aws.ToString(plain.StatusReason) != "" {`,
		Packages: []string{"internal/stack"},
		Run:      "TestDescribeChangeSet",
	},
	{
		Name: "a token that exists is a refusal", In: "internal/stack classify",
		Old: "case errors.As(err, &token):", New: "case errors.As(err, &token) && false:",
		Packages: []string{"internal/stack"}, Run: "TestRefusals",
	},
	{
		Name: "rollback is left to the default", In: "internal/stack performer.execute",
		Old: "false", New: "true",
		Packages: []string{"internal/stack"},
	},
	{
		Name:     "change sets are executed by name",
		In:       "internal/stack performer.execute",
		Old:      "ChangeSetName: aws.String(e.ARN",
		New:      `StackName: aws.String(s.config.Stack), ChangeSetName: aws.String(strings.Split(e.ARN, "/")[1]`,
		Packages: []string{"internal/stack"},
	},
	{
		Name:     "new stacks are not protected",
		In:       "internal/stack performer.protect",
		Old:      "StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(true),",
		New:      "StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(false),",
		Packages: []string{"internal/stack"},
	},
	{
		Name: "a reading serves a commit although the stack has changed since", In: "internal/stack Stack.takeEarlier",
		Old: "|| s.newest.changed.After(read.description.LastUpdated)", New: "",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	},
	{
		Name: "a reading serves a commit however old it is", In: "internal/stack Stack.takeEarlier",
		Old: "if read.description == nil || time.Since(read.at) > earlierBound ||", New: "if read.description == nil || ",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	},
	{
		Name: "an operation is polled for the first time after a second", In: "internal/stack firstPause",
		Old: "250 * time.Millisecond", New: "time.Second",
		Packages: []string{"internal/stack"}, Run: "TestPausesOfOperation",
	},
	{
		Name: "a reading that is behind what was seen is believed", In: "internal/stack Stack.readSince",
		Old: "s.behind(*after)", New: "false",
		Packages: []string{"internal/stack"}, Run: "TestCommit_StaleBase",
	},
	{
		Name: "a stack is deleted that has changed since it was read", In: "internal/stack Stack.Delete",
		Old: "if d.Status != cfn.DeleteInProgress && !still(*d) {", New: "if d.Status != cfn.DeleteInProgress && false {",
		Packages: []string{"internal/stack"}, Run: "TestDelete_ChangedStack",
	},
	{
		Name: "a stack that was deleted while it was being made is waited for", In: "internal/stack performer.finished",
		Old: "case d.Status == cfn.DeleteComplete, d.Status == cfn.DeleteFailed:", New: "case false:",
		Packages: []string{"internal/stack"}, Run: "TestDelete_DuringCreation",
	},
	{
		Name:     "no condition on the mirror's write",
		In:       "internal/mirror Table.commit",
		Old:      "headPut, err := conditionalPut(t.name, head, b.headUnchanged())",
		New:      "headPut, err := conditionalPut(t.name, head, expression.Name(PartitionKey).AttributeExists().Or(expression.Name(PartitionKey).AttributeNotExists()))",
		Packages: []string{"internal/mirror"},
	},
	{
		Name: "a creation that the relay mirrors first has no author", In: "internal/mirror base.operation",
		Old: "return b.first", New: "return nil",
		Packages: []string{"internal/mirror", "internal/relay"}, Run: "FirstCreation",
	},
	{
		Name: "an announcement within a first write is lost", In: "internal/mirror base.takeFirst",
		Old:      "unchanged := expression.Name(PartitionKey).AttributeNotExists()",
		New:      `unchanged := expression.Name("none").AttributeNotExists()`,
		Packages: []string{"internal/mirror"}, Run: "TestAnnouncements_FirstRaces",
	},
	{
		Name: "the mirror is ordered by revision", In: "internal/mirror Version.Supersedes",
		Old: "return v.LastUpdated.After(other.LastUpdated)", New: "return v.Revision > other.Revision",
		Packages: []string{"internal/mirror"},
	},
	{
		Name: "the mirror goes back on a stale read", In: "internal/mirror Update.isNewer",
		Old: "if u.Supersedes(b.head.Version) {", New: "if u.Version != b.head.Version {",
		Packages: []string{"internal/mirror"},
	},
	{
		Name: "an outage of the mirror holds up a plan", In: "internal/mirror requests.page",
		Old: "if bound == 0 {", New: "if bound >= 0 {",
		Packages: []string{"internal/projects"}, Run: "TestMirror_Outage",
	},
	{
		Name: "a change set that was not executed is left for a late call", In: "internal/stack performer.resolveExecution",
		Old: "if s.deleteChangeSet(ctx, e.ARN) == nil {", New: `if e.ARN != "" {`,
		Packages: []string{"internal/stack"}, Run: "TestResolveExecution_",
	},
	{
		Name: "what another operation has left is taken for ours", In: "internal/stack described",
		Old: `StatusReason = ""`, New: "ChangeSetID = e.ARN",
		Packages: []string{"internal/stack"}, Run: "TestFollow_OwnOutcome",
	},
	{
		Name: "sweep deletes the fresh change sets of other writers", In: "internal/stack performer.sweep",
		Old: "if ours && time.Since(aws.ToTime(set.CreationTime)) > deadAfter {", New: "if ours && deadAfter > 0 {",
		Packages: []string{"internal/stack"}, Run: "TestSweep_ChangeSetsOfDeadWriters",
	},
	{
		Name:     "sweep deletes change sets that are not ours",
		In:       "internal/stack performer.sweep",
		Old:      "ours := strings.HasPrefix(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)",
		New:      "ours := strings.Contains(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)",
		Packages: []string{"internal/stack"},
		Run:      "TestSweep_ChangeSetsOfDeadWriters",
	},
	{
		Name: "delete markers are no data", In: "internal/account emptying.versions",
		Old: "add(m.Key, m.VersionId, aws.ToBool(m.IsLatest), m.LastModified, [2]kind{hiding, marker})", New: "_ = m",
		Packages: []string{"internal/account"}, Run: "TestCheckEmpty",
	},
	{
		Name: "only the first page of buckets is looked at", In: "internal/account Buckets.EncryptedWith",
		Old: "for pages.HasMorePages() {", New: "for first := true; first && pages.HasMorePages(); first = false {",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_SecondPage",
	},
	{
		Name: "the encryption of another account's bucket is read", In: "internal/account Buckets.uses",
		Old: ", ExpectedBucketOwner: aws.String(b.AccountID)", New: "",
		Packages: []string{"internal/account"}, Run: "TestCalls_ExpectedBucketOwner",
	},
	{
		Name: "only the first resources of a failed first creation are looked at", In: "internal/stack performer.clear",
		Old: "for pages.HasMorePages() {", New: "for first := true; first && pages.HasMorePages(); first = false {",
		Packages: []string{"internal/stack"}, Run: "TestRecovery_FailedFirstCreation",
	},
	{
		Name: "keys are listed as XML has them", In: "internal/account emptying.versions",
		Old: "EncodingType: types.EncodingTypeUrl, ExpectedBucketOwner", New: "ExpectedBucketOwner",
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	},
	{
		Name: "keys that XML can't hold are deleted in XML", In: "internal/account emptying.deleteVersions",
		Old: "if inXML(one.key) {", New: `if one.key != "" {`,
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	},
	{
		Name: "MFA delete is not told apart", In: "internal/account emptying.deleteBatch",
		Old: "if needsMFA", New: "if err == nil && needsMFA",
		Packages: []string{"internal/account"}, Run: "TestEmpty_MFADelete",
	},
	{
		Name: "what was deleted beside a protected version is not counted", In: "internal/account emptying.deleteBatch",
		Old: "if !failed[one.ref] {", New: "if len(failed) == 0 {",
		Packages: []string{"internal/account"}, Run: "TestEmpty_Protected",
	},
	{
		Name: "a bucket of an opt-in region holds up the deletion of a project", In: "internal/account elsewhere",
		Old: `, "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"`, New: "",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	},
	{
		Name: "the region that S3 lists for a bucket doesn't count", In: "internal/account Buckets.EncryptedWith",
		Old: `if region != "" && region != b.S3.Options().Region {`, New: `if region != "" && region == "none" {`,
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	},
	{
		Name: "an item of a newer format is read as if it were known", In: "internal/mirror readable",
		Old: "return newerItem(i, n.Value)", New: "return nil",
		Packages: []string{"internal/mirror"}, Run: "Newer",
	},
	{
		Name:     "credentials are sent to AWS although an endpoint is configured",
		In:       "internal/awsclient setCredentialsEndpoints",
		Old:      "base.StsEndpoint = aws.ToString(sts.NewFromConfig(configured).Options().BaseEndpoint)",
		New:      "_ = sts.NewFromConfig(configured)",
		Packages: []string{"internal/awsclient"},
		Run:      "TestCredentialsEndpoint",
	},
	{
		Name: "drop 410: who has gone is sent to for ever", In: "internal/push Pusher.Publish",
		Old: "result.Gone = append(result.Gone, connection)", New: "_ = connection",
		Packages: []string{"internal/push"},
	},
	{
		Name: "a client that has lost something is sent what comes after", In: "internal/mirror Table.Audience",
		Old: "c.Behind ||", New: "",
		Packages: []string{"internal/mirror"}, Run: "TestEvents_OnlyToPermittedClients",
	},
}
