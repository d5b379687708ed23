package relay

import (
	"encoding/json"
	"errors"
	"fmt"
)

// withoutContent returns a JSON decoding error without the decoded content, which must not be
// logged.
func withoutContent(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is not JSON, as byte %d shows", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the field %q is no %s", kind.Field, kind.Type)
	}
	return errors.New("it can't be decoded")
}
