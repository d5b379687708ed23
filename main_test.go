package main

import "testing"

func TestLogIsOnlyMadeForWhoAsks(t *testing.T) {
	for variable, want := range map[string]bool{
		"TF_LOG=TRACE": true, "TF_LOG_PROVIDER=debug": true, "TF_LOG_PROVIDER_STOWAGE=debug": true, "TF_LOG_SDK=trace": true,
		"TF_LOG=": false, "TF_LOG_PATH=x": false, "TF_LOG_CORE=trace": false, "HOME=/": false,
	} {
		if got := logged([]string{"PATH=/bin", variable}); got != want {
			t.Errorf("%s: %v", variable, got)
		}
	}
}
