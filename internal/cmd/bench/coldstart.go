package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/run"
)

const (
	relayBinary = "stowage-relay"
	// coldStarts is the number of measured starts of the relay.
	coldStarts = 20
	// startBound limits one start.
	startBound = time.Minute
)

// coldStart is how long a new process of the relay takes: until it asks for an event, and until it
// has answered the first one.
type coldStart struct{ ready, answered time.Duration }

// coldStarts measures starts of the relay as Lambda starts it, with the board's settings as the first
// event. The answer makes no call of AWS; the start makes one, which identifies the credentials.
func (b *bench) coldStarts(ctx context.Context) error {
	binary, err := filepath.Abs(filepath.Join(b.bin, relayBinary))
	if err != nil {
		return err
	}
	all := make([]coldStart, coldStarts)
	for n := range all {
		if all[n], err = startRelay(ctx, b.box, binary); err != nil {
			return fmt.Errorf("starting the relay: %w", err)
		}
	}
	row := func(what string, of func(coldStart) time.Duration) string {
		times := make([]time.Duration, len(all))
		for n, s := range all {
			times[n] = of(s)
		}
		slices.Sort(times)
		return fmt.Sprintf("%s\t%s\t%s", what, milliseconds(times[len(times)/2]), milliseconds(times[len(times)-1]))
	}
	table(fmt.Sprintf("Cold starts of the relay on this machine, %d of them, from the start of the process.", coldStarts),
		"until\tp50\tslowest",
		row("it asks for the first event", func(s coldStart) time.Duration { return s.ready }),
		row("it has answered it", func(s coldStart) time.Duration { return s.answered }),
	)
	return nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + " ms" }

// firstEvent is a request for the board's settings (payload format 2.0 of HTTP APIs).
const firstEvent = `{"version":"2.0","routeKey":"$default","rawPath":"/config.json","headers":{},
	"requestContext":{"stage":"$default","domainName":"board.test","http":{"method":"GET","path":"/config.json"}}}`

// startRelay runs a process of the relay for one event.
func startRelay(ctx context.Context, box *run.Sandbox, binary string) (measured coldStart, err error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return measured, err
	}
	api := &runtimeAPI{asked: make(chan time.Time, 1), answered: make(chan time.Time, 1), stop: ctx.Done()}
	server := &http.Server{Handler: api, ReadHeaderTimeout: startBound}
	go func() { _ = server.Serve(listener) }()
	defer func() { err = errors.Join(err, server.Close()) }()
	command, err := box.Command(ctx, binary, filepath.Dir(binary))
	if err != nil {
		return measured, err
	}
	command.Env = append(command.Env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "STOWAGE_LOG_LEVEL=ERROR")
	command.Stdout, command.Stderr = io.Discard, os.Stderr
	command.Cancel = func() error { return command.Process.Kill() }
	began := time.Now()
	if err := command.Start(); err != nil {
		return measured, err
	}
	exited := make(chan struct{})
	var failure error // once it has exited
	go func() {
		defer close(exited)
		failure = command.Wait()
	}()
	defer func() {
		cancel()
		<-exited
	}()
	for _, step := range []struct {
		at   chan time.Time
		into *time.Duration
	}{{api.asked, &measured.ready}, {api.answered, &measured.answered}} {
		select {
		case at := <-step.at:
			*step.into = at.Sub(began)
		case <-exited:
			return measured, fmt.Errorf("the relay has exited: %w", failure)
		case <-ctx.Done():
			return measured, ctx.Err()
		}
	}
	return measured, nil
}

// runtimeAPI is Lambda's Runtime API for one event: AWS Lambda Developer Guide, runtimes-api.
type runtimeAPI struct {
	asked, answered chan time.Time
	stop            <-chan struct{}
	served          bool
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet { // invocation/next, one at a time
		if a.served {
			<-a.stop
			return
		}
		a.served = true
		a.asked <- time.Now()
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", "1")
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(startBound).UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:relay")
		_, _ = io.WriteString(w, firstEvent)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	a.answered <- time.Now()
	w.WriteHeader(http.StatusAccepted)
}
