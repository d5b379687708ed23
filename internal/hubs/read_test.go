package hubs_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func TestService_Read(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("main", hub.Foundation(place, minimal()))
		s := w.process()
		w.box.ResetCalls()
		got, err := s.Read(t.Context(), "main") // while the stack is being created
		must(t, err)
		if diff := gocmp.Diff(&hubs.Hub{Settings: minimal(), Place: place}, got); diff != "" {
			t.Error(diff)
		}
		w.box.ResetCalls()
		_, err = s.Read(t.Context(), "main")
		must(t, err)
		want := map[string]int{"DescribeStacks": 2, "GetTemplate": 1}
		if got := w.box.Calls()["cloudformation"]; !maps.Equal(got, want) || len(w.box.Calls()) != 1 {
			t.Errorf("%v calls, want %v", w.box.Calls(), want)
		}
	})
}

// TestService_Read_UnknownAccount reads a hub with credentials whose account was not requested.
func TestService_Read_UnknownAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("main", hub.Foundation(place, minimal()))
		s := w.process(func(c *awsclient.Config) { c.SkipRequestingAccountID = true })
		w.box.ResetCalls()
		for range 2 {
			got, err := s.Read(t.Context(), "main")
			must(t, err)
			if got.Place != place {
				t.Errorf("the hub is in %v", got.Place)
			}
		}
		if calls := w.box.Calls()["sts"]["GetCallerIdentity"]; calls != 1 {
			t.Errorf("the account was requested %d times", calls)
		}
	})
}

func TestService_Read_Missing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("empty", hub.Seed("empty"))
		for _, name := range []string{"main", "empty"} {
			_, err := w.process().Read(t.Context(), name)
			var missing *hubs.NotFoundError
			if !errors.As(err, &missing) || missing.Name != name || missing.Place != place {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestService_Read_HandEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("main", edited(t, hub.Foundation(place, minimal()), `"ExpirationInDays":7`, `"ExpirationInDays":8`))
		got, err := w.process().Read(t.Context(), "main")
		must(t, err)
		want := "Artifacts: Properties.LifecycleConfiguration.Rules.0.ExpirationInDays is 8 instead of 7"
		if len(got.Drift) != 1 || got.Drift[0] != want {
			t.Errorf("drift %q, want %q", got.Drift, want)
		}
	})
}

func TestService_Read_Newer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("main", edited(t, hub.Foundation(place, minimal()), `"format":1`, `"format":9`))
		_, err := w.process().Read(t.Context(), "main")
		var newer *model.NewerFormatError
		if !errors.As(err, &newer) {
			t.Errorf("got %v", err)
		}
	})
}

// edited returns a template with one text replaced.
func edited(t *testing.T, tpl *template.Template, old, text string) *template.Template {
	t.Helper()
	before := string(tpl.Encode())
	after := strings.ReplaceAll(before, old, text)
	if before == after {
		t.Fatalf("the template does not hold %s", old)
	}
	changed, err := template.Decode([]byte(after))
	must(t, err)
	return changed
}
