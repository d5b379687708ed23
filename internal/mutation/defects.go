package mutation

// Defects are all defects, the commit protocol's first.
var Defects = []Defect{
	{
		Name: "no diff check", File: "internal/commit/verify.go",
		Old: "surprises := verifyDiff(intents, changes)", New: "var surprises []string",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "no carrier check", File: "internal/commit/verify.go",
		Old: "have != want {\n\t\treturn []string{fmt.Sprintf(\"the stack", New: "have != want && false {\n\t\treturn []string{fmt.Sprintf(\"the stack",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "no before-value check", File: "internal/commit/verify.go",
		Old: "surprises = append(surprises, verifyBefore(base, change)...)", New: "_ = base",
		Packages: []string{"internal/commit"}, Run: "Catches",
	}, {
		Name: "an addition is taken for a replacement", File: "internal/commit/verify.go",
		Old: "case change.Action == string(template.Modify) && change.Replacement != \"\" &&", New: "case change.Replacement != \"\" &&",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestVerify|TestDescribeChangeSet",
	}, {
		Name: "a change of policies alone is not intended", File: "internal/template/edit.go",
		Old: "\t\tcase differ(before, raw, \"DeletionPolicy\", \"UpdateReplacePolicy\"):", New: "\t\tcase false:",
		Packages: []string{"internal/template", "internal/projects"}, Run: "TestIntents|TestPoliciesEdited",
	}, {
		Name: "a change of policies alone must be listed", File: "internal/commit/verify.go",
		Old: "\t\tif unlisted[logicalID] {", New: "\t\tif false {",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "policies before a change are not compared", File: "internal/commit/verify.go",
		Old: "\t\tif withDefault(base.Attribute(change.LogicalID, policy)) != withDefault(change.Policies[policy]) {", New: "\t\tif withDefault(base.Attribute(change.LogicalID, policy)) == \"never\" {",
		Packages: []string{"internal/commit"}, Run: "TestVerify",
	}, {
		Name: "the same surprise is tried for ever", File: "internal/commit/changeset.go",
		Old: "switch again := e.surprised == hash; {", New: "switch again := false; {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a fixed name for change sets", File: "internal/commit/changeset.go",
		Old: "return ChangeSetPrefix + b.hash()[:40]", New: "_ = b; return ChangeSetPrefix + \"fixed\"",
		Packages: []string{"internal/commit", "internal/stack"},
	}, {
		Name: "no patience with another writer's change set", File: "internal/commit/changeset.go",
		Old: "if now.Sub(e.collidedAt) < CollisionPatience || arn", New: "if arn",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "acknowledged before the end", File: "internal/commit/execution.go",
		Old: "\tif o.Err == nil {\n\t\te.follow()", New: "\tif o.Err == nil {\n\t\tfor _, m := range e.batch {\n\t\t\te.emit(Done{m.ID, nil})\n\t\t}\n\t\te.batch = nil\n\t\te.follow()",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestAnySchedule",
	}, {
		Name: "a lost reply is taken for a lost race", File: "internal/commit/execution.go",
		Old: "\t\te.emit(Settle{e.attempt.arn, e.attempt.stackID, e.attempt.token})\n\tcase Outdated", New: "\t\te.pause(now, BusyPause)\n\tcase Outdated",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a failed batch is sent again whole", File: "internal/commit/blame.go",
		Old: "\t\tif why := guilty[m.ID]; why != nil {", New: "\t\tif why := guilty[m.ID]; why != nil && len(e.batch) == 1 {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestNamed",
	}, {
		Name: "cancelled siblings are blamed", File: "internal/commit/blame.go",
		Old: "if cfn.Failed(event.Status) && !cancelled(event.Reason) {", New: "if cfn.Failed(event.Status) {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "failures of the rollback are blamed", File: "internal/commit/blame.go",
		Old: "\t\t\tif cfn.RolledBack(event.Status) {\n\t\t\t\tbreak\n\t\t\t}\n", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "no bisection: all who share a resource are blamed", File: "internal/commit/blame.go",
		Old: "\thalf := (len(owners) + 1) / 2\n", New: "\thalf := len(owners)\n",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts|TestShared",
	}, {
		Name: "DELETE_FAILED is ignored", File: "internal/commit/execution.go",
		Old: "if event.Status == cfn.DeleteFailed {", New: "if event.Status == \"DELETE_IGNORED\" {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a failed rollback is left to a person", File: "internal/commit/base.go",
		Old: "case o.After.Status == cfn.UpdateRollbackFailed:\n\t\te.recover(now, o)", New: "case o.After.Status == cfn.UpdateRollbackFailed:\n\t\te.stuck(now, o.After.Status, \"\")",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "what was skipped is not healed", File: "internal/commit/recovery.go",
		Old: "\t\t\t\te.heal = r.skip\n", New: "",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|Healed",
	}, {
		Name: "whatever failed is skipped, healable or not", File: "internal/commit/recovery.go",
		Old: "len(named) == 0 || len(unable) > 0 {", New: "len(named) == 0 && len(unable) >= 0 {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a stale template is taken for fresh", File: "internal/commit/base.go",
		Old: "case !o.Consistent(), e.staleness.Wait(now, o.Stale()):", New: "case !o.Consistent():",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a stack is read without looking at it twice", File: "internal/commit/effect.go",
		Old: "return !cfn.InProgress(r.After.Status) && r.Before.same(r.After)", New: "return !cfn.InProgress(r.After.Status)",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "whole-shard recompile", File: "internal/template/edit.go",
		Old:      "\tchanges := map[string]json.RawMessage{}\n\tfor id := range e.touched {",
		New:      "\tchanges := map[string]json.RawMessage{}\n\tfor _, b := range e.buckets {\n\t\tfor id, r := range Compile(e.env, b, e.origins[b.ID()]) {\n\t\t\tchanges[id] = encodeJSON(r)\n\t\t}\n\t}\n\tfor id := range e.touched {",
		Packages: []string{"internal/template"},
	}, {
		Name: "a project loses the boundary that its older users name", File: "internal/template/boundary.go",
		Old: "return logicalID == projectBoundaryID && e.project() != nil", New: "return false",
		Packages: []string{"internal/template"}, Run: "TestBoundary_OlderProjects",
	}, {
		Name: "copied metadata makes a resource ours", File: "internal/template/parse.go",
		Old: "\t\tif !mark.belongs(id) {", New: "\t\tif false {",
		Packages: []string{"internal/template"}, Run: "TestCopies|TestOccupied",
	}, {
		Name: "of two projects in one stack a random one counts", File: "internal/template/parse.go",
		Old: "return s, checkOneProject(all)", New: "return s, nil",
		Packages: []string{"internal/template"}, Run: "TestSeveralProjects",
	}, {
		Name: "a bucket is the one that its metadata names", File: "internal/template/parse.go",
		Old: "\t\tif physical, ok := s.physicalName(logicalID); ok {", New: "\t\tif physical, ok := s.physicalName(logicalID); ok && physical == \"\" {",
		Packages: []string{"internal/template"}, Run: "TestDamagedMetadata|TestMismatch",
	}, {
		Name: "an entity whose metadata contradicts its properties is deleted from the template", File: "internal/template/edit.go",
		Old: "if err := e.before.mismatchOf(id); err != nil {", New: "if err := e.before.mismatchOf(id); err != nil && false {",
		Packages: []string{"internal/template"}, Run: "TestMismatch",
	}, {
		Name: "a new entity overwrites a foreign resource", File: "internal/template/edit.go",
		Old: "if err := e.vacant(c.Entity); err != nil {", New: "if err := e.vacant(c.Entity); err != nil && false {",
		Packages: []string{"internal/template"}, Run: "TestOccupied",
	}, {
		Name: "an update opens a closing project again", File: "internal/template/edit.go",
		Old: "\tif !isProject || before == nil || !before.Closing {", New: "\tif !isProject || before == nil || !before.Closing || !next.Closing {",
		Packages: []string{"internal/template", "internal/projects"}, Run: "TestRefusals|TestProjectIsNotOpened",
	}, {
		Name: "closing a project reverts hand edits", File: "internal/template/edit.go",
		Old: "\tif e.closes(i, c) {", New: "\tif false && e.closes(i, c) {",
		Packages: []string{"internal/projects"}, Run: "TestProjectBuckets",
	}, {
		Name: "quoted scalars in YAML have types", File: "internal/sandbox/cloudformation/yaml.go",
		Old: "if n.Style&(yamlQuoted|yaml.TaggedStyle) != 0 {", New: "if n.Style&yaml.TaggedStyle != 0 {",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestParseYAML",
	}, {
		Name: "projects' roles are assumed without the external ID", File: "internal/awsclient/clients.go",
		Old: "\t\tExternalID:  c.config.ProjectExternalID,\n", New: "",
		Packages: []string{"examples/onboarding"}, Run: "TestExternalID",
	}, {
		Name: "the sandbox's sessions forget their source identity", File: "internal/sandbox/sts/inherited.go",
		Old: "\t\tsession.sourceIdentity = from.sourceIdentity\n", New: "",
		Packages: []string{"internal/sandbox/sts"},
	}, {
		Name: "the sandbox deletes without the rights that handlers need", File: "internal/sandbox/handlers.go",
		Old: "\t\tactions = h.remove\n", New: "\t\tactions = nil\n",
		Packages: []string{"examples/onboarding"}, Run: "TestMissingRightIsNamed/iam:DeleteLoginProfile",
	}, {
		Name: "actions that take no resource may be allowed on one", File: "internal/judge/rights.go",
		Old: "\tcase len(formats) == 0:\n", New: "\tcase false:\n",
		Packages: []string{"internal/judge"}, Run: "TestUnknownResources",
	}, {
		Name: "a newer format is read as if it were known", File: "internal/template/parse.go",
		Old: "return nil, newerFormat(id, mark.Format)", New: "_ = mark.Format",
		Packages: []string{"internal/template"},
	}, {
		Name: "data is not retained", File: "internal/template/resource.go",
		Old: "r.DeletionPolicy, r.UpdateReplacePolicy = \"RetainExceptOnCreate\", \"Retain\"", New: "r.DeletionPolicy, r.UpdateReplacePolicy = \"\", \"\"",
		Packages: []string{"internal/template"},
	}, {
		Name: "a rollback that failed has changed nothing", File: "internal/commit/execution.go",
		Old: "\tif status != cfn.UpdateRollbackComplete {\n\t\te.noteUnrestored()", New: "\tif false {\n\t\te.noteUnrestored()",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "a bucket that was deleted before a commit failed was not changed", File: "internal/projects/deletion.go",
		Old: "if err != nil && done != \"\" {", New: "if false {",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Say",
	}, {
		Name: "a project that is closed was not changed", File: "internal/projects/deletion.go",
		Old: "if err := s.disposeShared(ctx, d, &contents); err != nil {\n\t\treturn model.AfterChange(err, closed)", New: "if err := s.disposeShared(ctx, d, &contents); err != nil {\n\t\treturn err",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Say",
	}, {
		Name: "markers go before the locked versions that they hide", File: "internal/account/empty.go",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "err = e.deleteNewest(ctx)",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "object lock is met in the middle of an emptying", File: "internal/account/empty.go",
		Old: "remove, err = e.deleteBeforeMarkers, e.deleteNewest(ctx)", New: "remove = e.deleteBeforeMarkers",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "what a request without an answer deleted is counted as nothing", File: "internal/account/empty.go",
		Old: "\t\te.uncertain = true\n", New: "",
		Packages: []string{"internal/account"}, Run: "TestEmpty_",
	}, {
		Name: "a shared call hides AWS's last answer", File: "internal/projects/call.go",
		Old: "return zero, c.attempts.Ended(ctx.Err())", New: "return zero, ctx.Err()",
		Packages: []string{"internal/projects"}, Run: "TestErrors_Last",
	}, {
		Name: "AWS's last answer is not told", File: "internal/commit/engine.go",
		Old: "Doing: doing, Last: e.lastAnswer()}", New: "Doing: doing}",
		Packages: []string{"internal/stack"}, Run: "TestUnserved",
	}, {
		Name: "what AWS does not serve is asked for without an end", File: "internal/commit/unserved.go",
		Old: "if now.Sub(e.unserved.since) < UnservedPatience {", New: "if now.Sub(e.unserved.since) >= 0 {",
		Packages: []string{"internal/stack"}, Run: "TestUnserved",
	}, {
		Name: "calls are repeated without a line of progress", File: "internal/awsclient/failures.go",
		Old: "if err != nil && answered(ctx, err) && repeated(err) {", New: "if false {",
		Packages: []string{"internal/awsclient"}, Run: "TestLogShowsRepeatedCalls",
	}, {
		Name: "replacing a retained bucket is planned without a warning", File: "internal/provider/projectbucket/model.go",
		Old: "replaced.OnDelete != model.Retain ||", New: "replaced.OnDelete == model.Retain ||",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestReplacement_Retained",
	}, {
		Name: "a bucket of the project is called one outside of the stack", File: "internal/projects/change.go",
		Old: "return s.bucketNameTaken(ctx, t, change, err)", New: "return err",
		Packages: []string{"internal/projects"}, Run: "TestBucketName",
	}, {
		Name: "a fraction is a bug of the provider", File: "internal/provider/diagnostics.go",
		Old: "\tif len(found) == 0 {", New: "\tif true {",
		Packages: []string{"internal/provider"}, Run: "TestFractions",
	}, {
		Name: "0 days are taken for never", File: "internal/provider/projectbucket/resource.go",
		Old: "if req.ConfigValue.Equal(types.Int64Value(0)) {", New: "if false {",
		Packages: []string{"internal/provider"}, Run: "TestMistakes",
	}, {
		Name: "credentials that expire during a run are an unexpected error", File: "internal/awsclient/failures.go",
		Old: "case credentialsCodes[errorCode(err)] != \"\":", New: "case false:",
		Packages: []string{"internal/awsclient"}, Run: "TestExpiredCredentials",
	}, {
		Name: "a shared configuration file that does not exist is ignored", File: "internal/awsclient/config.go",
		Old: "if err := checkFile(path); err != nil {", New: "if err := checkFile(path); false {",
		Packages: []string{"internal/awsclient"}, Run: "TestWrongArguments",
	}, {
		Name: "retry without token", File: "internal/stack/calls.go",
		Old: "ClientRequestToken: aws.String(e.Token), DisableRollback", New: "DisableRollback",
		Packages: []string{"internal/stack"},
	}, {
		Name: "a change set fails without its reason", File: "internal/stack/calls.go",
		Old: "if err == nil && aws.ToString(plain.StatusReason) != \"\" {", New: "if err != nil && aws.ToString(plain.StatusReason) != \"\" {",
		Packages: []string{"internal/stack"}, Run: "TestDescribeChangeSet",
	}, {
		Name: "a token that exists is a refusal", File: "internal/stack/classify.go",
		Old: "\tcase errors.As(err, &token):", New: "\tcase errors.As(err, &token) && false:",
		Packages: []string{"internal/stack"}, Run: "TestRefusals",
	}, {
		Name: "rollback is left to the default", File: "internal/stack/calls.go",
		Old: ", DisableRollback: aws.Bool(false),", New: ", DisableRollback: aws.Bool(true),",
		Packages: []string{"internal/stack"},
	}, {
		Name: "change sets are executed by name", File: "internal/stack/calls.go",
		Old: "ChangeSetName: aws.String(e.ARN), ClientRequestToken", New: "StackName: aws.String(s.config.Stack), ChangeSetName: aws.String(strings.Split(e.ARN, \"/\")[1]), ClientRequestToken",
		Packages: []string{"internal/stack"},
	}, {
		Name: "new stacks are not protected", File: "internal/stack/calls.go",
		Old: "EnableTerminationProtection: aws.Bool(true),", New: "EnableTerminationProtection: aws.Bool(false),",
		Packages: []string{"internal/stack"},
	}, {
		Name: "a reading serves a commit although the stack has changed since", File: "internal/stack/earlier.go",
		Old: " || s.newest.changed.After(read.description.LastUpdated)", New: "",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	}, {
		Name: "a reading serves a commit however old it is", File: "internal/stack/earlier.go",
		Old: "time.Since(read.at) > earlierBound ||", New: "",
		Packages: []string{"internal/stack"}, Run: "TestCommit_Reads",
	}, {
		Name: "an earlier reading refuses changes", File: "internal/commit/base.go",
		Old: "remembered: o.Earlier, ", New: "",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "an operation is polled for the first time after a second", File: "internal/stack/stack.go",
		Old: "for pause := 250 * time.Millisecond; yield", New: "for pause := time.Second; yield",
		Packages: []string{"internal/stack"}, Run: "TestPausesOfOperation",
	}, {
		Name: "a reading that is behind what was seen is believed", File: "internal/stack/stack.go",
		Old: "Behind: s.behind(*after)", New: "Behind: false",
		Packages: []string{"internal/stack"}, Run: "TestAStaleBase",
	}, {
		Name: "a stack is deleted that has changed since it was read", File: "internal/stack/stack.go",
		Old: "&& !still(*d) {", New: "&& false {",
		Packages: []string{"internal/stack"}, Run: "TestStackThatHasChanged",
	}, {
		Name: "a stack that was deleted while it was being made is waited for", File: "internal/stack/calls.go",
		Old: "case d.Status == cfn.DeleteComplete, d.Status == cfn.DeleteFailed:", New: "case false:",
		Packages: []string{"internal/stack"}, Run: "TestStackDeletedWhile",
	}, {
		Name: "a stack that nobody counts is mirrored", File: "internal/projects/shard.go",
		Old: "if !d.counts() {", New: "if false {",
		Packages: []string{"internal/projects"}, Run: "TestStackMadeForAProjectThatIsGone",
	}, {
		Name: "a project that was made while one of its name was being deleted is in no directory", File: "internal/projects/deletion.go",
		Old: "if anew != nil && anew.contents.Project != nil", New: "if false && anew.contents.Project != nil",
		Packages: []string{"internal/projects"}, Run: "TestProjectMadeBefore",
	}, {
		Name: "no condition on the mirror's write", File: "internal/mirror/write.go",
		Old: "headPut, err := t.put(head, b.headUnchanged())", New: "headPut, err := t.put(head, expression.Name(PartitionKey).AttributeExists().Or(expression.Name(PartitionKey).AttributeNotExists()))",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "the mirror is ordered by revision", File: "internal/mirror/version.go",
		Old: "return v.LastUpdated.After(other.LastUpdated)", New: "return v.Revision > other.Revision",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "the mirror goes back on a stale read", File: "internal/mirror/write.go",
		Old: "if u.Supersedes(b.head.Version) {", New: "if u.Version != b.head.Version {",
		Packages: []string{"internal/mirror"},
	}, {
		Name: "reads of a process go back", File: "internal/projects/shard.go",
		Old: "!read.version.LastUpdated.After(d.newest.version.LastUpdated) {", New: "false {",
		Packages: []string{"internal/projects"}, Run: "TestReadsOfAProcess",
	}, {
		Name: "an outage of the mirror holds up a plan", File: "internal/mirror/table.go",
		Old: "\tif bound == 0 {", New: "\tif bound >= 0 {",
		Packages: []string{"internal/projects"}, Run: "TestMirror_Outage",
	}, {
		Name: "a mistyped table is an outage", File: "internal/projects/directory.go",
		Old: "if !model.IsNotFound(err, model.NotFoundTable) {", New: "if err == nil || true {",
		Packages: []string{"internal/projects"}, Run: "TestHub_TableMissing",
	}, {
		Name: "a lost directory is taken for a new one", File: "internal/projects/directory.go",
		Old: "return len(body.Contents.Listings), nil", New: "return 0, nil",
		Packages: []string{"internal/projects"}, Run: "TestDirectory_Missing",
	}, {
		Name: "settings of another account's hub are used", File: "internal/projects/hubsettings.go",
		Old: "written != at {", New: "written != at && false {",
		Packages: []string{"internal/projects"}, Run: "TestHubSettings_Copied",
	}, {
		Name: "a bucket whose metadata contradicts its properties is deleted", File: "internal/projects/deletion.go",
		Old: "return entity, t.view.Contents.MismatchOf(id)", New: "return entity, nil",
		Packages: []string{"internal/projects"}, Run: "TestDamagedMetadata",
	}, {
		Name: "what a mirror says counts as much as the template", File: "internal/projects/shard.go",
		Old: " || d.newest.mirrored && !read.mirrored)", New: ")",
		Packages: []string{"internal/projects"}, Run: "TestDamagedMetadata|TestReadsOfAProcess",
	}, {
		Name: "a stale reading is certain for a process that remembers the same", File: "internal/projects/reading.go",
		Old: "if stale && !read.doubtful {", New: "if stale && read.doubtful {",
		Packages: []string{"internal/projects"}, Run: "TestDeletionBehind",
	}, {
		Name: "a deletion believes an old reading", File: "internal/projects/deletion.go",
		Old: "if !there || another || ok && bucket.OnDelete != model.Retain {", New: "if another || ok && bucket.OnDelete != model.Retain {",
		Packages: []string{"internal/simulation"}, Run: "TestSimulation",
	}, {
		Name: "copies of resources are not shown", File: "internal/entity/resource.go",
		Old: "\tdiags.Append(r.copies(view, name)...)\n", New: "",
		Packages: []string{"internal/provider"}, Run: "TestCopiedResource",
	}, {
		Name: "a missing stack is taken for a deleted project", File: "internal/entity/hub.go",
		Old: "if !model.IsNotFound(err, model.NotFoundEntity, model.NotFoundProject, model.NotFoundDirectory) {", New: "if false {",
		Packages: []string{"internal/entity", "internal/provider"},
	},
	{
		Name: "drift is lost when an old state is upgraded", File: "internal/entity/upgrade.go",
		Old: "\t\tattributes[\"drift\"] = drift\n", New: "\t\t_ = drift\n",
		Packages: []string{"internal/provider"}, Run: "TestStateUpgrade",
	}, {
		Name: "the provider's commit_timeout is ignored", File: "internal/entity/timeouts.go",
		Old: "limit := r.services.CommitTimeout\n", New: "limit := 0 * r.services.CommitTimeout\n",
		Packages: []string{"internal/provider"}, Run: "TestTimeouts|TestCommitTimeout",
	},
	{
		Name: "an update since the stack was read is overlooked", File: "internal/commit/changeset.go",
		Old: "case o.StackUpdated.After(e.base.description.LastUpdated) && e.attempt.purpose != creating:", New: "case false:",
		Packages: []string{"internal/commit", "internal/stack"}, Run: "TestTranscripts|TestHandEdits",
	},
	{
		Name: "an intrinsic function hides what stands beside it", File: "internal/commit/verify.go",
		Old:      "	if len(object) != 1 {\n\t\treturn false\n\t}\n\tfor name := range object {\n\t\treturn name == \"Ref\" || name == \"Condition\" || strings.HasPrefix(name, \"Fn::\")\n\t}\n\treturn false",
		New:      "	for name := range object {\n\t\tif name == \"Ref\" || name == \"Condition\" || strings.HasPrefix(name, \"Fn::\") {\n\t\t\treturn true\n\t\t}\n\t}\n\treturn false",
		Packages: []string{"internal/commit"}, Run: "TestVerify_Intrinsic",
	}, {
		Name: "a change set that was not executed is left for a late call", File: "internal/stack/calls.go",
		Old: "if s.deleteChangeSet(ctx, e.ARN) == nil {", New: "if e.ARN != \"\" {",
		Packages: []string{"internal/stack"}, Run: "TestSettle_",
	}, {
		Name: "what another operation has left is taken for ours", File: "internal/stack/calls.go",
		Old: "		d.StatusReason = \"\" // of the other operation\n", New: "		d.Status, d.ChangeSetID = status, e.ARN\n",
		Packages: []string{"internal/stack"}, Run: "TestOutcomeIs",
	}, {
		Name: "sweep deletes the fresh change sets of other writers", File: "internal/stack/sweep.go",
		Old: "if ours && time.Since(aws.ToTime(set.CreationTime)) > deadAfter {", New: "if ours && deadAfter > 0 {",
		Packages: []string{"internal/stack"}, Run: "Swept",
	}, {
		Name: "sweep deletes change sets that are not ours", File: "internal/stack/sweep.go",
		Old: "ours := strings.HasPrefix(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)", New: "ours := strings.Contains(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)",
		Packages: []string{"internal/stack"}, Run: "Swept",
	}, {
		Name: "delete markers are no data", File: "internal/account/empty.go",
		Old: "add(m.Key, m.VersionId, aws.ToBool(m.IsLatest), m.LastModified, [2]kind{hiding, marker})", New: "_ = m",
		Packages: []string{"internal/account"}, Run: "TestCheckEmpty",
	}, {
		Name: "only the first page of buckets is looked at", File: "internal/account/bucket.go",
		Old: "	for pages.HasMorePages() {\n", New: "	for first := true; first && pages.HasMorePages(); first = false {\n",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_SecondPage",
	}, {
		Name: "the encryption of another account's bucket is read", File: "internal/account/bucket.go",
		Old: "s3.GetBucketEncryptionInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)}", New: "s3.GetBucketEncryptionInput{Bucket: aws.String(bucket)}",
		Packages: []string{"internal/account"}, Run: "TestEveryCallSays",
	}, {
		Name: "only the first resources of a failed first creation are looked at", File: "internal/stack/recovery.go",
		Old: "	for pages.HasMorePages() {\n", New: "	for first := true; first && pages.HasMorePages(); first = false {\n",
		Packages: []string{"internal/stack"}, Run: "DeadFirst",
	}, {
		Name: "names that begin alike collide", File: "internal/model/names.go",
		Old: "strings.HasPrefix(a, b+\"-\")", New: "strings.HasPrefix(a, b)",
		Packages: []string{"internal/model"}, Run: "Collide",
	}, {
		Name: "foreign resources of other stacks are not shown", File: "internal/projects/view.go",
		Old: "append(c.Foreign, s.Foreign...)", New: "c.Foreign",
		Packages: []string{"internal/projects"}, Run: "TestView_",
	}, {
		Name: "a project that was made again in another region is where it was", File: "internal/projects/refresh.go",
		Old: "now.AccountID == first.env.AccountID && now.Region == first.env.Region", New: "now.AccountID == first.env.AccountID",
		Packages: []string{"internal/projects"}, Run: "TestRefreshStack_",
	}, {
		Name: "a project that was made again in another account is where it was", File: "internal/projects/refresh.go",
		Old: "if now := body.Contents.Project.Listing(); now.AccountID == first.env.AccountID && ", New: "if now := body.Contents.Project.Listing(); ",
		Packages: []string{"internal/projects"}, Run: "TestRefreshStack_",
	}, {
		Name: "a boundary that is missing is explained like any failure", File: "internal/commit/errors.go",
		Old: "\tif slices.ContainsFunc(e.Reasons, unprepared) {", New: "\tif slices.ContainsFunc(e.Reasons, unprepared) && false {",
		Packages: []string{"examples/onboarding"}, Run: "TestUnpreparedAccount",
	}, {
		Name: "every notification of an unknown project reads the directory", File: "internal/projects/unlisted.go",
		Old: "return s.lookup.listed != nil && ", New: "return false && ",
		Packages: []string{"internal/relay"}, Run: "TestNotifications_UnknownProjects",
	}, {
		Name: "a failed reading is kept for all clients", File: "internal/relay/shared.go",
		Old: "\t\t\ts.forget(key, r)\n", New: "\t\t\t_ = s.forget\n",
		Packages: []string{"internal/relay"}, Run: "TestShared_",
	}, {
		Name: "a client sees projects whose names begin like one of its own", File: "internal/relay/route.go",
		Old:      "return slices.Contains(c.projects, project) && isProjectName(project)",
		New:      "return slices.ContainsFunc(c.projects, func(own string) bool { return strings.HasPrefix(project, own) }) && isProjectName(project)",
		Packages: []string{"internal/relay"}, Run: "TestSees",
	}, {
		Name: "events expire after 24 minutes", File: "internal/event/session.go",
		Old: "EventLife = 24 * time.Hour", New: "EventLife = 24 * time.Minute",
		Packages: []string{"internal/mirror"}, Run: "TestEvents_TimeToLive",
	},
	{
		Name: "keys are listed as XML has them", File: "internal/account/empty.go",
		Old: "MaxKeys: aws.Int32(maxDelete), EncodingType: types.EncodingTypeUrl,", New: "MaxKeys: aws.Int32(maxDelete),",
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	}, {
		Name: "keys that XML can't hold are deleted in XML", File: "internal/account/empty.go",
		Old: "if inXML(one.key) {", New: "if one.key != \"\" {",
		Packages: []string{"internal/account"}, Run: "TestEmpty_HostileKeys",
	}, {
		Name: "MFA delete is not told apart", File: "internal/account/empty.go",
		Old: "if needsMFA(err) {", New: "if err == nil && needsMFA(err) {",
		Packages: []string{"internal/account"}, Run: "TestEmpty_MFADelete",
	}, {
		Name: "what was deleted beside a protected version is not counted", File: "internal/account/empty.go",
		Old: "\t\tif !failed[one.ref] {", New: "\t\tif len(failed) == 0 {",
		Packages: []string{"internal/account"}, Run: "TestEmpty_Protected",
	}, {
		Name: "a bucket of an opt-in region holds up the deletion of a project", File: "internal/account/bucket.go",
		Old: ", \"AuthorizationHeaderMalformed\", \"IllegalLocationConstraintException\":", New: ":",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	}, {
		Name: "the region that S3 lists for a bucket doesn't count", File: "internal/account/bucket.go",
		Old: "if region != \"\" && region != b.S3.Options().Region {", New: "if region != \"\" && region == \"none\" {",
		Packages: []string{"internal/account"}, Run: "TestEncryptedWith_OtherRegions",
	},
	{
		Name: "drift shows the text of a secret", File: "internal/template/conceal.go",
		Old: "return !slices.Contains(harmless, at)", New: "return at == \"Properties.SecretBinary\" && !slices.Contains(harmless, at)",
		Packages: []string{"internal/template"}, Run: "TestParse_SecretPutInByHand",
	}, {
		Name: "drift shows what a user's output was changed to", File: "internal/template/conceal.go",
		Old: "return strings.HasPrefix(logicalID, outputPrefix+userOutputPrefix)", New: "return false",
		Packages: []string{"internal/template"}, Run: "TestParse_SecretPutInByHand",
	}, {
		Name: "any text of an output is taken for the id of a key", File: "internal/template/user.go",
		Old: " && strings.HasPrefix(id, \"AKIA\"):", New: ":",
		Packages: []string{"internal/template"}, Run: "TestCredentials_SecretInOutput",
	},
	{
		Name: "null tags vanish", File: "internal/entity/tags.go",
		Old: "elements[key] = types.StringNull()", New: "delete(elements, key)",
		Packages: []string{"internal/entity"}, Run: "TestTagsAreMerged",
	}, {
		Name: "null networks are no networks", File: "internal/provider/projectuser/resource.go",
		Old: "var noNulls = []validator.Set{setvalidator.NoNullValues()}", New: "var noNulls = []validator.Set{setvalidator.SizeAtMost(1000)}",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestBad",
	}, {
		Name: "keys are planned while access_key is known in part", File: "internal/provider/projectuser/keys.go",
		Old: "err != nil || !raw.IsFullyKnown()", New: "err != nil || !raw.IsKnown()",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestPlan_UnknownInAccessKey",
	}, {
		Name: "the plan doesn't know where the project is", File: "internal/entity/plan.go",
		Old: "if located, ok := e.(model.Located); ok && view != nil {", New: "if located, ok := e.(model.Located); false && ok && view != nil {",
		Packages: []string{"internal/provider/projectbucket"}, Run: "TestBadInput",
	}, {
		Name: "an argument is judged by another one that is unknown", File: "internal/entity/plan.go",
		Old: "ok = ok && !unknownAt(ctx, at, other)", New: "_ = other",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestPlan_UnknownInAccessKey",
	}, {
		Name: "prefixes with dynamic references", File: "internal/model/permission.go",
		Old: "referenceProblems(field, prefix)", New: "referenceProblems(field)",
		Packages: []string{"internal/model"}, Run: "TestProblems_DynamicReference",
	}, {
		Name: "tags of buckets are not judged", File: "internal/model/bucket.go",
		Old: "return append(problems, TagProblems(b.Tags)...)", New: "return problems",
		Packages: []string{"internal/model"}, Run: "TestProblems",
	}, {
		Name: "the plan after a replacement deletes the old key", File: "internal/model/key.go",
		Old: "max(overlap, minInactive)", New: "max(overlap, 0)",
		Packages: []string{"internal/model"}, Run: "TestNext_Idempotent",
	},
	{
		Name: "the state is saved with an unknown outcome", File: "internal/entity/resource.go",
		Old:      "\t\treturn append(diags, f.diagnostic(err))\n\t}\n\tview, err := r.services.Projects.Read(ctx, name.project())",
		New:      "\t\tdiags.Append(f.diagnostic(err))\n\t}\n\tview, err := r.services.Projects.Read(ctx, name.project())",
		Packages: []string{"internal/entity", "internal/provider"},
	}, {
		Name: "a notification's content is believed", File: "internal/projects/refresh.go",
		Old: "if head != nil && whole && !update.Supersedes(head.Version) {", New: "if head != nil && whole {",
		Packages: []string{"internal/simulation"}, Run: "TestSimulation",
	}, {
		Name: "an object that another hub lacks is gone", File: "internal/entity/hub.go",
		Old: "err == nil && recorded != now", New: "err != nil && recorded != now",
		Packages: []string{"internal/provider"}, Run: "TestRead_OtherHub",
	}, {
		Name: "an interrupted creation of a project does not know that it has succeeded", File: "internal/projects/change.go",
		Old: "\tctx, cancel := uninterrupted(ctx)\n", New: "\t_, cancel := uninterrupted(ctx)\n",
		Packages: []string{"internal/projects"}, Run: "TestCreateProject_InterruptedAtItsEnd",
	}, {
		Name: "a full stack fails its member", File: "internal/projects/change.go",
		Old: "if errors.As(failure, &full) && full.Stack {", New: "if errors.As(failure, &full) && full.Stack && n < 0 {",
		Packages: []string{"internal/projects"}, Run: "TestFullStack|TestPoliciesOverflow|TestPermissionFinds",
	}, {
		Name: "a later stack that is missing is taken for an empty one", File: "internal/projects/reading.go",
		Old: "if errs[n] == nil && shards[n] == nil && !read.contents.Project.Closing {", New: "if errs[n] == nil && shards[n] == nil && n < 0 {",
		Packages: []string{"internal/projects"}, Run: "TestLaterStack",
	}, {
		Name: "policies in other stacks are left as they were", File: "internal/projects/change.go",
		Old: "case err == nil && change.Op == template.Update:", New: "case err == nil && change.Op == template.Delete:",
		Packages: []string{"internal/projects"}, Run: "TestPoliciesOverflow",
	}, {
		Name: "an absent project is looked up for every object", File: "internal/projects/project.go",
		Old: "\tcase isAbsence(err):\n", New: "\tcase isAbsence(err) && false:\n",
		Packages: []string{"internal/projects"}, Run: "TestReadBudget_Absent",
	}, {
		Name: "a write believes in an absence found earlier", File: "internal/projects/project.go",
		Old: "\tp.absence = nil\n\tp.mu.Unlock()\n\treturn s.Read", New: "\tp.mu.Unlock()\n\treturn s.Read",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_Writes",
	}, {
		Name: "a failed call is taken for an absence", File: "internal/projects/project.go",
		Old: "return errors.Is(err, template.ErrNotJSON) ||", New: "return err != nil ||",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_Failures",
	}, {
		Name: "a stale directory is taken for an absence", File: "internal/projects/directory.go",
		Old: "\tif read.doubtful {\n", New: "\tif read.doubtful && false {\n",
		Packages: []string{"internal/projects"}, Run: "TestAbsence_StaleDirectory",
	}, {
		Name: "policies that are outdated are no deviation", File: "internal/projects/view.go",
		Old: "\t\tc.Deviations = append(c.Deviations, o.deviation())\n", New: "\t\t_ = o\n",
		Packages: []string{"internal/projects"}, Run: "TestOutdated",
	}, {
		Name: "a project closes whatever it has grown to", File: "internal/template/edit.go",
		Old: "c.Shards > 0 && e.before.shards > c.Shards {", New: "c.Shards > 0 && e.before.shards < 0 {",
		Packages: []string{"internal/template"}, Run: "TestProjectCloses",
	}, {
		Name: "an entity of another incarnation is changed", File: "internal/template/ownership.go",
		Old: "!c.AnyIncarnation && present != c.Incarnation {", New: "!c.AnyIncarnation && present != c.Incarnation && present == \"\" {",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a caller without an incarnation changes any", File: "internal/template/ownership.go",
		Old: "if present := e.incarnations[id]; !c.AnyIncarnation", New: "if present := e.incarnations[id]; !c.AnyIncarnation && c.Incarnation != \"\"",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a takeover keeps the incarnation", File: "internal/template/ownership.go",
		Old: "\te.takeovers[id] = i\n\te.incarnations[id] = c.Incarnation\n", New: "\te.takeovers[id] = i\n",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "a takeover of a permission reverts hand edits", File: "internal/template/edit.go",
		Old: "if taken, ok := reincarnated(e.before.template.resources[id], before, now); ok &&", New: "if taken, ok := reincarnated(e.before.template.resources[id], before, now); ok && false &&",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "twins of one batch take over from each other", File: "internal/template/ownership.go",
		Old: ", taken && c.Incarnation != \"\":", New: ":\n\t\t_ = taken",
		Packages: []string{"internal/template"}, Run: "TestOwnership",
	}, {
		Name: "an entity is deleted and created in one commit", File: "internal/template/edit.go",
		Old: "\t\t\treturn &model.ConflictError{Kind: model.ConflictAwaitsDeletion, ID: id}\n", New: "",
		Packages: []string{"internal/template", "internal/commit"}, Run: "TestOwnership|TestTranscripts",
	}, {
		Name: "a creation that awaits a deletion is refused", File: "internal/commit/changeset.go",
		Old: "if e.awaitDeletions(now, edited.Errors) {", New: "if false {",
		Packages: []string{"internal/commit"}, Run: "TestTranscripts",
	}, {
		Name: "policies that have become too large are not packed again", File: "internal/template/edit.go",
		Old: "\te.repack(errs, refused)\n", New: "\t_ = e.repack\n",
		Packages: []string{"internal/template"}, Run: "TestPackingHolds",
	}, {
		Name: "fields of a newer provider are dropped", File: "internal/template/edit.go",
		Old: "\te.keepNewer(refused, errs)\n", New: "\t_ = e.keepNewer\n",
		Packages: []string{"internal/template"}, Run: "Newer",
	}, {
		Name: "an item of a newer format is read as if it were known", File: "internal/mirror/format.go",
		Old: "return newerItem(i, n.Value)", New: "return nil",
		Packages: []string{"internal/mirror"}, Run: "Newer",
	}, {
		Name: "contexts of calls are kept", File: "internal/provider/server.go",
		Old: "\t\tparent = *s.first.Load()\n", New: "\t\t_ = first\n",
		Packages: []string{"internal/provider"}, Run: "TestServer_Memory",
	}, {
		Name: "calls outlive the provider", File: "internal/provider/server.go",
		Old: "\tfor _, cancel := range s.running {\n\t\tcancel()\n\t}\n", New: "\tfor range s.running {\n\t}\n",
		Packages: []string{"internal/provider"}, Run: "TestServer_Cancellation",
	}, {
		Name: "a call that is answered twice claims its entity twice", File: "internal/entity/claims.go",
		Old: "unchanged.Once(ctx, claimOf{key, now},", New: "unchanged.Once(context.Background(), claimOf{key, now},",
		Packages: []string{"internal/provider"}, Run: "TestOwnership",
	}, {
		Name: "an answer without the framework ignores what a destroy loses", File: "internal/entity/unchanged.go",
		Old: "r.services != nil && len(r.planRemoval(ctx, state)) == 0", New: "r.services != nil",
		Packages: []string{"internal/provider"}, Run: "TestOwnership",
	}, {
		Name: "an answer without the framework swallows the warnings of a read", File: "internal/entity/warnings.go",
		Old: "unchanged.Once(ctx, pendingWarnings{}, s.warnings)", New: "unchanged.Once(context.Background(), pendingWarnings{}, s.warnings)",
		Packages: []string{"internal/provider"}, Run: "TestRead_MirrorWarning",
	}, {
		Name: "a key is due at two times of one read", File: "internal/entity/resource.go",
		Old: "unchanged.Once(ctx, readAt{}, time.Now)", New: "unchanged.Once(context.Background(), readAt{}, time.Now)",
		Packages: []string{"internal/provider/projectuser"}, Run: "TestKeys_DueByTheClock",
	}, {
		Name: "an unchanged plan forgets the defaults", File: "internal/unchanged/defaults.go",
		Old: "\tif config.IsNull() && a.fallback != nil {", New: "\tif config.IsNull() && a.fallback != nil && false {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged plan is whatever the resource plans", File: "internal/unchanged/answers.go",
		Old: "prior.copy(), private) || !plan.equal(prior) {", New: "prior.copy(), private) {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "a read object is unchanged whatever was read", File: "internal/unchanged/answers.go",
		Old: "private) || !state.equal(before) {", New: "private) || before == nil {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged object loses its private state", File: "internal/unchanged/answers.go",
		Old: "NewIdentity: req.CurrentIdentity, Private: private.encode()}", New: "NewIdentity: req.CurrentIdentity, Private: req.Private}",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "an unchanged object keeps another's identity", File: "internal/unchanged/answers.go",
		Old: "|| current != nil && !maps.Equal(current, identity) {", New: "|| current != nil && !maps.Equal(current, current) {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "validators are not called without the framework", File: "internal/unchanged/validate.go",
		Old: "for _, check := range a.texts {", New: "for _, check := range a.texts[:0] {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "required arguments are not missed without the framework", File: "internal/unchanged/validate.go",
		Old: "return !a.required", New: "return !a.required || true",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "computed attributes may be set without the framework", File: "internal/unchanged/validate.go",
		Old: "\tif a.readOnly {", New: "\tif a.readOnly && false {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "a plan has unknown values without the framework", File: "internal/unchanged/answers.go",
		Old: "\tif !ok || !config.known {", New: "\tif !ok {",
		Packages: []string{"internal/provider"}, Run: "TestUnchanged",
	}, {
		Name: "credentials are sent to AWS although an endpoint is configured", File: "internal/awsclient/endpoints.go",
		Old: "base.StsEndpoint = aws.ToString(sts.NewFromConfig(configured).Options().BaseEndpoint)", New: "_ = sts.NewFromConfig(configured)",
		Packages: []string{"internal/awsclient"}, Run: "TestCredentialsEndpoint",
	}, {
		Name: "drop 410: who has gone is sent to for ever", File: "internal/push/push.go",
		Old: "result.Gone = append(result.Gone, connection)", New: "_ = connection",
		Packages: []string{"internal/push"},
	}, {
		Name: "a client that has lost something is sent what comes after", File: "internal/mirror/connections.go",
		Old: " || c.Behind", New: "",
		Packages: []string{"internal/mirror"}, Run: "TestEventsGo",
	}, {
		Name: "what a dead process has stored is never sent", File: "internal/relay/publish.go",
		Old: "return errors.Join(live.mend(ctx), live.beat(ctx))", New: "return live.beat(ctx)",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Sweep",
	}, {
		Name: "nobody hears what has been lost", File: "internal/relay/heartbeat.go",
		Old: "heartbeats[c.group()] = event.Heartbeat{Projects: positions}", New: "heartbeats[c.group()] = event.Heartbeat{}; _ = positions",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Heartbeat",
	}, {
		Name: "lost notifications are never made up for", File: "internal/relay/sweep.go",
		Old: "if r.compareDue() {", New: "if false {",
		Packages: []string{"internal/relay", "internal/simulation"}, Run: "TestClientsSee|Sweep",
	}, {
		Name: "a topic reports on another account's stacks", File: "internal/relay/notifications.go",
		Old: "if err != nil || !w.isOf(topic.AccountID, topic.Region) {", New: "if err != nil {",
		Packages: []string{"internal/relay"}, Run: "TestNotifications_OwnAccountOnly",
	}, {
		Name: "an event is noted as sent that clients could not be reached for", File: "internal/projects/publish.go",
		Old: "return upto, errors.Join(result.Err, h.note(ctx, result))", New: "return upto, errors.Join(nil, h.note(ctx, result))",
		Packages: []string{"internal/projects"}, Run: "TestWhoCouldNotBeTold",
	},
}
