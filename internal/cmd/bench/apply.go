package main

import (
	"context"
	"fmt"
)

// bucketsApplied is the number of buckets per apply.
const bucketsApplied = 100

// growth is a measured apply of so many buckets to an existing project.
type growth struct {
	buckets, parallelism int

	into *configuration
}

// growths returns the measured applies. The first one gives the time of a single bucket.
func growths() []growth {
	all := []growth{
		{buckets: 1, parallelism: 10}, {buckets: bucketsApplied, parallelism: 10},
		{buckets: bucketsApplied, parallelism: 100},
	}
	for i := range all {
		all[i].into = newConfiguration(fmt.Sprintf("grow-%d", i), 1, 200_000+i)
	}
	return all
}

// applies measures the commits and the time of applies at two parallelisms. The time of one bucket
// gives that of sequential commits.
func (b *bench) applies(ctx context.Context, all []growth) error {
	alone, err := b.grow(ctx, all[0])
	if err != nil {
		return err
	}
	rows := []string{"-parallelism\tcommits\twall time\tAWS calls\tprovider's peak memory"}
	for _, g := range all[1:] {
		r, err := b.grow(ctx, g)
		if err != nil {
			return err
		}
		rows = append(
			rows,
			fmt.Sprintf(
				"%d\t%d\t%s\t%d\t%s", g.parallelism, r.commits(), seconds(r.wall), r.calls.Total(),
				megabytes(r.provider),
			),
		)
	}
	rows = append(
		rows,
		fmt.Sprintf(
			"one by one (estimate)\t%d\t%s\t%d\t", bucketsApplied, seconds(bucketsApplied*alone.wall),
			bucketsApplied*alone.calls.Total(),
		),
	)
	table(
		fmt.Sprintf(
			"An apply of %d buckets into a project that is there. The estimate is %d times one bucket alone, which took %s.",
			bucketsApplied, bucketsApplied, seconds(alone.wall),
		),
		rows...)
	return nil
}

func (b *bench) grow(ctx context.Context, g growth) (ran, error) {
	c := g.into
	c.addBuckets(c.name+"-0", g.buckets)
	if err := b.write(c.name, c.stowage.String()); err != nil {
		return ran{}, err
	}
	r, err := b.terraform(ctx, c.name, nil, "apply", "-auto-approve", fmt.Sprintf("-parallelism=%d", g.parallelism))
	if err != nil {
		return r, err
	}
	if r.commits() == 0 {
		return r, fmt.Errorf("the apply of %d buckets has committed nothing", g.buckets)
	}
	progress("applied %d buckets at -parallelism=%d in %s", g.buckets, g.parallelism, seconds(r.wall))
	return r, nil
}

func (r ran) commits() int { return r.calls["cloudformation"]["ExecuteChangeSet"] }
