package cfn

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// IsFunction reports whether an object of a template calls an intrinsic function.
func IsFunction(object map[string]any) bool {
	for name, argument := range object {
		_, text := argument.(string)
		if name == "Ref" || name == "Condition" && text || strings.HasPrefix(name, "Fn::") {
			return len(object) == 1
		}
	}
	return false
}

// Text spells a scalar as a string, as CloudFormation does in change sets (recorded from AWS) and
// in drift: 1 and "1", true and "true" are equal.
func Text(scalar any) string {
	switch v := scalar.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	text, err := json.Marshal(scalar)
	if err != nil {
		return fmt.Sprint(scalar)
	}
	return string(text)
}
