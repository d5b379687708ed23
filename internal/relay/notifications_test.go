package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestCalls_LargeCommit commits a manual change. It causes more than two
// hundred notifications, three of them about the stack itself.
func TestCalls_LargeCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, calls := w.relay()
		var notifications atomic.Int64
		w.subscribe(account, func(ctx context.Context, event []byte) ([]byte, error) {
			notifications.Add(1)
			return r.Handle(ctx, event)
		})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.box.Run(ctx)
		w.addByHand("stowage-acme-0", 100)
		time.Sleep(time.Minute)
		synctest.Wait()

		if n := notifications.Load(); n < 200 {
			t.Errorf("only %d notifications came", n)
		}
		// The three arrive at two moments, as there is nothing to clean up. Each time the mirror is
		// read, the stack is described, and the mirror advances. The last time the template is read
		// consistently. The first one opens the hub and the project's account, and records its time.
		want := map[string]int{
			"GetParameter": 1, "AssumeRole": 1,
			"Query": 2, "DescribeStacks": 2 + 2, "GetTemplate": 1, "TransactGetItems": 2, "TransactWriteItems": 2,
			"UpdateItem": 1,
		}
		if got := calls.take(); !maps.Equal(got, want) {
			t.Errorf("%d calls: %s", sum(got), cmp.Diff(want, got))
		}
		snapshot := w.mirrored("acme")
		if foreign := len(snapshot.Bodies[0].Contents.Foreign); foreign != 100 ||
			snapshot.Heads[0].Status != "UPDATE_COMPLETE" {
			t.Errorf("the mirror shows %d resources of others in the status %s", foreign, snapshot.Heads[0].Status)
		}
		if strings.Contains(w.log.String(), "canary") {
			t.Error("the log holds properties of resources")
		}
	})
}

// TestCalls_SharedWithProvider checks that the first process writes, and that the others
// find it written.
func TestCalls_SharedWithProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		provider := w.process()
		must(t, provider.CreateProject(t.Context(), project("acme")))
		one, _ := w.relay()
		two, _ := w.relay()
		w.subscribe(account, one.Handle)
		w.subscribe(account, two.HandleNotifications)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.box.Run(ctx)
		must(t, provider.Create(t.Context(), "acme", model.User{Name: "partner"}))
		time.Sleep(time.Minute)
		events, err := w.table().Events(t.Context(), "acme", 0)
		must(t, err)
		statuses := map[string]int{}
		for _, e := range events {
			if e.Type != event.TypeStack {
				continue
			}
			change, err := e.StackChange()
			must(t, err)
			statuses[change.Version.StackID+change.Version.LastUpdated.String()+change.Status]++
		}
		for status, n := range statuses {
			if n != 1 {
				t.Errorf("%d events of %s", n, status)
			}
		}
	})
}

func TestCalls_IrrelevantMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		r, calls := w.relay()
		record := func(stackID, physicalID, kind string) map[string]any {
			return map[string]any{
				"EventSource": "aws:sns",
				"Sns": map[string]any{
					"TopicArn": topicOf(account),
					"Message":  "StackId='" + stackID + "'\nPhysicalResourceId='" + physicalID + "'\nResourceType='" + kind + "'\n",
				},
			}
		}
		ours, theirs := "arn:aws:cloudformation:eu-west-1:"+account+":stack/stowage-acme-0/1", "arn:aws:cloudformation:eu-west-1:"+account+":stack/website/1"
		event, err := json.Marshal(map[string]any{"Records": []any{
			record(ours, "acme-inbox", "AWS::S3::Bucket"),
			record(theirs, theirs, "AWS::CloudFormation::Stack"),
			record(ours, theirs, "AWS::CloudFormation::Stack"),
			map[string]any{"EventSource": "aws:sns", "Sns": map[string]any{"Message": "hello"}},
		}})
		must(t, err)
		if _, err := r.Handle(t.Context(), event); err != nil {
			t.Error(err)
		}
		if got := calls.take(); len(got) > 0 {
			t.Errorf("calls: %v", got)
		}
	})
}

