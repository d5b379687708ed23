package hub

import "testing"

func TestOlderRelay(t *testing.T) {
	t.Parallel()
	ascending := []string{"0.2.0-beta", "0.2.0", "0.2.1-alpha", "0.2.1-beta", "0.2.1", "0.10.0", "1.0.0"}
	for i, version := range ascending {
		for j, than := range ascending {
			if got := OlderRelay(version, than); got != (i < j) {
				t.Errorf("%s is older than %s: %v", version, than, got)
			}
		}
		for _, build := range []string{"dev", "dev+0123abcd", "", version + "+build"} {
			if OlderRelay(version, build) || OlderRelay(build, version) {
				t.Errorf("%s and %s have an order", version, build)
			}
		}
	}
}
