package conformance_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/conformance"
)

// A contract that unexpectedly fails counts, and one that unexpectedly holds.
func TestReport_UnexpectedResults(t *testing.T) {
	t.Parallel()
	broken := errors.New("it was accepted")
	contract := conformance.Contract{Name: "s3/a", Rule: "It is refused.", Source: "documentation"}
	trials := []conformance.Trial{
		{
			Contract: contract,
		},
		{Contract: contract, Err: broken},
		{Contract: contract, Known: "It is accepted."},
		{Contract: contract, Err: broken, Known: "It is accepted."},
	}
	var report strings.Builder
	if got := conformance.Report(&report, "peer", trials); got != 2 {
		t.Errorf("%d unexpected results, want 2", got)
	}
	for _, want := range []string{"peer does not keep s3/a: It is refused. (documentation)", "peer keeps s3/a, listed as: It is accepted.", "1 contracts kept, 1 known deviations, 2 unexpected results"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
}

// A renamed contract leaves no deviation behind.
func TestListsNameContracts(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, contract := range conformance.All() {
		if names[contract.Name] || contract.Rule == "" || contract.Source == "" {
			t.Errorf("the contract %q is there twice, or says too little", contract.Name)
		}
		names[contract.Name] = true
	}
	for _, peer := range []conformance.Peer{conformance.DynamoDBLocal(), conformance.Moto(), conformance.MiniStack()} {
		for name := range peer.Deviations {
			if !names[name] {
				t.Errorf("%s deviates from %q, which is no contract", peer.Name, name)
			}
		}
	}
}
