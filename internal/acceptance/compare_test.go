package acceptance_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// The providers of all tests compare each answer that they give without the plugin framework with
// the framework's (package unchanged), and append the outcome to a file. TestMain checks the file
// after the tests.

// readOutcomes counts the outcomes of each RPC by kind: same, declined or DIFFERENT. It prints
// those that differ, with the lines that follow them, and returns an error if there are any.
func readOutcomes(path string) (counts map[string]map[string]int, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no test ran a provider
	}
	if err != nil {
		return nil, err
	}
	counts = map[string]map[string]int{}
	within := false // a difference
	for line := range strings.Lines(string(text)) {
		if rpc, typ, outcome, ok := outcomeOf(line); ok {
			if counts[rpc] == nil {
				counts[rpc] = map[string]int{}
			}
			counts[rpc][outcome]++
			if within = outcome == "DIFFERENT"; within {
				err = fmt.Errorf("%s of %s is not what the framework answers", rpc, typ)
			}
		}
		if within {
			fmt.Print(line)
		}
	}
	return counts, err
}

func outcomeOf(line string) (rpc, typ, outcome string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || !strings.HasPrefix(fields[1], "stowage_") {
		return "", "", "", false
	}
	outcome = strings.TrimSuffix(fields[2], ":")
	return fields[0], fields[1], outcome, outcome == "same" || outcome == "declined" || outcome == "DIFFERENT"
}

// checkOutcomes returns an error for answers that differ from the framework's. After a run of all
// tests it prints how many were compared, and fails if an RPC was never answered without the
// framework.
func checkOutcomes(path string, all bool) error {
	counts, err := readOutcomes(path)
	if err != nil || !all {
		return err
	}
	for _, rpc := range []string{"ValidateResourceConfig", "UpgradeResourceState", "ReadResource", "PlanResourceChange"} {
		fmt.Printf(
			"%-24s %6d answers compared with the framework's, %6d left to it\n", rpc, counts[rpc]["same"],
			counts[rpc]["declined"],
		)
		if counts[rpc]["same"] == 0 {
			err = errors.Join(err, fmt.Errorf("%s was never answered without the framework", rpc))
		}
	}
	return err
}
