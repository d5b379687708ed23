package cloudformation_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// step is one request of a scenario in testdata/recorded.json with AWS's answer to such a request.
// Values are compared where the fixture has them: "*" is any value, {"json": x} a JSON text equal
// to x, {"set": [...]} a list in any order, and $name a value of an earlier step. "events" and
// "last" are all or the last events, oldest first.
type step struct {
	Do     string            `json:"do"` // "fail" sets faults
	With   map[string]string `json:"with"`
	Keep   map[string]string `json:"keep"`
	Want   map[string]any    `json:"want"`
	Absent []string          `json:"absent"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Status  int    `json:"status"`
	} `json:"error"`
}

func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var scenarios []struct {
		Source string `json:"source"`
		Steps  []step `json:"steps"`
	}
	if err := json.Unmarshal(text, &scenarios); err != nil {
		t.Fatal(err)
	}
	for _, scenario := range scenarios {
		t.Run(scenario.Source, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			kept := map[string]string{}
			for i, st := range scenario.Steps {
				if t.Failed() {
					t.Fatalf("stopped before step %d", i)
				}
				w.replay(fmt.Sprintf("step %d (%s)", i, st.Do), st, kept)
			}
		})
	}
}

func (w *world) replay(where string, st step, kept map[string]string) {
	w.t.Helper()
	if st.Do == "fail" {
		w.failWhen(st.With)
		return
	}
	var parameters []string
	for name, value := range st.With {
		parameters = append(parameters, name, insert(value, kept))
	}
	answer, err := w.call(st.Do, parameters...)
	if st.Error != nil {
		message := insert(st.Error.Message, kept)
		if err == nil || err.Code != st.Error.Code || err.Message != message || statusOf(err) != st.Error.Status {
			w.t.Errorf("%s: got %v, want %s: %s", where, err, st.Error.Code, message)
		}
		return
	}
	if err != nil {
		w.t.Fatalf("%s: %v", where, err)
	}
	for name, path := range st.Keep {
		kept[name], _ = at(answer, path).(string)
	}
	for _, path := range st.Absent {
		if v := at(answer, path); v != nil {
			w.t.Errorf("%s: %s is %v, AWS leaves it out", where, path, v)
		}
	}
	for member, want := range st.Want {
		got := answer[member]
		if member == "events" || member == "last" {
			got = rows(answer["StackEvents"])
			if list, ok := want.([]any); ok && member == "last" {
				have := got.([]any)
				got = have[max(0, len(have)-len(list)):]
			}
		}
		if problem := differ(got, want, kept); problem != "" {
			w.t.Errorf("%s: %s%s", where, member, problem)
		}
	}
}

func statusOf(e *cloud.Error) int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// rows formats events as the fixtures do, oldest first. Parallel events of one moment have the
// simulation's order.
func rows(events any) []any {
	list, _ := events.([]any)
	var result []any
	for _, e := range slices.Backward(list) {
		m := e.(map[string]any)
		reason, _ := m["ResourceStatusReason"].(string)
		result = append(result, []any{m["LogicalResourceId"], m["ResourceStatus"], m["PhysicalResourceId"], reason})
	}
	return result
}

func at(v any, path string) any {
	for _, key := range strings.Split(path, ".") {
		switch container := v.(type) {
		case map[string]any:
			v = container[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(container) {
				return nil
			}
			v = container[i]
		default:
			return nil
		}
	}
	return v
}

func insert(text string, kept map[string]string) string {
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		text = strings.ReplaceAll(text, "$"+name, kept[name])
	}
	return text
}

// differ returns where got differs from want, "" if nowhere. Lists must have the same length;
// members that a wanted object lacks are ignored.
func differ(got, want any, kept map[string]string) string {
	switch want := want.(type) {
	case string:
		if want == "*" && got != nil || got == insert(want, kept) {
			return ""
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			return fmt.Sprintf(" has %d elements, want %d: %v", len(list), len(want), got)
		}
		for i := range want {
			if problem := differ(list[i], want[i], kept); problem != "" {
				return fmt.Sprintf("[%d]%s", i, problem)
			}
		}
		return ""
	case map[string]any:
		if meaning, ok := want["json"]; ok && len(want) == 1 {
			var v any
			text, _ := got.(string)
			if err := json.Unmarshal([]byte(text), &v); err == nil && reflect.DeepEqual(v, meaning) {
				return ""
			}
			break
		}
		if set, ok := want["set"].([]any); ok && len(want) == 1 {
			list, _ := got.([]any)
			if len(list) != len(set) {
				return fmt.Sprintf(" has %d elements, want %d: %v", len(list), len(set), got)
			}
			for _, w := range set {
				if !slices.ContainsFunc(list, func(g any) bool { return differ(g, w, kept) == "" }) {
					return fmt.Sprintf(" has no %v: %v", w, got)
				}
			}
			return ""
		}
		m, _ := got.(map[string]any)
		for key, w := range want {
			if problem := differ(m[key], w, kept); problem != "" {
				return "." + key + problem
			}
		}
		return ""
	}
	return fmt.Sprintf(" is %v, want %v", got, want)
}
