package mutation

var hubDefects = []Defect{
	{
		Name: "the earlier of two events is recorded", In: "internal/mirror Table.RecordEvent",
		Old: `Or(expression.Name("event").LessThan(`, New: `Or(expression.Name("event").GreaterThan(`,
		Packages: []string{"internal/mirror"}, Run: "TestHealth",
	},
	{
		Name: "every event is recorded", In: "internal/relay Relay.recordEvent",
		Old: "now.Sub(r.recorded) >= recordEvery", New: "now.Sub(r.recorded) >= 0",
		Packages: []string{"internal/relay"}, Run: "TestHealth_Event",
	},
	{
		Name: "a failed sweep is recorded as a success", In: "internal/relay Relay.Sweep",
		Old: "outcome.Err = errors.Join(live, compared)", New: "outcome.Err = live",
		Packages: []string{"internal/relay"}, Run: "TestHealth_Sweep",
	},
	{
		Name: "a hub that is looked for in another account was deleted", In: "internal/provider/hub find",
		Old: "bus.AccountID != missing.Place.AccountID || bus.Region != missing.Place.Region", New: "bus.Region == \"\"",
		Packages: []string{"internal/provider/hub"}, Run: "TestRead_OtherPlace",
	},
	{
		Name: "an older provider replaces a newer relay unasked", In: "internal/provider/hub relays.planRelay",
		Old: "if !hub.OlderRelay(pkg.Version, deployed) {", New: "if deployed != \"\" {",
		Packages: []string{"internal/provider/hub"}, Run: "TestPlan_RelayUpgrade",
	},
	{
		Name: "a project waits for any hub", In: "internal/entity Services.awaitsHub",
		Old: "return s.claims.hubs[missing.Hub]", New: "return len(s.claims.hubs) > 0",
		Packages: []string{"internal/provider/hub"}, Run: "TestPlan_FirstProject",
	},
	{
		Name: "a function is made for arm64 whatever its package is for", In: "internal/hub compiler.function",
		Old: "cmp.Or(c.relay.Architecture, DefaultArchitecture)", New: "DefaultArchitecture + c.relay.Architecture[:0]",
		Packages: []string{"internal/hub"}, Run: "TestRelay_Architecture",
	},
	{
		Name: "a package whose program cannot be executed is accepted", In: "internal/relaypackage Parse",
		Old: "if mode&0o111 != 0o111 {", New: "if mode == 0 {",
		Packages: []string{"internal/relaypackage"}, Run: "TestParse_Refused",
	},
	{
		Name: "changed routes are not deployed", In: "internal/hub liveCompiler.websocket",
		Old: `"WebSocketDeployment" + c.hashWithout(before)`, New: `"WebSocketDeployment" + c.hashWithout(before)[:0]`,
		Packages: []string{"internal/hub"}, Run: "TestDeployment",
	},
	{
		Name: "pull requests may apply", In: "internal/hub Settings.IdentityProviders",
		Old: `"repo:"+repository+":environment:*", "repo:"+repository+":ref:*"`, New: `"repo:"+repository+":*"`,
		Packages: []string{"internal/hub"}, Run: "TestSubjects",
	},
	{
		Name: "a planner writes the mirror", In: "internal/hub roleCompiler.plannerRights",
		Old:      `allow("Table", c.tableARN(), "dynamodb:Query")`,
		New:      `allow("Table", c.tableARN(), "dynamodb:PutItem", "dynamodb:Query")`,
		Packages: []string{"internal/hub"}, Run: "TestPlanner",
	},
	{
		Name: "hand edits of a hub are not drift", In: "internal/hub drift",
		Old:      `differences("", decode(should), decode(is)); len(different) > 0 {`,
		New:      `differences("", decode(should), decode(is)); len(different) > 99 {`,
		Packages: []string{"internal/hub"}, Run: "TestParse_Drift",
	},
	{
		Name: "a hub's commit removes what others have added", In: "internal/hub withForeign",
		Old: "if removed[id] = isOurs(raw); !removed[id] {", New: "if removed[id] = isOurs(raw); false {",
		Packages: []string{"internal/hub"}, Run: "TestChange",
	},
	{
		Name: "a hub's commit reverts another writer's", In: "internal/template replace",
		Old:      "case !SameButRevision(base, c.Replacement.Base) && !SameButRevision(base, c.Replacement.Next):",
		New:      "case base == nil:",
		Packages: []string{"internal/template"}, Run: "TestReplace",
	},
	{
		Name: "a hub's commit may replace what holds data", In: "internal/template replaceable",
		Old: `return t.Attribute(logicalID, "UpdateReplacePolicy") == ""`, New: `return t != nil && logicalID != ""`,
		Packages: []string{"internal/template"}, Run: "TestReplace",
	},
	{
		Name: "a listed dependent stops a hub's commit", In: "internal/commit verifyDiff",
		Old: "(!replaces(change) || dependents[change.LogicalID]):", New: "!replaces(change):",
		Packages: []string{"internal/commit"}, Run: "TestVerify_Diff",
	},
	{
		Name: "a hub with projects is deleted", In: "internal/hubs Service.refuseProjects",
		Old: "if len(found) == 0 {", New: "if len(found) >= 0 {",
		Packages: []string{"internal/hubs"}, Run: "TestService_Delete_Projects",
	},
	{
		Name: "another content of the package's key is kept", In: "internal/hubs deployment.upload",
		Old:      "case err == nil && aws.ToString(found.ChecksumSHA256) == aws.ToString(put.ChecksumSHA256):",
		New:      "case err == nil && found != nil:",
		Packages: []string{"internal/hubs"}, Run: "TestService_Update_OtherObject",
	},
	{
		Name: "a creation changes another hub", In: "internal/hubs deployment.mayCreate",
		Old:      "case r.deployed.Relay != (hub.Relay{}) && !same(r.deployed.Settings, d.settings):",
		New:      "case r.deployed.Relay == (hub.Relay{}) && !same(r.deployed.Settings, d.settings):",
		Packages: []string{"internal/hubs"}, Run: "TestService_Create_Again",
	},
	{
		Name: "a second hub replaces API Gateway's role", In: "internal/hubs deployment.gatewayLogs",
		Old:      `return aws.ToString(account.CloudwatchRoleArn) != "", nil`,
		New:      `return aws.ToString(account.CloudwatchRoleArn) == "none", nil`,
		Packages: []string{"internal/hubs"}, Run: "TestService_Shared",
	},
	{
		Name: "the name of a deleted queue is free at once", In: "internal/sandbox/sqs queueType.Create",
		Old: "case once && now.Sub(deleted) < reuse:", New: "case once && now.Sub(deleted) < 0:",
		Packages: []string{"internal/sandbox/sqs"}, Run: "TestQueue_Name",
	},
	{
		Name: "alarms look back for more than a day", In: "internal/sandbox/cloudwatch alarmProperties.check",
		Old: "case p.Period < hour && window > day || window > week:", New: "case window > week:",
		Packages: []string{"internal/sandbox/cloudwatch"}, Run: "TestAlarm_Refusals",
	},
	{
		Name: "an OIDC provider is made twice", In: "internal/sandbox/iam Service.createOIDCProvider",
		Old: "case a.oidc[arn] != nil:", New: "case a.oidc[arn] != nil && false:",
		Packages: []string{"internal/sandbox/iam"}, Run: "TestOIDCProvider",
	},
	{
		Name: "tokens of any issuer are accepted", In: "internal/sandbox/sts Service.assumeRoleWithWebIdentity",
		Old:      "if err := s.checkProvider(arn, issuer, token); err != nil {",
		New:      "if err := s.checkProvider(arn, issuer, token); false {",
		Packages: []string{"internal/sandbox/sts"}, Run: "TestWebIdentities",
	},
	{
		Name: "events are forwarded without rights", In: "internal/sandbox/events Service.forward",
		Old: "if from != to {", New: "if false {",
		Packages: []string{"internal/sandbox/events"}, Run: "TestForwarding",
	},
	{
		Name: "the trust of a rule's role does not count", In: "internal/sandbox Sandbox.roleTrusts",
		Old: "|| !trustsService(trust, service)", New: "|| trust == nil",
		Packages: []string{"internal/sandbox/events"}, Run: "TestForwarding",
	},
	{
		Name: "any service calls a function", In: "internal/sandbox/lambda function.permits",
		Old: "if evaluate.ServiceMay(request, policy) {", New: "if policy != nil || evaluate.ServiceMay(request, policy) {",
		Packages: []string{"internal/sandbox/lambda"}, Run: "TestPermission",
	},
	{
		Name: "a function's own settings for retries are ignored", In: "internal/sandbox/lambda Service.retry",
		Old: "if f.async != nil {", New: "if f.async == nil {",
		Packages: []string{"internal/sandbox/lambda"}, Run: "TestAsynchronous",
	},
	{
		Name: "one invocation more than reserved", In: "internal/sandbox/lambda Service.throttle",
		Old: "if running < limit {", New: "if running <= limit {",
		Packages: []string{"internal/sandbox/lambda"}, Run: "TestConcurrency",
	},
	{
		Name: "functions get the environment of the sandbox", In: "internal/sandbox/lambda instance.run",
		Old: "i.command.Env = i.environment", New: "i.command.Env = append(i.command.Environ(), i.environment...)",
		Packages: []string{"internal/sandbox/lambda"}, Run: "TestProcess",
	},
	{
		Name: "packages of functions are left behind", In: "internal/sandbox/lambda Service.StopProcesses",
		Old: "if dir == \"\" {", New: "if dir != \"\" {",
		Packages: []string{"internal/sandbox/lambda"}, Run: "TestProcess_Reaped",
	},
	{
		Name: "queues take dead letters of any rule", In: "internal/sandbox/sqs Service.permits",
		Old:      "if !evaluate.ServiceMay(request, policy) {",
		New:      "if !evaluate.ServiceMay(request, policy) && found == nil {",
		Packages: []string{"internal/sandbox/events"}, Run: "TestRule_DeadLetters",
	},
	{
		Name: "a pattern does not match an event's list", In: "internal/sandbox/events matchesValue",
		Old: "if matchesValue(want, one, true) {", New: "if !matchesValue(want, one, true) {",
		Packages: []string{"internal/sandbox/events"}, Run: "TestPattern",
	},
	{
		Name: "the address for clients is no management address", In: "internal/projects managementURL",
		Old: `return "http" + rest, nil`, New: `return "ws" + rest, nil`,
		Packages: []string{"internal/projects"}, Run: "TestManagementURL",
	},
	{
		Name: "an empty sandbox has a hub", In: "internal/sandbox New",
		Old: "if !o.Empty {", New: "if !o.Empty || o.Empty {",
		Packages: []string{"internal/sandbox/server"}, Run: "TestServe_Empty",
	},
	{
		Name: "APIs have no address of the sandbox", In: "internal/sandbox/apigateway Service.endpoint",
		Old: `case s.address == "":`, New: `case s.address == "" || !a.webSocket:`,
		Packages: []string{"internal/sandbox/apigateway"}, Run: "TestDeployed_Clients",
	},
	{
		Name: "stages serve routes that are not deployed", In: "internal/sandbox/apigateway Service.redeploy",
		Old: "st := a.stages[name]; st.autoDeploy {", New: "st := a.stages[name]; st != nil {",
		Packages: []string{"internal/sandbox/apigateway"}, Run: "TestDeployed_Snapshot",
	},
	{
		Name: "WebSocket APIs log without a role", In: "internal/sandbox/apigateway stageType.checkLogs",
		Old: `&& t.s.at(placeOf(c)).logRole == "" {`, New: `&& t.s.at(placeOf(c)).logRole == "none" {`,
		Packages: []string{"internal/sandbox/apigateway"}, Run: "TestDeployed_Refusals",
	},
	{
		Name: "certificates cover every domain", In: "internal/sandbox/apigateway domainNameType.decode",
		Old: "if covers(name, p.DomainName) {", New: `if covers(name, p.DomainName) || name != "" {`,
		Packages: []string{"internal/sandbox/apigateway"}, Run: "TestDeployed_Refusals",
	},
	{
		Name: "deleted stages keep their clients", In: "internal/sandbox/apigateway Service.retract",
		Old:      "if c := s.connections[id]; c.isOpen && c.stage.settings.API == a.id &&",
		New:      "if c := s.connections[id]; !c.isOpen && c.stage.settings.API == a.id &&",
		Packages: []string{"internal/sandbox/apigateway"}, Run: "TestDeployed_Clients",
	},
	{
		Name: "APIs are changed without a right", In: "internal/sandbox step.gatewayObject",
		Old:      `t.life(object, "", "apigateway:PATCH", "apigateway:DELETE")`,
		New:      `t.life(object, "", "", "apigateway:DELETE")`,
		Packages: []string{"internal/sandbox"}, Run: "TestGatewaySteps",
	},
	{
		Name: "any stack invokes the relay", In: "internal/hub compiler.events",
		Old: `":cloudformation:*:stack/stowage-*"`, New: `":cloudformation:*"`,
		Packages: []string{"internal/hub"}, Run: "TestEvents",
	},
}
