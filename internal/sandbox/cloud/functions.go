package cloud

import (
	"context"
	"net/http"
	"time"
)

// Function is the code of a Lambda function: it handles one event. A failure that the function
// reports itself is a *FunctionError, or any error of Go code.
type Function func(ctx context.Context, event []byte) ([]byte, error)

// FunctionCall is a call of a Lambda function.
type FunctionCall struct {
	ARN   string // without a qualifier, or with that of $LATEST
	Event []byte
	// Service is the principal of the calling service, such as events.amazonaws.com, and Source the
	// ARN of the resource for which it calls. The function's policy must allow them. Both are ""
	// for calls of the Invoke API, which the front door authorizes.
	Service, Source string
}

// FunctionError is the failure of an invocation.
type FunctionError struct {
	Type, Message string
	// Payload is the answer to the caller, as JSON.
	Payload []byte
}

func (e *FunctionError) Error() string { return e.Message }

// DeployedFunctions are the functions that CloudFormation created. The Lambda service registers
// itself. registered is the Go code of the same ARN, which runs in place of the function's own code;
// nil for none. Both methods report false for a function that is not deployed, and return the *Error
// of Lambda for a call that is not permitted.
type DeployedFunctions interface {
	// Synchronous returns how to run a function for one call, without the world's lock.
	Synchronous(call FunctionCall, registered Function) (run Function, deployed bool, err error)
	// Asynchronous accepts an event into the function's queue.
	Asynchronous(call FunctionCall, registered Function) (deployed bool, err error)
}

// SetDeployedFunctions registers the Lambda service.
func (w *World) SetDeployedFunctions(d DeployedFunctions) { w.deployed = d }

// RegisterFunction registers the Go code of a Lambda function by its ARN. It runs in process. A
// function that is not deployed has neither a policy nor limits.
func (w *World) RegisterFunction(arn string, f Function) {
	w.lambdas[arn] = func(ctx context.Context, event []byte) ([]byte, error) {
		return f(context.WithValue(ctx, functionKey{}, true), event)
	}
}

type functionKey struct{}

// InFunction reports whether a context is that of a Lambda function's invocation.
func InFunction(ctx context.Context) bool {
	is, _ := ctx.Value(functionKey{}).(bool)
	return is
}

// CallFunction returns how to run a Lambda function for one synchronous call. The caller runs it
// after it released the lock, since a function calls the world like any other client. It returns the
// *Error of Lambda if there is no such function, or if its policy does not permit the call.
func (w *World) CallFunction(call FunctionCall) (Function, error) {
	registered := w.lambdas[call.ARN]
	if w.deployed != nil {
		run, deployed, err := w.deployed.Synchronous(call, registered)
		if deployed || err != nil {
			return run, err
		}
	}
	if registered == nil {
		return nil, functionNotFound(call.ARN)
	}
	return registered, nil
}

// Invoke queues an asynchronous invocation of a Lambda function. The front door starts it when it
// releases the lock, since a function calls the world like any other client. Errors are those of
// CallFunction.
func (w *World) Invoke(call FunctionCall) error {
	registered := w.lambdas[call.ARN]
	if w.deployed != nil {
		if deployed, err := w.deployed.Asynchronous(call, registered); deployed || err != nil {
			return err
		}
	}
	if registered == nil {
		return functionNotFound(call.ARN)
	}
	w.try(call.Event, registered, 0)
	return nil
}

func functionNotFound(arn string) *Error {
	return &Error{
		Code: "ResourceNotFoundException", Message: "Function not found: " + arn, Status: http.StatusNotFound,
	}
}

// retryAfter are the delays after which Lambda repeats a failed asynchronous invocation: Lambda
// Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
var retryAfter = []time.Duration{time.Minute, 2 * time.Minute}

// RetryAfter returns the delay before the next attempt of a function that failed this many times;
// ok is false when Lambda's default number of retries is exhausted.
func RetryAfter(failed int) (delay time.Duration, ok bool) {
	if failed < 1 || failed > len(retryAfter) {
		return 0, false
	}
	return retryAfter[failed-1], true
}

// try starts an invocation of registered code that failed before, with the retries of Lambda.
func (w *World) try(event []byte, f Function, failed int) {
	w.Start(Invocation{Event: event, Function: f, Failed: func(error) {
		if delay, ok := RetryAfter(failed + 1); ok {
			w.After(delay, func() { w.try(event, f, failed+1) })
		}
	}})
}

// Invocation is one attempt of an asynchronous invocation.
type Invocation struct {
	Event    []byte
	Function Function
	// Failed is called after a failure, with the lock held.
	Failed func(error)
}

// Start queues an attempt, which the front door starts when it releases the lock.
func (w *World) Start(i Invocation) { w.invocations = append(w.invocations, i) }

// TakeInvocations returns and removes the pending attempts, in the order in which they were queued.
// Only the front door calls it.
func (w *World) TakeInvocations() []Invocation {
	taken := w.invocations
	w.invocations = nil
	return taken
}