// TestCalls_MessagesOfOneInvocation checks that SNS and EventBridge messages are treated
// alike.
func TestCalls_MessagesOfOneInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		id := w.mirrored("acme").Heads[0].StackID
		r, calls := w.relay()
		_, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE"))
		must(t, err)
		calls.take()
		message := map[string]any{
			"EventSource": "aws:sns",
			"Sns": map[string]any{
				"TopicArn": topicOf(account),
				"Message":  "StackId='" + id + "'\nPhysicalResourceId='" + id + "'\nResourceType='AWS::CloudFormation::Stack'\n",
			},
		}
		event, err := json.Marshal(map[string]any{"Records": []any{message, message, message, message}})
		must(t, err)
		want := map[string]int{"Query": 1, "DescribeStacks": 1}
		for name, event := range map[string][]byte{"SNS": event, "the bus": bus(t, id, "UPDATE_COMPLETE")} {
			if _, err := r.Handle(t.Context(), event); err != nil {
				t.Error(err)
			}
			if got := calls.take(); !maps.Equal(got, want) {
				t.Errorf("%s: %s", name, cmp.Diff(want, got))
			}
		}
	})
}

func topicOf(accountID string) string {
	return "arn:aws:sns:" + region + ":" + accountID + ":" + sandbox.TopicName
}

// snsRecord returns a notification of a stack's status as a topic delivers it, or with queue a
// queue subscribed to the topic.
func snsRecord(t *testing.T, topic, stackID string, queue bool) map[string]any {
	t.Helper()
	text := "StackId='" + stackID + "'\nPhysicalResourceId='" + stackID + "'\nResourceType='AWS::CloudFormation::Stack'\nResourceStatus='UPDATE_COMPLETE'\n"
	message := map[string]any{"Type": "Notification", "TopicArn": topic, "Message": text}
	if !queue {
		return map[string]any{"EventSource": "aws:sns", "Sns": message}
	}
	body, err := json.Marshal(message)
	must(t, err)
	return map[string]any{"messageId": "1", "eventSource": "aws:sqs", "body": string(body)}
}

// TestNotifications_OwnAccountOnly sends the same notification from a topic, a queue and
// EventBridge. It counts only if it is from the account and region of the stack; otherwise no call
// is made.
func TestNotifications_OwnAccountOnly(t *testing.T) {
	const other = "999999999999"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		id := w.mirrored("acme").Heads[0].StackID
		r, calls := w.relay()
		_, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE"))
		must(t, err)
		records := func(records ...any) []byte {
			event, err := json.Marshal(map[string]any{"Records": records})
			must(t, err)
			return event
		}
		forwarded := map[string]any{"messageId": "1", "eventSource": "aws:sqs", "body": string(bus(t, id, "UPDATE_COMPLETE"))}
		garbage := map[string]any{"messageId": "1", "eventSource": "aws:sqs", "body": "hello"}
		elsewhere := "arn:aws:sns:us-east-1:" + account + ":" + sandbox.TopicName
		look := map[string]int{"Query": 1, "DescribeStacks": 1}
		for name, c := range map[string]struct {
			event []byte
			want  map[string]int
		}{
			"topic":                        {records(snsRecord(t, topicOf(account), id, false)), look},
			"queue":                        {records(snsRecord(t, topicOf(account), id, true)), look},
			"bus by a queue":               {records(forwarded), look},
			"topic of another account":     {records(snsRecord(t, topicOf(other), id, false)), nil},
			"topic of another region":      {records(snsRecord(t, elsewhere, id, false)), nil},
			"no topic":                     {records(snsRecord(t, "", id, false)), nil},
			"queue behind another's topic": {records(snsRecord(t, topicOf(other), id, true)), nil},
			"queue with something else":    {records(garbage), nil},
			"bus event of another account": {[]byte(strings.Replace(string(bus(t, id, "UPDATE_COMPLETE")), `"account":"`+account, `"account":"`+other, 1)), nil},
		} {
			calls.take()
			if _, err := r.Handle(t.Context(), c.event); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := calls.take(); !maps.Equal(got, c.want) {
				t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
			}
		}
	})
}

// TestNotifications_UnknownProjects sends notifications of stacks of nonexistent projects, as every
// account with a topic can. Each costs a read of the mirror, and the directory is read once in five
// seconds.
func TestNotifications_UnknownProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, calls := w.relay()
		notify := func(name string) map[string]int {
			t.Helper()
			id := "arn:aws:cloudformation:" + region + ":" + account + ":stack/stowage-" + name + "-0/1"
			event, err := json.Marshal(map[string]any{"Records": []any{snsRecord(t, topicOf(account), id, false)}})
			must(t, err)
			_, err = r.Handle(t.Context(), event)
			must(t, err)
			return calls.take()
		}
		notify("acme")
		lookup := map[string]int{"Query": 1, "DescribeStacks": 2, "GetTemplate": 1, "TransactGetItems": 1}
		if got := notify("none"); !maps.Equal(got, lookup) {
			t.Errorf("the first unknown project: %s", cmp.Diff(lookup, got))
		}
		for n := range 100 {
			if got, want := notify(fmt.Sprint("none-", n)), map[string]int{"Query": 1}; !maps.Equal(got, want) {
				t.Fatalf("unknown project %d: %s", n, cmp.Diff(want, got))
			}
		}
		time.Sleep(5 * time.Second)
		if got := notify("none"); !maps.Equal(got, lookup) {
			t.Errorf("an unknown project later: %s", cmp.Diff(lookup, got))
		}
		// A project created right after such a read is found, because the mirror has it.
		must(t, w.process().CreateProject(t.Context(), project("fresh")))
		if got := notify("fresh"); got["DescribeStacks"] == 0 {
			t.Errorf("a new project: %v", got)
		}
	})
}

