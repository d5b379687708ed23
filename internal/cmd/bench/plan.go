package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// aims are how many times as long as a plan of terraform_data a plan may take, by the number of entities.
var aims = map[int]float64{300: 2, 1000: 1.5}

// plannedConfigurations are what plans are measured of.
func plannedConfigurations(sizes []int) []*configuration {
	var all []*configuration
	for i, size := range sizes {
		all = append(all, newConfiguration(fmt.Sprintf("plan-%d", size), size, 100_000+1000*i))
	}
	return all
}

// plans measures plans that find nothing to do, in all read modes.
func (b *bench) plans(ctx context.Context, configurations []*configuration) error {
	rows := []string{"resources\twhat\twall time\tratio\taim\tAWS calls\tprovider's peak memory"}
	heading := "Plans that find nothing to do: the median of 3 runs after one to warm up. terraform_data has the same values and references."
	for _, c := range configurations {
		heading += fmt.Sprintf("\n%5d resources are %s", c.size(), c)
		base, err := b.plan(ctx, c.dataDir(), nil)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("%d\tterraform_data\t%s\t1.0\t\t\t", c.size(), seconds(base.wall)))
		for _, mode := range []string{"verified", "cached", "authoritative"} {
			r, err := b.plan(ctx, c.name, []string{"STOWAGE_READ_CONSISTENCY=" + mode})
			if err != nil {
				return err
			}
			ratio := r.wall.Seconds() / base.wall.Seconds()
			rows = append(rows, fmt.Sprintf("\t%s\t%s\t%.1f\t%s\t%d\t%s", mode, seconds(r.wall), ratio, judge(c.size(), ratio), r.calls.Total(), megabytes(r.peak)))
		}
	}
	table(heading, rows...)
	return nil
}

// plan measures a plan; the times are the median's, and so are its calls and memory.
func (b *bench) plan(ctx context.Context, dir string, env []string) (ran, error) {
	const warmUp, counted = 1, 3
	var runs []ran
	for n := range warmUp + counted {
		r, err := b.terraform(ctx, dir, env, "plan", "-detailed-exitcode") // fails when there is something to do
		if err != nil {
			return ran{}, err
		}
		if n >= warmUp {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(a, b ran) int { return int(a.wall - b.wall) })
	return runs[len(runs)/2], nil
}

func judge(size int, ratio float64) string {
	aim, ok := aims[size]
	switch {
	case !ok:
		return ""
	case ratio <= aim:
		return fmt.Sprintf("%.1f: met", aim)
	default:
		return fmt.Sprintf("%.1f: MISSED", aim)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
