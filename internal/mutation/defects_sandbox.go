package mutation

// sandboxDefects are those of the sandbox and the test equipment.
var sandboxDefects = []Defect{
	{
		Name: "policies name principals that do not exist", In: "internal/sandbox/iam/policydoc validPrincipal",
		Old: " && exists(name)", New: "",
		Packages: []string{"internal/sandbox"}, Run: "TestPrincipals",
	},
	{
		Name: "a key's policy locks its maker out", In: "internal/sandbox/kms Service.checkPolicy",
		Old: "!bypass && ", New: "false && ",
		Packages: []string{"internal/sandbox"}, Run: "TestKey|TestAccessKeys|TestKMS",
	},
	{
		Name: "a bucket's policy has actions that apply to nothing", In: "internal/sandbox/s3 checkStatement",
		Old: "!applies && ", New: "false && ",
		Packages: []string{"internal/sandbox"}, Run: "TestBucketPolicies",
	},
	{
		Name: "a transaction needs one right for all tables", In: "internal/sandbox/dynamodb Service.Demands",
		Old: "need(action, item[kind].TableName)", New: `need(action, "stowage")`,
		Packages: []string{"internal/sandbox"}, Run: "TestTransactions",
	},
	{
		Name: "every caller may assume a role that trusts its account", In: "internal/sandbox/sts Service.names",
		Old: "return err == nil && named", New: "return err == nil || named",
		Packages: []string{"internal/sandbox"}, Run: "TestAssumeRole_Caller",
	},
	{
		Name: "log groups take keys that do not let them in", In: "internal/sandbox/logs Service.usable",
		Old: "!evaluate.ServiceMay(request, policy)", New: "!evaluate.ServiceMay(request, policy) && false",
		Packages: []string{"internal/sandbox"}, Run: "TestKeysOfLogGroups",
	},
	{
		Name: "a topic's policy has no say", In: "internal/sandbox/sns Service.Demands",
		Old: "d.Account, d.Policy = t.owner, t.attributes[\"Policy\"]", New: "_ = t",
		Packages: []string{"internal/sandbox"}, Run: "TestTopicPolicies",
	},
	{
		Name: "dependents are listed with values", In: "internal/sandbox/cloudformation comparison.value",
		Old: "c.s.w.On(cloud.DependentsListedWithValues) && ", New: "",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestSwitches|TestAddedDependent",
	},
	{
		Name: "references to what a condition leaves out", In: "internal/sandbox/cloudformation scope.checkConditions",
		Old: "resource && !is && ", New: "resource && is && !is && ",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestTemplates_RefusedAtOnce",
	},
	{
		Name:     "dynamic references in lists are left as they are",
		In:       "internal/sandbox/cloudformation operation.resolveDynamic",
		Old:      "resolved[i], err = op.resolveDynamic(element)",
		New:      "resolved[i], err = element, nil",
		Packages: []string{"internal/sandbox/cloudformation"},
		Run:      "TestDynamicReferencesWherever",
	},
	{
		Name: "drift detection compares what is never read", In: "internal/sandbox/cloudformation Service.compared",
		Old: "schema.Properties[name].WriteOnly || ", New: "schema.Properties[name].WriteOnly && ",
		Packages: []string{"internal/sandbox"}, Run: "TestDrift_InSync",
	},
	{
		Name: "drift detection reads with all rights", In: "internal/sandbox/cloudformation Service.readLive",
		Old: "if s.w.Permit != nil {", New: "if false {",
		Packages: []string{"internal/sandbox"}, Run: "TestDrift_Rights",
	},
	{
		Name: "a stack has two drift detections at once", In: "internal/sandbox/cloudformation Service.detectable",
		Old: "case st.drift.running != nil:", New: "case false:",
		Packages: []string{"internal/sandbox"}, Run: "TestDrift_Durations",
	},
	{
		Name: "an update keeps the results of drift detection", In: "internal/sandbox/cloudformation operation.begin",
		Old: "st.drift = drift{running: st.drift.running}", New: "",
		Packages: []string{"internal/sandbox"}, Run: "TestDrift_AfterUpdate",
	},
	{
		Name: "the order of a policy's actions is drift", In: "internal/sandbox/cloudformation canonical",
		Old: "slices.Sort(all)", New: "",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestDifferences",
	},
	{
		Name: "drift-aware change sets leave deleted resources away", In: "internal/sandbox/cloudformation Service.recreates",
		Old: "a.status == deletedAway && ", New: "a.status == unsupported && ",
		Packages: []string{"internal/sandbox"}, Run: "TestRevert_Changes",
	},
	{
		Name: "a drift-aware execution rolls back to the template", In: "internal/sandbox/cloudformation task.restored",
		Old: "if t.before != nil {", New: "if t.lost != nil {",
		Packages: []string{"internal/sandbox"}, Run: "TestRevert_Rollback",
	},
	{
		Name: "a stack forgets what it failed to create again", In: "internal/sandbox/cloudformation operation.cleanUpRollback",
		Old: "if t.lost != nil {", New: "if t.old != nil {",
		Packages: []string{"internal/sandbox"}, Run: "TestRevert_RollbackOfRecreation",
	},
	{
		Name: "a drift-aware execution writes what is there already", In: "internal/sandbox/cloudformation actualState.before",
		Old: "before[name] = desired", New: "before[name] = nil",
		Packages: []string{"internal/sandbox"}, Run: "TestRevert_Sync",
	},
	{
		Name: "a drift-aware execution removes tags of other tools", In: "internal/sandbox/cloudformation actualState.withTags",
		Old: "len(a.tags) == 0", New: "len(a.tags) > 0",
		Packages: []string{"internal/sandbox"}, Run: "TestRevert_ForeignTags",
	},
	{
		Name: "quoted scalars in YAML have types", In: "internal/sandbox/cloudformation yamlScalar",
		Old: "if n.Style&(yamlQuoted|yaml.TaggedStyle) != 0 {", New: "if n.Style&yaml.TaggedStyle != 0 {",
		Packages: []string{"internal/sandbox/cloudformation"}, Run: "TestParseYAML",
	},
	{
		Name: "the sandbox's sessions forget their source identity", In: "internal/sandbox/sts Service.inherits",
		Old: "session.sourceIdentity = from.sourceIdentity", New: "",
		Packages: []string{"internal/sandbox/sts"},
	},
	{
		Name: "the sandbox deletes without the rights that handlers need", In: "internal/sandbox step.handlers",
		Old: "actions = h.remove", New: "actions = nil",
		Packages: []string{"examples/onboarding"}, Run: "TestErrors_MissingRight/iam:DeleteLoginProfile",
	},
	{
		Name: "the sandbox ignores the answers that it is given", In: "internal/sandbox/unproven Answers.Of",
		Old: "if answer, ok := a[id]; ok {", New: "if answer, ok := a[id]; ok && false {",
		Packages: []string{"internal/sandbox/unproven"},
	},
	{
		Name: "the sandbox's issuer takes codes without their verifier", In: "internal/sandbox/oidc provider.redeemCode",
		Old: "case challengeOf(verifier) != g.challenge:", New: "case false:",
		Packages: []string{"internal/sandbox/oidc"}, Run: "TestProvider_Codes",
	},
	{
		Name: "the sandbox's issuer takes refresh tokens twice", In: "internal/sandbox/oidc provider.redeemRefreshToken",
		Old: "case p.used[token]:", New: "case false:",
		Packages: []string{"internal/sandbox/oidc"}, Run: "TestProvider_RefreshTokens",
	},
	{
		Name: "the sandbox's issuer sends people anywhere", In: "internal/sandbox/oidc Issuer.authorize",
		Old: "!known || !slices.Contains(client.RedirectURIs, uri)", New: `!known || slices.Contains(client.RedirectURIs, "")`,
		Packages: []string{"internal/sandbox/oidc"}, Run: "TestProvider_InvalidRequests",
	},
	{
		Name: "the sandbox ignores measured answers that it cannot give", In: "internal/sandbox/unproven Answers.Check",
		Old: "case !rule.takes(a[id]):", New: "case false:",
		Packages: []string{"internal/sandbox/unproven"},
	},
	{
		Name: "an interrupted probe removes nothing", In: "internal/probe probe.remove",
		Old: "context.WithoutCancel(ctx)", New: "ctx",
		Packages: []string{"internal/probe"}, Run: "TestMeasure_Interrupted",
	},
	{
		Name: "a probe measures in any account", In: "internal/cmd/probe run",
		Old: "id != o.account {", New: "id == \"\" {",
		Packages: []string{"internal/cmd/probe"}, Run: "TestRun_Refusals",
	},
	{
		Name: "leftovers of a probe are told by their names", In: "internal/probe probe.leftovers",
		Old: "(tagged || ", New: "(!tagged || ",
		Packages: []string{"internal/probe"}, Run: "TestLeftovers",
	},
	{
		Name: "actions that take no resource may be allowed on one", In: "internal/judge misplaced",
		Old: "case len(formats) == 0:", New: "case false:",
		Packages: []string{"internal/judge"}, Run: "TestUnknownResources",
	},
}
