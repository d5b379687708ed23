package sandbox_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// TestOptions_Switches fails for a new field of Options. Two possible answers of AWS belong in
// package unproven, which lists what Stowage does under either.
func TestOptions_Switches(t *testing.T) {
	t.Parallel()
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[sandbox.Options]()) {
		fields = append(fields, f.Name)
	}
	if want := []string{"Seed", "Latency", "Region", "Onboarding", "HubBus", "Empty", "Answers"}; !slices.Equal(fields, want) {
		t.Errorf("Options has the fields %q, want %q", fields, want)
	}
}

func TestNew_ImpossibleAnswer(t *testing.T) {
	t.Parallel()
	defer func() {
		if reason, _ := recover().(string); !strings.Contains(reason, "cannot answer") {
			t.Errorf("the reason is %q", reason)
		}
	}()
	sandbox.New(sandbox.Options{Answers: unproven.Answers{unproven.AdditionsHaveReplacement: "sometimes"}})
}
