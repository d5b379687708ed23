package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestFirstPlan_CallBudget plans a project that does not exist yet. The calls grow neither with the
// number of objects nor with the waves of Terraform's requests.
func TestFirstPlan_CallBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := strings.ReplaceAll(acmeProject, "acme", "globex")
	w.workspace(other).apply() // creates the directory
	budget := map[string]int{
		"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1, "dynamodb.TransactGetItems": 1,
		"cloudformation.DescribeStacks": 2, "cloudformation.GetTemplate": 1,
	}
	for n, parallelism := range map[int]int{10: 10, 300: 10, 1000: 100} { // all combinations: package projects
		var configuration strings.Builder
		configuration.WriteString(acmeProject)
		for i := range n {
			configuration.WriteString(userOf(fmt.Sprintf("user%d", i)))
		}
		s := w.workspace(configuration.String())
		calls := w.counted(func() {
			if o := s.tryPlan(fmt.Sprintf("-parallelism=%d", parallelism)); o.code != 2 {
				t.Fatalf("the plan ended with exit code %d:\n%s", o.code, o.raw)
			}
		})
		w.wantCalls(calls, budget)
	}
}
