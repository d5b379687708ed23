package projects

import "testing"

func TestManagementURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                "",
		"wss://api.example.com/live":      "https://api.example.com/live",
		"ws://127.0.0.1:4599/ws/api/live": "http://127.0.0.1:4599/ws/api/live",
		"https://api.example.com/live":    "https://api.example.com/live",
	} {
		if got, err := managementURL(address); got != want || err != nil {
			t.Errorf("%s: %s, %v", address, got, err)
		}
	}
	for _, address := range []string{"api.example.com/live", "ftp://api.example.com", "wss://"} {
		if got, err := managementURL(address); err == nil {
			t.Errorf("%s: %s", address, got)
		}
	}
}
