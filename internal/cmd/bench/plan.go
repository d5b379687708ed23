package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// planned are the measured configurations. The largest one is set up project by project.
var planned = []struct{ entities, projects int }{{100, 1}, {300, 1}, {1000, 1}, {3000, 10}}

// largeSize is the largest size that is measured more than once.
const largeSize = 1000

// Targets for a plan without changes.
const (
	cpuAim        = 700 * time.Microsecond // of the provider, for each of 1,000 resources
	ratioAim      = 1.5                    // to the wall time of 1,000 terraform_data
	ratioStubAim  = 1.25                   // to that of a stub with the schema of Stowage
	wallAim       = time.Second            // of 300 resources
	sizeOfCPUAim  = 1000
	sizeOfWallAim = 300
)

// plannedConfigurations returns the measured configurations, the quick ones only or all.
func plannedConfigurations(quick bool) []*configuration {
	sizes := planned
	if quick {
		sizes = sizes[:2]
	}
	var all []*configuration
	for i, size := range sizes {
		name := fmt.Sprintf("plan-%d", size.entities)
		all = append(all, newMix(name, size.projects, size.entities, 100_000+1000*i))
	}
	return all
}

type subject struct {
	name string
	dir  func(c *configuration) string
	env  []string
}

const (
	terraformData = "terraform_data"
	stubTiny      = "stub, tiny schema"
	stubStowage   = "stub, schema of Stowage"
	stowageItself = "stowage"
)

// subjects returns the compared providers; cli is the CLI configuration for the stub.
func subjects(cli string) []subject {
	stub := "TF_CLI_CONFIG_FILE=" + cli
	own := func(c *configuration) string { return c.name }
	return []subject{
		{terraformData, (*configuration).dataDir, nil},
		{stubTiny, (*configuration).tinyDir, []string{stub}},
		{stubStowage, own, []string{stub, "STUB_SCHEMA=stowage"}},
		{stowageItself, own, nil},
		{"stowage, cached", own, []string{"STOWAGE_READ_CONSISTENCY=cached"}},
		{"stowage, authoritative", own, []string{"STOWAGE_READ_CONSISTENCY=authoritative"}},
	}
}

// task is a command without changes.
type task struct {
	name string
	args []string // -detailed-exitcode fails on changes; not for -refresh-only (hashicorp/terraform#37406)
	runs int      // measured runs, after one to warm up
}

var tasks = []task{
	{"plan", []string{"plan", "-detailed-exitcode"}, 3},
	{"plan -refresh-only", []string{"plan", "-refresh-only"}, 1},
	{"plan -refresh=false", []string{"plan", "-refresh=false", "-detailed-exitcode"}, 1},
	{"validate", []string{"validate"}, 1},
	{"plan -destroy", []string{"plan", "-destroy"}, 1},
}

type measured map[string]map[string]ran

// plans measures plans and similar commands without changes.
func (b *bench) plans(ctx context.Context, configurations []*configuration) error {
	cli, err := b.stubConfiguration()
	if err != nil {
		return err
	}
	for _, c := range configurations {
		m := measured{}
		for _, t := range tasks {
			m[t.name] = map[string]ran{}
			for _, s := range subjects(cli) {
				if len(s.env) > 0 && !strings.Contains(s.env[0], cli) && t.name != "plan" {
					continue // the read mode affects only refreshes
				}
				if m[t.name][s.name], err = b.median(ctx, c, s, t); err != nil {
					return err
				}
			}
		}
		m.show(c)
		progress("measured plans of %d resources", c.size())
	}
	return nil
}

// stubConfiguration writes the CLI configuration for the stub.
func (b *bench) stubConfiguration() (path string, err error) {
	dir, err := filepath.Abs(filepath.Join(b.bin, "stub"))
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.dir, "stub.tfrc")
	text := fmt.Sprintf(
		"provider_installation {\n  dev_overrides {\n    \"stowage/stowage\" = %q\n    \"registry.opentofu.org/stowage/stowage\" = %q\n  }\n  direct {}\n}\n",
		dir,
		dir,
	)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// median measures a task and returns the run with the median wall time.
func (b *bench) median(ctx context.Context, c *configuration, s subject, t task) (ran, error) {
	counted := t.runs
	if c.size() > largeSize {
		counted = 1
	}
	var runs []ran
	for n := range 1 + counted {
		r, err := b.terraform(ctx, s.dir(c), s.env, t.args...)
		if err != nil {
			return ran{}, err
		}
		if n > 0 {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(a, b ran) int { return int(a.wall - b.wall) })
	return runs[len(runs)/2], nil
}

func (m measured) show(c *configuration) {
	rows := []string{
		"command\tprovider\twall time\tratio\tCLI's CPU\tprovider's CPU\tfor a resource\tCLI's memory\tprovider's memory\tAWS calls",
	}
	for _, t := range tasks {
		base := m[t.name][terraformData].wall.Seconds()
		for _, s := range subjects("") {
			r, ok := m[t.name][s.name]
			if !ok {
				continue
			}
			provider := r.cpu - r.coreCPU
			row := fmt.Sprintf(
				"%s\t%s\t%s\t%.2f\t%s\t", t.name, s.name, seconds(r.wall), r.wall.Seconds()/base, seconds(r.coreCPU),
			)
			if s.name != terraformData {
				row += fmt.Sprintf("%s\t%.2f ms", seconds(provider), float64(provider.Microseconds())/1000/float64(c.size()))
			} else {
				row += "\t"
			}
			rows = append(rows, row+fmt.Sprintf("\t%s\t%s\t%d", megabytes(r.core), megabytes(r.provider), r.calls.Total()))
		}
	}
	table(fmt.Sprintf("%d resources (%s). Commands that find nothing to do.", c.size(), c), rows...)
	if aims := m.aims(c); len(aims) > 0 {
		table("Aims", aims...)
	}
}

// aims returns which targets a size has met.
func (m measured) aims(c *configuration) []string {
	r, data, stub := m["plan"][stowageItself], m["plan"][terraformData], m["plan"][stubStowage]
	switch c.size() {
	case sizeOfWallAim:
		return []string{
			fmt.Sprintf("wall time\t%s\tat most %s: %s", seconds(r.wall), seconds(wallAim), met(r.wall <= wallAim)),
		}
	case sizeOfCPUAim:
		each := (r.cpu - r.coreCPU) / time.Duration(c.size())
		toData, toStub := r.wall.Seconds()/data.wall.Seconds(), r.wall.Seconds()/stub.wall.Seconds()
		return []string{
			fmt.Sprintf(
				"provider's CPU for a resource\t%s\tat most %s: %s", each.Round(10*time.Microsecond), cpuAim,
				met(each <= cpuAim),
			),
			fmt.Sprintf("wall time to terraform_data\t%.2f\tat most %.2f: %s", toData, ratioAim, met(toData <= ratioAim)),
			fmt.Sprintf(
				"wall time to a stub with the schema of Stowage\t%.2f\tat most %.2f: %s", toStub, ratioStubAim,
				met(toStub <= ratioStubAim),
			),
		}
	}
	return nil
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "MISSED"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
