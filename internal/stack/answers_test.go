package stack_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/stack"
)

// rewritten passes calls on and changes the answers of DescribeChangeSet. change gets the request's form and the answer's body.
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

// answering is a process whose DescribeChangeSet answers are changed.
func (w *world) answering(change func(form url.Values, body string) string) *stack.Stack {
	w.t.Helper()
	account := w.clientBy(rewritten{w.transport, change})
	return w.process(func(c *stack.Config) { c.CloudFormation = account.CloudFormation })
}

// TestDescribeChangeSet_AddWithReplacement commits additions that have a Replacement, as AWS answered until May 2025.
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

// TestDescribeChangeSet_FailedWithoutReason asks for the reason without property values when the answer with them has none.
func TestDescribeChangeSet_FailedWithoutReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		plain := 0
		s := w.answering(func(form url.Values, body string) string {
			if form.Get("IncludePropertyValues") != "true" {
				plain++
				return strings.Replace(body, "</ChangeSetId>", "</ChangeSetId><Status>FAILED</Status><StatusReason>the reason of AWS</StatusReason>", 1)
			}
			return strings.Replace(body, "<Status>CREATE_COMPLETE</Status>", "<Status>FAILED</Status>", 1)
		})
		err := s.Commit(t.Context(), create(user("second")))
		if err == nil || !strings.Contains(err.Error(), "the reason of AWS") || plain == 0 {
			t.Errorf("the commit ended with %v after %d plain descriptions", err, plain)
		}
	})
}
