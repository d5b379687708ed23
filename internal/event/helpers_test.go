package event_test

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

func decode(t interface {
	Helper()
	Fatal(...any)
}, text []byte) event.Message {
	t.Helper()
	var m event.Message
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
