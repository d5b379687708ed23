package conformance

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Trial is what a peer has made of a contract.
type Trial struct {
	Contract Contract
	Err      error  // why the contract isn't kept; nil when it is
	Known    string // what is known of the peer in this; "" when it should keep the contract
}

// Surprise says that the peer did what nobody expects of it, for better or worse.
func (t Trial) Surprise() bool { return (t.Err == nil) != (t.Known == "") }

// Try tries all contracts of a peer's services, one after the other. It returns an error when a known deviation is of no contract.
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

// Report writes what is worth knowing of trials: all surprises, and how many held or deviated as expected. It returns the number
// of surprises.
func Report(to io.Writer, peer string, trials []Trial) (surprises int) {
	kept, known := 0, 0
	for _, t := range trials {
		switch {
		case t.Surprise() && t.Err != nil:
			surprises++
			_, _ = fmt.Fprintf(to, "  %s does not keep %s: %s (%s)\n    %v\n", peer, t.Contract.Name, t.Contract.Rule, t.Contract.Source, t.Err)
		case t.Surprise():
			surprises++
			_, _ = fmt.Fprintf(to, "  %s keeps %s, of which it is said: %s\n", peer, t.Contract.Name, t.Known)
		case t.Err == nil:
			kept++
		default:
			known++
		}
	}
	_, _ = fmt.Fprintf(to, "%s: %d contracts kept, %d known deviations, %d surprises\n", peer, kept, known, surprises)
	return surprises
}
