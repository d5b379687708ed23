package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// setUpAtOnce is the number of concurrent applies. Each takes some 150 MB.
const setUpAtOnce = 16

// setUp writes configurations and applies them concurrently, since most of the time is spent
// waiting for CloudFormation. The parallelism allows each the fewest commits.
//
// Each project of a configuration is applied alone, in a directory below. The states are then
// merged: a CLI writes the whole state after each resource, so that an apply of 3,000 resources at
// once takes ten times as long.
func (b *bench) setUp(ctx context.Context, configurations []*configuration) error {
	stub, err := b.stubConfiguration()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(setUpAtOnce)
	apply := func(dir string, texts []string, env ...string) {
		for n, text := range texts {
			group.Go(func() error { return b.setUpOne(ctx, partDir(dir, n), text, env) })
		}
	}
	for _, c := range configurations {
		stowage, data := c.partTexts()
		apply(c.name, stowage)
		apply(c.dataDir(), data)
		apply(c.tinyDir(), stowage, "TF_CLI_CONFIG_FILE="+stub)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, c := range configurations {
		for dir, text := range map[string]string{
			c.name: c.stowage.String(), c.dataDir(): c.data.String(), c.tinyDir(): c.stowage.String(),
		} {
			if err := b.write(dir, text); err != nil {
				return err
			}
			if err := b.mergeStates(dir, len(c.parts)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *configuration) partTexts() (stowage, data []string) {
	for _, part := range c.parts {
		stowage = append(stowage, providerBlock+part.stowage.String())
		data = append(data, part.data.String())
	}
	return stowage, data
}

// partDir returns the directory of a part. A CLI ignores the directories below its own.
func partDir(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("part-%d", n)) }

func (b *bench) setUpOne(ctx context.Context, dir, text string, env []string) error {
	if err := b.write(dir, text); err != nil {
		return err
	}
	r, err := b.terraform(ctx, dir, env, "apply", "-auto-approve", "-parallelism=1000")
	if err != nil {
		return err
	}
	progress("applied %s in %s", dir, seconds(r.wall))
	return nil
}

// write writes a configuration to a directory, and creates the directory if necessary.
func (b *bench) write(dir, text string) error {
	dir = filepath.Join(b.dir, dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600)
}

const stateFile = "terraform.tfstate"

// mergeStates writes a state with the resources of all parts. All else is that of the first part.
func (b *bench) mergeStates(dir string, parts int) error {
	var merged map[string]json.RawMessage
	var resources []json.RawMessage
	for n := range parts {
		text, err := os.ReadFile(filepath.Join(b.dir, partDir(dir, n), stateFile))
		if err != nil {
			return err
		}
		var state map[string]json.RawMessage
		if err := json.Unmarshal(text, &state); err != nil {
			return fmt.Errorf("the state of %s: %w", partDir(dir, n), err)
		}
		var own []json.RawMessage
		if err := json.Unmarshal(state["resources"], &own); err != nil {
			return fmt.Errorf("the resources of %s: %w", partDir(dir, n), err)
		}
		if n == 0 {
			merged = state
		}
		resources = append(resources, own...)
	}
	all, err := json.Marshal(resources)
	if err != nil {
		return err
	}
	merged["resources"] = all
	text, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, dir, stateFile), text, 0o600)
}
