package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// setUp writes configurations and applies them concurrently, since most of the time is spent
// waiting for CloudFormation. The parallelism allows each the fewest commits.
func (b *bench) setUp(ctx context.Context, configurations []*configuration) error {
	var wg sync.WaitGroup
	stub, err := b.stubConfiguration()
	if err != nil {
		return err
	}
	errs := make([]error, 3*len(configurations))
	apply := func(result *error, dir, text string, env ...string) {
		wg.Go(func() { *result = b.setUpOne(ctx, dir, text, env) })
	}
	for i, c := range configurations {
		apply(&errs[3*i], c.name, c.stowage.String())
		apply(&errs[3*i+1], c.dataDir(), c.data.String())
		apply(&errs[3*i+2], c.tinyDir(), c.stowage.String(), "TF_CLI_CONFIG_FILE="+stub)
	}
	wg.Wait()
	return errors.Join(errs...)
}

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
