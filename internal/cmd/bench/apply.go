package main

import (
	"context"
	"fmt"
)

// bucketsApplied is how many buckets the applies make.
const bucketsApplied = 100

// applies measures how many commits, and how long, buckets take at two parallelisms. What one bucket takes alone tells what
// committing one after the other would come to.
func (b *bench) applies(ctx context.Context) error {
	alone, err := b.apply(ctx, "one-bucket", 200_001, 1, 10)
	if err != nil {
		return err
	}
	rows := []string{"-parallelism\tcommits\twall time\tAWS calls\tprovider's peak memory"}
	for i, parallelism := range []int{10, 100} {
		r, err := b.apply(ctx, fmt.Sprintf("buckets-%d", parallelism), 200_002+i, bucketsApplied, parallelism)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("%d\t%d\t%s\t%d\t%s", parallelism, r.commits(), seconds(r.wall), r.calls.Total(), megabytes(r.peak)))
	}
	estimate := bucketsApplied * alone.wall
	rows = append(rows, fmt.Sprintf("one by one (estimate)\t%d\t%s\t\t", bucketsApplied, seconds(estimate)))
	table(fmt.Sprintf("An apply of %d buckets into a project that is there\nThe estimate is %d times what one bucket takes: %s", bucketsApplied, bucketsApplied, seconds(alone.wall)), rows...)
	return nil
}

// commits are the change sets that were executed.
func (r ran) commits() int { return r.calls["cloudformation"]["ExecuteChangeSet"] }

// apply makes a project and then measures an apply of buckets into it.
func (b *bench) apply(ctx context.Context, project string, account, buckets, parallelism int) (ran, error) {
	c := &configuration{}
	c.stowage.WriteString(providerBlock)
	c.add("project", project, literal("name", project), literal("account_id", fmt.Sprintf("%012d", account)))
	dir, err := b.applied(ctx, project, c.stowage.String())
	if err != nil {
		return ran{}, err
	}
	for n := range buckets {
		c.add("project_bucket", fmt.Sprintf("bucket-%d", n), reference("project", "project", project), literal("name", fmt.Sprintf("bucket-%d", n)))
	}
	if _, err := b.write(project, c.stowage.String()); err != nil {
		return ran{}, err
	}
	r, err := b.terraform(ctx, dir, nil, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", parallelism))
	if err == nil && r.commits() == 0 {
		return r, fmt.Errorf("the apply of %s has committed nothing", project)
	}
	return r, err
}
