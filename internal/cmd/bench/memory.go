package main

import (
	"context"
	"fmt"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/run"
)

// Entities of the memory measurement, and the provider's maximum memory in bytes.
const (
	manyEntities = 5000
	memoryAim    = 300 << 20
)

// memory measures the provider's peak memory while a large configuration is applied and planned, on
// a sandbox without latency. It uses as few projects as the quota of groups allows.
func (b *bench) memory(ctx context.Context) error {
	box, err := run.Start(ctx, run.Setting("BIN", "bin"), "none")
	if err != nil {
		return err
	}
	defer box.Stop()
	many := &bench{box, b.cli, b.bin, b.dir}
	c := newConfiguration("memory", manyEntities, 400_000)
	if err := many.write(c.name, c.stowage.String()); err != nil {
		return err
	}
	rows := []string{fmt.Sprintf("%d resources\twall time\tAWS calls\tprovider's peak memory\taim", c.size())}
	for _, step := range []struct {
		name string
		args []string
	}{
		{"apply from nothing", []string{"apply", "-auto-approve", "-parallelism=100"}},
		{"plan that finds nothing to do", []string{"plan", "-detailed-exitcode"}},
	} {
		r, err := many.terraform(ctx, c.name, nil, step.args...)
		if err != nil {
			return err
		}
		rows = append(
			rows,
			fmt.Sprintf(
				"%s\t%s\t%d\t%s\t%s", step.name, seconds(r.wall), r.calls.Total(), megabytes(r.provider),
				judgeMemory(r.provider),
			),
		)
		progress("%s of %d resources took %s", step.name, c.size(), r.wall.Round(time.Second))
	}
	table(fmt.Sprintf("Memory of the provider at %s.", c), rows...)
	return nil
}

func judgeMemory(peak int64) string {
	switch {
	case peak == 0:
		return ""
	case peak < memoryAim:
		return fmt.Sprintf("under %s: met", megabytes(memoryAim))
	default:
		return fmt.Sprintf("under %s: MISSED", megabytes(memoryAim))
	}
}
