package acceptance_test

import "testing"

// budgets are the AWS calls of a plan of one project of any size, as documented in
// internal/projects.
var budgets = map[string]map[string]int{
	"verified": {
		"sts.GetCallerIdentity":         1,
		"ssm.GetParameter":              1,
		"dynamodb.Query":                1,
		"sts.AssumeRole":                1,
		"cloudformation.DescribeStacks": 1,
	},
	"cached": {"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1},
	// The directory and the project's stack are each read consistently: described, read, described
	// again. What AWS was last found to have instead is in the mirror alone.
	"authoritative": {
		"sts.GetCallerIdentity":         1,
		"ssm.GetParameter":              1,
		"dynamodb.Query":                1,
		"sts.AssumeRole":                1,
		"cloudformation.DescribeStacks": 4,
		"cloudformation.GetTemplate":    2,
	},
}

func TestPlan_Calls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(everything)
	s.apply()
	for mode, budget := range budgets {
		s.env["STOWAGE_READ_CONSISTENCY"] = mode
		w.wantCalls(w.counted(func() { s.planIsEmpty() }), budget)
	}
}
