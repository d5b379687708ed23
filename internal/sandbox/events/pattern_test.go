package events

import (
	"encoding/json"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	const event = `{"source":"aws.cloudformation","account":"111111111111","resources":["arn:a:stack/stowage-acme-0/1"],
		"detail":{"n":3,"ok":true,"status-details":{"status":"UPDATE_COMPLETE"}}}`
	var decoded map[string]any
	if err := json.Unmarshal([]byte(event), &decoded); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`{"source":["aws.cloudformation"]}`:                                    true,
		`{"source":["aws.s3","aws.cloudformation"]}`:                           true,
		`{"source":["aws.s3"]}`:                                                false,
		`{"source":["aws.cloudformation"],"account":["222222222222"]}`:         false,
		`{"region":["eu-west-1"]}`:                                             false,
		`{"resources":[{"prefix":"arn:a:stack/stowage-"}]}`:                    true,
		`{"resources":[{"prefix":"arn:b"}]}`:                                   false,
		`{"resources":[{"suffix":"/1"}]}`:                                      true,
		`{"resources":[{"wildcard":"arn:*:stack/stowage-*"}]}`:                 true,
		`{"resources":[{"wildcard":"arn:*:stack/stowage-"}]}`:                  false,
		`{"resources":[{"wildcard":"*-acme-*/1"}]}`:                            true,
		`{"source":[{"anything-but":"aws.s3"}]}`:                               true,
		`{"source":[{"anything-but":["aws.s3","aws.cloudformation"]}]}`:        false,
		`{"source":[{"exists":true}]}`:                                         true,
		`{"region":[{"exists":false}]}`:                                        true,
		`{"source":[{"exists":false}]}`:                                        false,
		`{"detail":{"n":[3]}}`:                                                 true,
		`{"detail":{"n":["3"]}}`:                                               false,
		`{"detail":{"ok":[true]}}`:                                             true,
		`{"detail":{"status-details":{"status":["UPDATE_COMPLETE"]}}}`:         true,
		`{"detail":{"status-details":{"status":[{"suffix":"_IN_PROGRESS"}]}}}`: false,
		`{"detail":{"other":{"status":["x"]}}}`:                                false,
	} {
		p, err := parsePattern(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.matches(decoded); got != want {
			t.Errorf("%s matches: %v", text, got)
		}
	}
}
