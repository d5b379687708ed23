package relay_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

var (
	queryBlock = regexp.MustCompile("(?s)```text\n(filter .*?)```")
	quoted     = regexp.MustCompile(`"[^"]*"`)
	identifier = regexp.MustCompile(`@?\b[A-Za-z_][A-Za-z0-9_]*(\s*\()?`)
	alias      = regexp.MustCompile(`\bas ([a-z]+)`)
	condition  = regexp.MustCompile(`\b(msg|level) = "([^"]*)"`)
)

// words are the commands and operators of CloudWatch Logs Insights that the queries use.
var words = strings.Fields("filter stats fields sort limit by as desc and or")

// logQuery is a query of the guide: its conditions on the message or level, of which one holds, and
// the fields that it reads.
type logQuery struct {
	text       string
	conditions [][2]string
	fields     []string
}

func parseQuery(text string) logQuery {
	q := logQuery{text: text}
	for _, found := range condition.FindAllStringSubmatch(text, -1) {
		q.conditions = append(q.conditions, [2]string{found[1], found[2]})
	}
	text = quoted.ReplaceAllString(text, "")
	var named []string
	for _, found := range alias.FindAllStringSubmatch(text, -1) {
		named = append(named, found[1])
	}
	for _, name := range identifier.FindAllString(text, -1) {
		function := strings.HasSuffix(name, "(")
		if function || strings.HasPrefix(name, "@") || slices.Contains(words, name) || slices.Contains(named, name) ||
			slices.Contains(q.fields, name) {
			continue
		}
		q.fields = append(q.fields, name)
	}
	return q
}

// unseen returns what of the query no line of the log has: a condition, or a field in the lines
// that meet one.
func (q logQuery) unseen(lines []map[string]any) []string {
	var missing []string
	fields := map[string]bool{}
	for _, c := range q.conditions {
		met := false
		for _, line := range lines {
			if line[c[0]] != c[1] {
				continue
			}
			met = true
			for name := range line {
				fields[name] = true
			}
		}
		if !met {
			missing = append(missing, fmt.Sprintf("%s = %q", c[0], c[1]))
		}
	}
	for _, name := range q.fields {
		if !fields[name] {
			missing = append(missing, name)
		}
	}
	return missing
}

// TestQueries_Fields runs the relay through what it logs, and compares the lines with the queries of
// the guide "Running a hub".
func TestQueries_Fields(t *testing.T) {
	guide, err := os.ReadFile("../../templates/guides/running-a-hub.md")
	must(t, err)
	var queries []logQuery
	for _, found := range queryBlock.FindAllStringSubmatch(string(guide), -1) {
		queries = append(queries, parseQuery(found[1]))
	}
	if len(queries) != 8 {
		t.Fatalf("%d queries were found", len(queries))
	}
	lines := loggedLines(t)
	for _, q := range queries {
		if strings.Contains(q.text, "@type") { // a line of Lambda's own
			if len(q.fields) > 0 {
				t.Errorf("%s\nreads fields of the relay: %v", q.text, q.fields)
			}
			continue
		}
		if len(q.conditions) == 0 || len(q.fields) == 0 {
			t.Errorf("%s\nwas not understood: %+v", q.text, q)
		}
		if missing := q.unseen(lines); len(missing) > 0 {
			t.Errorf("%s\nno line has %q", q.text, missing)
		}
	}
	wrong := parseQuery(`filter msg = "compared" | stats max(took) by stack`)
	if missing := wrong.unseen(lines); !slices.Equal(missing, []string{"took"}) {
		t.Errorf("of a query with a wrong field, %q is missing", missing)
	}
}

// loggedLines returns the log of a relay that starts, sweeps, compares, fails, and serves and refuses
// web clients.
func loggedLines(t *testing.T) []map[string]any {
	t.Helper()
	var text string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		stage, err := w.box.WebSockets().Deploy(
			apigateway.Settings{API: "live", Stage: "prod", Account: sandbox.HubAccount, Region: region},
		)
		must(t, err)
		must(t, w.box.SetHubSettings(map[string]any{"management_url": "https://" + stage.Domain() + "/prod"}))
		must(t, w.table().Connect(t.Context(), mirror.Connection{
			ID: "one=", Projects: []string{mirror.Everything}, Ends: time.Now().Add(time.Hour),
		}))
		i, trusts := w.tokens()
		r, _ := w.relay(trusts, func(c *relay.Config) { c.Version = "1.2.3" })
		sweep(t, r)
		id := w.mirrored("acme").Heads[0].StackID
		_, err = r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE"))
		must(t, err)
		_, _, err = ask(t, r, offer("nonsense"))
		if err == nil {
			t.Error("nonsense was taken for a token")
		}
		_, _, err = ask(t, r, offer(i.sign(t, map[string]any{"stowage_projects": []string{}})))
		must(t, err)
		for range 2 { // of the event, and of the sweep
			must(t, w.box.AddFaults(sandbox.Fault{
				Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall, Code: "AccessDenied", Times: 1,
			}))
		}
		if _, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE")); err == nil {
			t.Error("an event without an answer of CloudFormation was handled")
		}
		time.Sleep(5 * time.Minute)
		must(t, w.box.AddFaults(sandbox.Fault{
			Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall, Code: "AccessDenied", For: "1m",
		}))
		if _, err := r.Handle(t.Context(), []byte(schedule)); err == nil {
			t.Error("a sweep without an answer of CloudFormation succeeded")
		}
		text = w.log.String()
	})
	var lines []map[string]any
	for line := range strings.Lines(text) {
		var decoded map[string]any
		must(t, json.Unmarshal([]byte(line), &decoded))
		lines = append(lines, decoded)
	}
	return lines
}
