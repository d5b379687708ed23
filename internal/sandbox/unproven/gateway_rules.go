package unproven

// needsAPI is the reason why rules of API Gateway are not measured.
const needsAPI = "It needs an API with a function. Deploy a hub with web clients and look at its stack instead."

// gatewayRules are the rules of API Gateway's resource types.
var gatewayRules = []Rule{
	{
		ID:     "api-endpoint",
		Belief: "The attribute ApiEndpoint is a URL: wss for a WebSocket API, https for an HTTP API.",
		Source: "The aws provider's documentation of api_endpoint. The SDK model's comment has no scheme.",
		Otherwise: "The settings of a hub with another form are refused, with the address. The outputs show it " +
			"as well.",
		Test:       "internal/projects:TestManagementURL",
		Unmeasured: needsAPI,
	},
	{
		ID:         "api-auto-deploy",
		Belief:     "A stage with AutoDeploy serves changes at once.",
		Source:     "None for the delay.",
		Otherwise:  "Nothing. The only such stage is that of the board, whose route does not change.",
		Test:       "internal/hub:TestStack_Settings",
		Unmeasured: needsAPI,
	},
	{
		ID:         "api-mapped-deletion",
		Belief:     "APIs and stages with a custom domain cannot be deleted before their mappings.",
		Source:     "The text for REST APIs. For others the worse case for Stowage is assumed.",
		Otherwise:  "Nothing. A hub's stack deletes the mappings first.",
		Test:       "internal/hub:TestStack_Life",
		Unmeasured: needsAPI,
	},
	{
		ID:         "api-log-group",
		Belief:     "The log group of a stage's access logs must exist.",
		Source:     worst,
		Otherwise:  "Nothing. A hub's stack makes its log groups before the stages.",
		Test:       "internal/hub:TestStack_Life",
		Unmeasured: needsAPI,
	},
	{
		ID:     "api-throttled-message",
		Belief: "A client over its stage's throttle receives \"Too Many Requests\" and stays connected.",
		Source: "The text for REST APIs.",
		Otherwise: "Nothing. A client that was not answered connects again, and its hello asks for what it " +
			"missed.",
		Test:       "internal/sandbox/apigateway:TestDeployed_Throttle",
		Unmeasured: needsAPI,
	},
	{
		ID: "api-permissions",
		Belief: "The handler's read of a new object needs apigateway:GET on all of its kind. Tags of APIs and " +
			"domains need PUT and DELETE on the path of their ARN below /tags.",
		Source:     "Deduced from the service authorization reference and the schemas of the types.",
		Otherwise:  "Nothing. A hub's stack is changed by principals whose rights are not Stowage's.",
		Test:       "internal/sandbox:TestGatewaySteps",
		Unmeasured: needsAPI,
	},
}
