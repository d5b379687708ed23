package model

import (
	"context"
	"errors"
	"strings"
)

// Changed is what had been changed when an error occurred.
type Changed int

const (
	// ChangedUnstated means that the error does not know, so the text omits it.
	ChangedUnstated Changed = iota
	// ChangedNothing means that nothing was changed.
	ChangedNothing
	// ChangedUnknown means that the change may have been made.
	ChangedUnknown
	// ChangedPartly means that something was changed, as stated in Explanation.Done.
	ChangedPartly
)

// Attributes by role, because the provider's objects name them differently.
const (
	// AttributeProject is the attribute that names the project.
	AttributeProject = "project"
	// AttributeName is the attribute that names the object in its project.
	AttributeName = "name"
)

// Explanation is what a user needs to know about an error, in complete sentences.
type Explanation struct {
	// Attribute is the path of the attribute at fault, with dots; "" for none.
	Attribute string
	// Cause is why the action failed, with the reason that AWS gave.
	Cause string
	// Changed is what had been changed by then. Done has the details, with counts of deleted data.
	Changed Changed
	Done    string
	// Remedy is what to do next.
	Remedy string
	// Importable means that the object exists and that importing it is a remedy.
	Importable bool
}

// Explainer is an error that explains itself to the user.
type Explainer interface {
	error
	Explain() Explanation
}

// Explain returns the explanation of the outermost error in err's tree that has one, or of an ended
// context.
func Explain(err error) (explanation Explanation, ok bool) {
	var explainer Explainer
	switch {
	case errors.As(err, &explainer):
		return explainer.Explain(), true
	case errors.Is(err, context.DeadlineExceeded):
		return Explanation{
			Cause:  "The time ran out.",
			Remedy: "Apply again, or allow more time with the argument timeouts or the provider argument commit_timeout.\n\nOriginal error: " + err.Error(),
		}, true
	case errors.Is(err, context.Canceled):
		return Explanation{Cause: "The run was interrupted.", Remedy: "Apply again."}, true
	}
	return Explanation{}, false
}

// ExplainedError is an error with its explanation, for errors that callers only report. Sentinel
// errors are of this type, too.
type ExplainedError struct {
	Text        string // for logs
	Explanation Explanation
	// ExplainedError is an error with its explanation, for errors that callers only report.
	// Sentinel errors also have this type.
	Err error
}

func (e *ExplainedError) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the error that e explains.
func (e *ExplainedError) Unwrap() error { return e.Err }

// Explain implements Explainer.
func (e *ExplainedError) Explain() Explanation { return e.Explanation }

// Sentences joins AWS's reasons into a text that ends with one full stop.
func Sentences(reasons ...string) string {
	return strings.TrimRight(strings.Join(reasons, "; "), ". ") + "."
}

// AfterChange adds to an error what was changed before it: done is one or more complete sentences.
// An error without an explanation gets one.
func AfterChange(err error, done string) error {
	explanation, ok := Explain(err)
	if !ok {
		explanation = Explanation{
			Cause:  Sentences("The next step failed: " + err.Error()),
			Remedy: "Apply again. The calls that failed are in the account's CloudTrail.",
		}
	}
	if explanation.Done != "" {
		done += " " + explanation.Done
	}
	if explanation.Changed != ChangedUnknown {
		explanation.Changed = ChangedPartly
	}
	explanation.Done = done
	return &ExplainedError{Text: strings.TrimRight(done, "."), Explanation: explanation, Err: err}
}
