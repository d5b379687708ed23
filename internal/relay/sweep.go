package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

const (
	// compareEvery is the interval at which a sweep compares all stacks with the mirror; other
	// sweeps handle only events and connections. Notifications are rarely lost, and a comparison
	// reads the mirror of all projects.
	compareEvery = 5 * time.Minute
	// sweepBound limits one sweep; the next one continues.
	sweepBound = 4 * time.Minute
	// accountsAtOnce is the number of accounts that are read concurrently. The stacks of an account
	// are read one after the other, since CloudFormation's limits apply per account.
	accountsAtOnce = 8
)

// Sweep runs once a minute and repairs what was lost since the last run.
//
// Every sweep expires abandoned operations, sends pending events, removes ended connections, asks
// clients whose connections end soon to reconnect, and sends all others a heartbeat.
//
// Once per compareEvery and process, it compares every stack of every project, and of the
// directory, with the mirror, and reads those for which the mirror is behind.
//
// It continues after failures, records its outcome in the hub's table, and logs and returns all
// errors.
func (r *Relay) Sweep(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, sweepBound)
	defer cancel()
	outcome := mirror.Sweep{At: began}
	var live, compared error
	outcome.Connections, live = r.sweepLive(ctx)
	if r.compareDue() {
		outcome.Comparison, compared = r.compareAll(ctx)
	}
	outcome.Err = errors.Join(live, compared)
	err := r.recordSweep(ctx, outcome)
	took := time.Since(began).Milliseconds()
	if err != nil {
		r.log.ErrorContext(ctx, "the sweep is incomplete", "took_ms", took, "error", err.Error())
		return err
	}
	r.log.InfoContext(ctx, "swept", "took_ms", took)
	return nil
}

// Compare compares every stack with the mirror, updates the mirror, and publishes the changes. It
// continues after a project's failure and returns all errors.
func (r *Relay) Compare(ctx context.Context) error {
	_, err := r.compareAll(ctx)
	return err
}

func (r *Relay) compareAll(ctx context.Context) (*mirror.Comparison, error) {
	began := time.Now()
	changed, directoryErr := r.compare(ctx, mirror.Directory)
	if directoryErr != nil {
		directoryErr = fmt.Errorf("comparing the directory: %w", directoryErr)
	}
	listings, err := r.projects.List(ctx)
	if err != nil {
		return nil, errors.Join(directoryErr, fmt.Errorf("reading the directory: %w", err))
	}
	repaired := 0
	if changed {
		repaired++
	}
	results := make(chan bool, len(listings))
	err = forEach(ctx, accountsAtOnce, byAccount(listings, began), func(ctx context.Context, names []string) error {
		return forEach(ctx, 1, names, func(ctx context.Context, name string) error {
			changed, err := r.compare(ctx, name)
			results <- changed
			return err
		})
	})
	close(results)
	compared := 0
	for changed := range results {
		compared++
		if changed {
			repaired++
		}
	}
	r.log.InfoContext(
		ctx, "compared all stacks", "projects", len(listings), "compared", compared, "repaired", repaired, "took_ms",
		time.Since(began).Milliseconds(),
	)
	return &mirror.Comparison{Projects: len(listings), Repaired: repaired}, errors.Join(directoryErr, err)
}

func (r *Relay) compare(ctx context.Context, name string) (changed bool, err error) {
	changed, err = r.projects.Synchronizer().RefreshAndCheck(ctx, name, r.driftCheck)
	if model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) { // deleted meanwhile
		return false, nil
	}
	if changed { // even if another stack of it failed
		r.publish(ctx, name)
	}
	if err != nil {
		r.log.ErrorContext(ctx, "the project could not be compared with the mirror", "project", name, "error", err.Error())
		return changed, fmt.Errorf("comparing the project %s: %w", name, err)
	}
	return changed, nil
}

// byAccount returns the names of the projects of each account and region. The order rotates with
// time, so that sweeps that run out of time leave out different accounts.
func byAccount(listings []model.DirectoryEntry, now time.Time) [][]string {
	type place struct{ account, region string }
	at := map[place]int{}
	var groups [][]string
	for _, l := range listings {
		p := place{l.AccountID, l.Region}
		n, known := at[p]
		if !known {
			n = len(groups)
			at[p] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], l.Name)
	}
	if len(groups) == 0 {
		return nil
	}
	first := int(now.Unix()/int64(compareEvery/time.Second)) % len(groups)
	return slices.Concat(groups[first:], groups[:first])
}

// compareDue reports, once per interval, that a comparison is due.
func (r *Relay) compareDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Half a minute less, as schedules are not exact to the second.
	if !r.compared.IsZero() && time.Since(r.compared) < compareEvery-30*time.Second {
		return false
	}
	r.compared = time.Now()
	return true
}

// HandleSchedule is Sweep with the signature of a Lambda function. It ignores the event.
func (r *Relay) HandleSchedule(ctx context.Context, _ []byte) ([]byte, error) {
	return nil, r.Sweep(ctx)
}
