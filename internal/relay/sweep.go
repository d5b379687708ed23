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
	// compareEvery is how often a sweep compares all stacks with the mirror; the others only look after events and connections. A
	// notification gets lost rarely, and a comparison reads the mirror of all projects.
	compareEvery = 5 * time.Minute
	// sweepBound is the most that one sweep takes; what it doesn't come to is left to the next one.
	sweepBound = 4 * time.Minute
	// accountsAtOnce is how many accounts are looked into at the same time. Within an account stacks come one after the other, since
	// CloudFormation's limits are an account's.
	accountsAtOnce = 8
)

// Sweep does what a schedule asks for once a minute, and mends what has been lost since the last time.
//
// Every time: operations that their writers left behind expire, events that were stored and not sent are sent, connections that have
// ended are removed, those that are about to end are told to connect again, and all others get a heartbeat.
//
// When this process hasn't done so for compareEvery: every stack of every project, and that of the directory, is compared with the mirror,
// and read where the mirror is behind.
//
// It goes on when something fails, and returns everything that did.
func (r *Relay) Sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepBound)
	defer cancel()
	live := r.sweepLive(ctx)
	var compared error
	if r.compareDue() {
		compared = r.Compare(ctx)
	}
	return errors.Join(live, compared)
}

// Compare compares every stack with the mirror, mends the mirror, and tells those who watch. It goes on after a project's failure and
// returns them all.
func (r *Relay) Compare(ctx context.Context) error {
	began := time.Now()
	changed, directoryErr := r.compare(ctx, mirror.Directory)
	if directoryErr != nil {
		directoryErr = fmt.Errorf("comparing the directory: %w", directoryErr)
	}
	listings, err := r.projects.List(ctx)
	if err != nil {
		return errors.Join(directoryErr, fmt.Errorf("reading the directory: %w", err))
	}
	mended := 0
	if changed {
		mended++
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
			mended++
		}
	}
	r.log.InfoContext(ctx, "compared all stacks", "projects", len(listings), "compared", compared, "mended", mended, "took", time.Since(began).String())
	return errors.Join(directoryErr, err)
}

// compare compares the stacks of one project.
func (r *Relay) compare(ctx context.Context, name string) (changed bool, err error) {
	changed, err = r.projects.Synchronizer().Refresh(ctx, name)
	if model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) { // it has been deleted since the directory was read
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

// byAccount are the names of the projects of each account and region. A sweep that doesn't come to its end leaves out others each time: the
// order turns with the time.
func byAccount(listings []model.Listing, now time.Time) [][]string {
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

// compareDue says, once, that it is time to compare.
func (r *Relay) compareDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Half a minute less, as schedules aren't on time to the second.
	if !r.compared.IsZero() && time.Since(r.compared) < compareEvery-30*time.Second {
		return false
	}
	r.compared = time.Now()
	return true
}

// HandleSchedule is Sweep in the form of a Lambda function. Nothing in the event matters.
func (r *Relay) HandleSchedule(ctx context.Context, _ []byte) ([]byte, error) {
	return nil, r.Sweep(ctx)
}
