package stack_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// rewritten passes calls on and changes the answers of DescribeChangeSet. change receives the form
// of the request and the body of the answer.
type rewritten struct {
	next   http.RoundTripper
	change func(form url.Values, body string) string
}

func (r rewritten) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := r.next.RoundTrip(request)
	form, _ := url.ParseQuery(string(body))
	if err != nil || form.Get("Action") != "DescribeChangeSet" {
		return response, err
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	text := r.change(form, string(answer))
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return response, nil
}

// answering returns a process whose DescribeChangeSet answers are changed.
func (w *world) answering(change func(form url.Values, body string) string) *stack.Stack {
	w.t.Helper()
	account := w.clientBy(rewritten{w.transport, change})
	return w.process(func(c *stack.Config) { c.CloudFormation = account.CloudFormation })
}

// TestDescribeChangeSet_AddWithReplacement commits additions that have a Replacement. AWS answered
// so until May 2025.
func TestDescribeChangeSet_AddWithReplacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		changed := 0
		s := w.answering(func(_ url.Values, body string) string {
			changed += strings.Count(body, "<Action>Add</Action>")
			return strings.ReplaceAll(body, "<Action>Add</Action>", "<Action>Add</Action><Replacement>True</Replacement>")
		})
		must(t, s.Commit(t.Context(), create(user("first"))))
		if changed == 0 {
			t.Error("no answer had an addition")
		}
	})
}

// TestDescribeChangeSet_FailedWithoutReason asks without property values for the reason, when the
// answer with values has none.
func TestDescribeChangeSet_FailedWithoutReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		plain := 0
		s := w.answering(func(form url.Values, body string) string {
			if form.Get("IncludePropertyValues") != "true" {
				plain++
				return strings.Replace(
					body, "</ChangeSetId>",
					"</ChangeSetId><Status>FAILED</Status><StatusReason>the reason of AWS</StatusReason>", 1,
				)
			}
			return strings.Replace(body, "<Status>CREATE_COMPLETE</Status>", "<Status>FAILED</Status>", 1)
		})
		err := s.Commit(t.Context(), create(user("second")))
		if err == nil || !strings.Contains(err.Error(), "the reason of AWS") || plain == 0 {
			t.Errorf("the commit ended with %v after %d plain descriptions", err, plain)
		}
	})
}

// switched returns a process in a world with a filled stack. The given switches of the sandbox are
// on.
func (w *world) switched(on ...cloud.Switch) *stack.Stack {
	w.t.Helper()
	s := w.process()
	w.filled(s)
	must(w.t, w.box.SetSwitches(on...))
	return s
}

// TestSwitches commits additions, changes, metadata-only changes and removals, with each switch
// alone and with all together.
func TestSwitches(t *testing.T) {
	cases := map[string][]cloud.Switch{"none": nil}
	for _, rule := range cloud.SwitchRules() {
		cases[string(rule.Name)] = []cloud.Switch{rule.Name}
		cases["all"] = append(cases["all"], rule.Name)
	}
	for name, on := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := w.switched(on...)
				mustAll(t, commitAll(t.Context(), s, 10, creations("bucket", 4)...))
				changed := bucket("bucket01")
				changed.Tags = map[string]string{"a": "b"}
				must(t, s.Commit(t.Context(), template.Change{Op: template.Update, Entity: changed}))
				retained := bucket("bucket02")
				retained.OnDelete = model.Retain
				must(t, s.Commit(t.Context(), template.Change{Op: template.Update, Entity: retained}))
				must(t, s.Commit(t.Context(), template.Change{Op: template.Delete, Entity: bucket("bucket03")}))
				// At most two more change sets are made where a value is missing that would show a
				// stale base.
				most := 4
				if slices.Contains(on, cloud.ValuesIncomplete) {
					most = 8
				}
				if n := w.called("CreateChangeSet"); n < 4 || n > most {
					t.Errorf("%d change sets for four commits", n)
				}
				contents := w.contents()
				if entities := slices.Collect(contents.Entities()); len(entities) != 4 {
					t.Errorf("the stack holds %v", entities)
				}
			})
		})
	}
}

// TestSwitches_HandEdit detects a hand edit of another resource as an unexpected change, although
// values are left out.
func TestSwitches_HandEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.switched(cloud.ValuesIncomplete)
		must(t, s.Commit(t.Context(), create(user("first"))))
		w.byHand(nil, func(sections map[string]any) {
			section(sections, "Resources")["Theirs"] = map[string]any{"Type": "AWS::SNS::Topic"}
		})
		time.Sleep(time.Minute)
		must(t, s.Commit(t.Context(), create(user("second"))))
		if !strings.Contains(*w.template(), "Theirs") {
			t.Error("the commit has removed what was added by hand")
		}
	})
}

func (w *world) template() *string {
	w.t.Helper()
	got, err := w.client().CloudFormation.GetTemplate(
		w.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(stackName)},
	)
	must(w.t, err)
	return got.TemplateBody
}

// TestSwitches_RepeatedToken resolves an execution whose reply was lost and whose retry AWS refuses
// because of its token.
func TestSwitches_RepeatedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.switched(cloud.ExecuteRefusesRepeatedToken)
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.LostReply, Times: 1})
		must(t, s.Commit(t.Context(), create(user("first"))))
		if n := w.called("ExecuteChangeSet"); n != 2 {
			t.Errorf("%d executions, want the lost one and its repetition", n)
		}
	})
}
