package mutation

// hubDefects are defects of the hub and of what simulates it.
var hubDefects = []Defect{
	{
		Name: "changed routes are not deployed", In: "internal/hub liveCompiler.websocket",
		Old: `"WebSocketDeployment" + c.hashWithout(before)`, New: `"WebSocketDeployment" + c.hashWithout(before)[:0]`,
		Packages: []string{"internal/hub"}, Run: "TestDeployment",
	},
	{
		Name: "pull requests may apply", In: "internal/hub roleCompiler.identityProviders",
		Old: `"repo:"+repository+":environment:*", "repo:"+repository+":ref:*"`, New: `"repo:"+repository+":*"`,
		Packages: []string{"internal/hub"}, Run: "TestSubjects",
	},
	{
		Name: "a planner writes the mirror", In: "internal/hub roleCompiler.plannerRights",
		Old: `allow("Table", c.tableARN(), "dynamodb:Query")`, New: `allow("Table", c.tableARN(), "dynamodb:PutItem", "dynamodb:Query")`,
		Packages: []string{"internal/hub"}, Run: "TestPlanner",
	},
	{
		Name: "hand edits of a hub are not drift", In: "internal/hub Parse",
		Old: "if !sameJSON(should, is) {", New: "if is == nil {",
		Packages: []string{"internal/hub"}, Run: "TestParse_Drift",
	},
}
