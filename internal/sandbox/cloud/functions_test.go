package cloud_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type deployed struct {
	arn, service string
	registered   int // calls for which Go code was registered
}

func (d *deployed) Synchronous(c cloud.FunctionCall, registered cloud.Function) (cloud.Function, bool, error) {
	if c.ARN != d.arn {
		return nil, false, nil
	}
	if c.Service != d.service {
		return nil, true, cloud.Errorf("AccessDeniedException", "no")
	}
	if registered != nil {
		d.registered++
		return registered, true, nil
	}
	return func(context.Context, []byte) ([]byte, error) { return []byte("own"), nil }, true, nil
}

func (d *deployed) Asynchronous(c cloud.FunctionCall, registered cloud.Function) (bool, error) {
	_, ok, err := d.Synchronous(c, registered)
	return ok, err
}

// TestWorld_CallFunction checks which code runs, and that a deployed function's policy also applies
// to registered code.
func TestWorld_CallFunction(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	d := &deployed{arn: "deployed", service: "events.amazonaws.com"}
	w.SetDeployedFunctions(d)
	call := func(arn, service string) string {
		run, err := w.CallFunction(cloud.FunctionCall{ARN: arn, Service: service})
		var refused *cloud.Error
		if errors.As(err, &refused) {
			if again := w.Invoke(cloud.FunctionCall{ARN: arn, Service: service}); again == nil || again.Error() != err.Error() {
				t.Errorf("%s: asynchronous %v, synchronous %v", arn, again, err)
			}
			return refused.Code
		}
		answer, err := run(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	goCode := func(context.Context, []byte) ([]byte, error) { return []byte("go"), nil }
	w.RegisterFunction("registered", goCode)
	for _, c := range []struct{ arn, service, want string }{
		{"none", "events.amazonaws.com", "ResourceNotFoundException"},
		{"registered", "sns.amazonaws.com", "go"},
		{"deployed", "events.amazonaws.com", "own"},
		{"deployed", "sns.amazonaws.com", "AccessDeniedException"},
	} {
		if got := call(c.arn, c.service); got != c.want {
			t.Errorf("%s for %s: %s, want %s", c.arn, c.service, got, c.want)
		}
	}
	w.RegisterFunction("deployed", goCode)
	if got := call("deployed", "events.amazonaws.com"); got != "go" || d.registered != 1 {
		t.Errorf("registered code of a deployed function: %s", got)
	}
	if got := call("deployed", "sns.amazonaws.com"); got != "AccessDeniedException" {
		t.Errorf("registered code of a deployed function that denies: %s", got)
	}
}

func TestWorld_Invoke_Retries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := cloud.New(1)
		var at []time.Duration
		started := time.Now()
		w.RegisterFunction("f", func(context.Context, []byte) ([]byte, error) {
			at = append(at, time.Since(started))
			return nil, errors.New("not now")
		})
		if err := w.Invoke(cloud.FunctionCall{ARN: "f"}); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.Lock()
			for _, i := range w.TakeInvocations() {
				if _, err := i.Function(t.Context(), i.Event); err != nil {
					i.Failed(err)
				}
			}
			w.Unlock()
			time.Sleep(time.Minute)
		}
		want := []time.Duration{0, time.Minute, 3 * time.Minute}
		if len(at) != len(want) || at[1] != want[1] || at[2] != want[2] {
			t.Errorf("attempts at %v, want %v", at, want)
		}
	})
}
