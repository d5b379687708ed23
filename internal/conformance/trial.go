package conformance

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Trial is the result of a contract on a peer.
type Trial struct {
	Contract Contract
	Err      error  // why the contract is broken; nil when it holds
	Known    string // the known deviation; "" when the contract should hold
}

// Unexpected reports whether the result differs from the expected one, for better or worse.
func (t Trial) Unexpected() bool { return (t.Err == nil) != (t.Known == "") }

// Try checks all contracts of a peer's services, one after the other. It returns an error when a
// known deviation has no contract.
func (p Peer) Try(ctx context.Context, c *Clients) ([]Trial, error) {
	var trials []Trial
	left := len(p.Deviations)
	for _, contract := range All() {
		if !slices.Contains(p.Services, contract.Service) {
			continue
		}
		known, deviates := p.Deviations[contract.Name]
		if deviates {
			left--
		}
		trials = append(trials, Trial{contract, contract.Check(ctx, c), known})
	}
	if left > 0 {
		return nil, fmt.Errorf("%d deviations of %s are of contracts that are not there", left, p.Name)
	}
	return trials, nil
}

// Report writes all unexpected results, and the numbers of contracts that held or deviated as
// expected. It returns the number of unexpected results.
func Report(to io.Writer, peer string, trials []Trial) (unexpected int) {
	kept, known := 0, 0
	for _, t := range trials {
		switch {
		case t.Unexpected() && t.Err != nil:
			unexpected++
			_, _ = fmt.Fprintf(
				to, "  %s does not keep %s: %s (%s)\n    %v\n", peer, t.Contract.Name, t.Contract.Rule,
				t.Contract.Source, t.Err,
			)
		case t.Unexpected():
			unexpected++
			_, _ = fmt.Fprintf(to, "  %s keeps %s, listed as: %s\n", peer, t.Contract.Name, t.Known)
		case t.Err == nil:
			kept++
		default:
			known++
		}
	}
	_, _ = fmt.Fprintf(to, "%s: %d contracts kept, %d known deviations, %d unexpected results\n", peer, kept, known, unexpected)
	return unexpected
}
