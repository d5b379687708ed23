package provider

import (
	"bytes"
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tfsdklog"
)

func TestLog_OnlyOnRequest(t *testing.T) {
	for variable, want := range map[string]bool{
		"TF_LOG=TRACE": true, "TF_LOG_PROVIDER=debug": true, "TF_LOG_PROVIDER_STOWAGE=debug": true, "TF_LOG_SDK=trace": true,
		"TF_LOG=": false, "TF_LOG_PATH=x": false, "TF_LOG_CORE=trace": false, "HOME=/": false,
	} {
		if got := logged([]string{"PATH=/bin", variable}); got != want {
			t.Errorf("%s: %v", variable, got)
		}
	}
}

// TestUnlogged_Provider shows that the variable turns the provider's own lines off, which are on by
// default.
func TestUnlogged_Provider(t *testing.T) {
	lines := func() int {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		stderr := os.Stderr
		os.Stderr = in
		ctx := tfsdklog.NewRootProviderLogger(t.Context(), tflog.WithLevelFromEnv("TF_LOG_PROVIDER"))
		tflog.Warn(ctx, "a line")
		os.Stderr = stderr
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(out); err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text.Bytes(), []byte("\n"))
	}
	t.Setenv("TF_LOG_PROVIDER", "")
	if n := lines(); n != 1 {
		t.Errorf("%d lines are logged by default, want 1", n)
	}
	for _, variable := range unlogged {
		t.Setenv(variable, "off")
	}
	if n := lines(); n != 0 {
		t.Errorf("%d lines are logged, want none", n)
	}
}
