package cloud

import (
	"errors"
	"fmt"
	"net/http"
)

// Readable is a resource type with a read handler. Cloud Control and drift detection read its
// resources.
type Readable interface {
	ResourceType
	// Read returns the properties of a resource as the service has them, decoded like those of a
	// template. It returns the error of NotFound for a resource that does not exist.
	Read(c Caller, physicalID string) (map[string]any, error)
}

// Adoptable is a resource type of which the sandbox runs the update handler after an import.
type Adoptable interface {
	Readable
	// Adopt adds a stack's tags to a resource that the stack has imported.
	Adopt(c Caller, physicalID string, tags map[string]string) error
}

// notFound is the handler error code of a read handler for a resource that does not exist (Cloud
// Control API user guide, "Handler error codes").
const notFound = "NotFound"

// NotFound returns the error of a read handler for a resource that does not exist.
func NotFound(typeName, physicalID string) *Error {
	return &Error{
		Code:    notFound,
		Message: fmt.Sprintf("Resource of type '%s' with identifier '%s' was not found.", typeName, physicalID),
		Status:  http.StatusNotFound,
	}
}

// IsNotFound reports whether a read handler's error means that the resource does not exist.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == notFound
}