// bus returns an event of EventBridge about a stack.
func bus(t *testing.T, stackID, status string) []byte {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"version":     "0",
		"source":      "aws.cloudformation",
		"detail-type": "CloudFormation Stack Status Change",
		"account":     strings.Split(stackID, ":")[4],
		"region":      region,
		"detail":      map[string]any{"stack-id": stackID, "status-details": map[string]any{"status": status}},
	})
	must(t, err)
	return event
}

func TestErrors_LambdaRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		id := w.mirrored("acme").Heads[0].StackID
		r, _ := w.relay()
		must(
			t,
			w.box.AddFaults(
				sandbox.Fault{
					Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall, Code: "AccessDenied",
					Times: 1,
				},
			),
		)
		if _, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE")); err == nil ||
			!strings.Contains(err.Error(), "stowage-acme-0") {
			t.Errorf("%v", err)
		}
		if _, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE")); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

// TestRefresh_StaleDescription checks that the end of an operation is visible without a
// delay of minutes.
func TestRefresh_StaleDescription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		id := w.mirrored("acme").Heads[0].StackID
		r, _ := w.relay()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.box.Run(ctx)
		go func() { // during the update
			time.Sleep(2 * time.Second)
			_, err := r.Handle(ctx, bus(t, id, "UPDATE_IN_PROGRESS"))
			must(t, err)
		}()
		w.addByHand("stowage-acme-0", 3)
		if status := w.mirrored("acme").Heads[0].Status; status != "UPDATE_IN_PROGRESS" {
			t.Fatalf("the mirror shows %s", status)
		}
		must(
			t,
			w.box.AddFaults(
				sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead, Times: 2},
			),
		)
		_, err := r.Handle(t.Context(), bus(t, id, "UPDATE_COMPLETE"))
		must(t, err)
		if head := w.mirrored("acme").Heads[0]; head.Status != "UPDATE_COMPLETE" {
			t.Errorf("the mirror shows %s", head.Status)
		}
	})
}

func TestErrors_UnknownEvents(t *testing.T) {
	w := newWorld(t, false)
	r, _ := w.relay()
	for _, event := range []string{``, `null`, `{}`, `[]`, `"canary"`, `{"canary":`, `{"Records":[{"eventSource":"aws:kinesis","body":"canary"}]}`, `{"detail-type":"canary"}`, `{"Records":"canary"}`, `{"type":"canary"}`} {
		if _, err := r.Handle(t.Context(), []byte(event)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", event, err)
		}
	}
	if strings.Contains(w.log.String(), "canary") {
		t.Errorf("the log: %s", w.log.String())
	}
}

// FuzzHandle checks that the relay answers or refuses any input without a call for a stack.
func FuzzHandle(f *testing.F) {
	for _, seed := range []string{
		schedule, `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"StackId='x'"}}]}`, `{"type":"REQUEST","methodArn":"arn","headers":{"Sec-WebSocket-Protocol":"stowage.v1, stowage.token.x"}}`,
		`{"source":"aws.cloudformation","detail-type":"CloudFormation Stack Status Change","detail":{"stack-id":"x"}}`,
	} {
		f.Add(seed, "canary")
	}
	f.Fuzz(func(t *testing.T, event, inside string) {
		if strings.Contains(event, "Scheduled Event") {
			return
		}
		w := newWorld(t, false)
		r, calls := w.relay()
		quoted, err := json.Marshal(inside)
		must(t, err)
		for _, e := range []string{event, `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":` + string(quoted) + `}}]}`, `{"type":"REQUEST","methodArn":"arn","headers":{"Sec-WebSocket-Protocol":` + string(quoted) + `}}`} {
			_, _ = r.Handle(t.Context(), []byte(e)) // most of it is refused
		}
		if got := calls.take(); got["DescribeStacks"] > 0 {
			t.Errorf("calls: %v", got)
		}
	})
}
