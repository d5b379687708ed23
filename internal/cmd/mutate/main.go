// Command mutate runs the tests with one deliberate defect at a time and shows which test detects
// which. It fails when a defect survives. Arguments select defects whose names contain them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mutation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx)
	stop()
	os.Exit(code)
}

// run returns the exit code: 1 when a defect survived, 2 when one could not be tried.
func run(ctx context.Context) int {
	survived := 0
	for _, d := range mutation.Defects {
		if len(os.Args) > 1 &&
			!slices.ContainsFunc(os.Args[1:], func(word string) bool { return strings.Contains(d.Name, word) }) {
			continue
		}
		verdict, err := mutation.Try(ctx, ".", d)
		if err != nil {
			fmt.Fprintln(os.Stderr, "mutate:", err)
			return 2
		}
		outcome := "caught by " + strings.Join(verdict.CaughtBy, ", ")
		if len(verdict.CaughtBy) == 0 {
			outcome = "SURVIVED"
			survived++
		}
		fmt.Printf("%-62s %6s  %s\n", d.Name, verdict.Took.Round(100*time.Millisecond), outcome)
	}
	if survived > 0 {
		fmt.Printf("%d defects survived: a test is missing for each\n", survived)
		return 1
	}
	return 0
}
