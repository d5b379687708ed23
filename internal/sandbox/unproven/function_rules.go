package unproven

// needsFunction is the reason why rules of functions are not measured.
const needsFunction = "It needs a function with a package in S3. Deploy a hub and watch its relay instead."

// functionRules are the rules of Lambda.
var functionRules = []Rule{
	{
		ID: "lambda-event-invoke-config-exists",
		Belief: "The creation of settings for asynchronous invocations fails for a function that has some. " +
			"Another resource's deletion would remove them later.",
		Source:     worst,
		Otherwise:  "Nothing. A hub's stack makes the only settings of its own function.",
		Test:       "internal/hub:TestRelay",
		Unmeasured: needsFunction,
	},
	{
		ID: "lambda-role-gone",
		Belief: "A function whose role was deleted, or does not trust Lambda any more, refuses synchronous calls " +
			"with AccessDeniedException.",
		Source:     "None for the code. The text is that of CreateFunction.",
		Otherwise:  "Nothing. The relay's role is in the hub's stack, and the relay's errors raise an alarm.",
		Test:       "internal/hub:TestRelay",
		Unmeasured: needsFunction,
	},
	{
		ID: "lambda-answer-after-next",
		Belief: "A synchronous call ends when the function's process asks for the next event, and times out " +
			"if it answers and does not ask.",
		Source: "Deduced from the Lambda developer guide, lambda-runtime-environment: the Invoke phase ends " +
			"then, within the timeout.",
		Otherwise:  "Nothing. The relay asks right after its answer.",
		Test:       "internal/hub:TestRelay",
		Unmeasured: needsFunction,
	},
}
