package lambda

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// An asynchronous invocation is repeated after it failed: twice by default, after one minute and
// after two more. After a throttling or an error of Lambda it is repeated for up to six hours, from
// one second up to five minutes apart (Lambda developer guide, invocation-async-error-handling).
const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
	// maxErrorMessage is the maximum size of the error's message in a dead letter in bytes.
	maxErrorMessage = 1024
)

var queueARN = regexp.MustCompile(`^arn:aws:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$`)

// queued is an event in a function's queue.
type queued struct {
	arn, requestID string
	event          []byte
	registered     cloud.Function
	accepted       time.Time
	failed         int           // attempts that the function failed
	backoff        time.Duration // after the next throttling
}

// Asynchronous implements cloud.DeployedFunctions.
func (s *Service) Asynchronous(call cloud.FunctionCall, registered cloud.Function) (bool, error) {
	f, err := s.find(call.ARN)
	if err != nil {
		return false, nil //nolint:nilerr // it is not deployed
	}
	if err := s.accepts(f, call, maxAsynchronous, registered); err != nil {
		return true, err
	}
	q := &queued{
		arn: f.arn, requestID: s.world.NewUUID(), event: call.Event, registered: registered, accepted: s.world.Now(),
		backoff: firstBackoff,
	}
	if f.reserved != nil && *f.reserved == 0 {
		// Such a function gets no events (Lambda developer guide, invocation-async-error-handling).
		s.giveUp(f, q, errors.New("the function's reserved concurrency is 0"), "")
		return true, nil
	}
	s.attempt(q)
	return true, nil
}

// attempt starts an attempt. All attempts have the same request ID.
func (s *Service) attempt(q *queued) {
	s.world.Start(cloud.Invocation{
		Event: q.event, Function: s.runner(q.arn, q.requestID, q.registered), Failed: func(err error) { s.retry(q, err) },
	})
}

// retry repeats a failed event later, or gives it up.
func (s *Service) retry(q *queued, failed error) {
	f, err := s.find(q.arn)
	if err != nil {
		return // the queue was deleted with the function
	}
	set := asyncSettings{age: maxEventAge, retries: maxRetries}
	if f.async != nil {
		set = *f.async
	}
	var delay time.Duration
	status := http.StatusOK
	var refused *cloud.Error
	if errors.As(failed, &refused) {
		delay, status = q.backoff, refused.Status
		q.backoff = min(2*q.backoff, maxBackoff)
	} else {
		q.failed++
		var again bool
		if delay, again = cloud.RetryAfter(q.failed); !again || q.failed > set.retries {
			s.giveUp(f, q, failed, strconv.Itoa(status))
			return
		}
	}
	if s.world.Now().Add(delay).Sub(q.accepted) > time.Duration(set.age)*time.Second {
		s.giveUp(f, q, failed, strconv.Itoa(status))
		return
	}
	s.world.After(delay, func() { s.attempt(q) })
}

// giveUp sends an event to the function's dead-letter queue with the rights of its role, or drops it.
// The names of the attributes are recorded by LocalStack.
func (s *Service) giveUp(f *function, q *queued, failed error, code string) {
	d := f.current
	if d.deadLetters == "" || s.world.Queues() == nil {
		return
	}
	message := failed.Error()
	attributes := map[string]cloud.MessageAttribute{
		"RequestID":    {Type: "String", Value: q.requestID},
		"ErrorMessage": {Type: "String", Value: message[:min(len(message), maxErrorMessage)]},
	}
	if code != "" {
		attributes["ErrorCode"] = cloud.MessageAttribute{Type: "Number", Value: code}
	}
	// An event that the queue refuses is dropped.
	_ = s.world.Queues().Send(cloud.QueueMessage{
		Queue: d.deadLetters, Service: servicePrincipal, Source: f.arn, Role: d.role, Body: string(q.event),
		Attributes: attributes,
	})
}
