package cloudformation

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Dynamic references (CloudFormation user guide, dynamic-references-secretsmanager): a property whose value is
// {{resolve:secretsmanager:ID:SecretString:...}} gets the secret's text when its resource is made or changed. Change sets, events and
// everything else show the reference as it is written, and compare it as such. Only whole strings that refer to the whole text of a secret are
// modelled.

// dynamicReference is what is modelled: an id, and perhaps SecretString with nothing behind it.
var dynamicReference = regexp.MustCompile(`^\{\{resolve:secretsmanager:([^:{}]+|arn:[^{}]+:secret:[^:{}]+)(:SecretString)?:{0,3}\}\}$`)

// maxDynamicReferences are those that a template may have (CloudFormation user guide, cloudformation-limits).
const maxDynamicReferences = 60

// checkDynamicReferences refuses templates with too many of them. The text is from memory.
func checkDynamicReferences(body string) error {
	if n := strings.Count(body, "{{resolve:"); n > maxDynamicReferences {
		return invalid("Template error: the template has %d dynamic references, more than the maximum of %d.", n, maxDynamicReferences)
	}
	return nil
}

// dynamic are properties with their dynamic references resolved. Those that are as they were before are left as they are, so that the service sees no
// change in them.
func (op *operation) dynamic(before, properties map[string]any) (map[string]any, error) {
	result := make(map[string]any, len(properties))
	for name, value := range properties {
		text, ok := value.(string)
		if !ok || !strings.HasPrefix(text, "{{resolve:") || reflect.DeepEqual(before[name], value) {
			result[name] = value
			continue
		}
		secret := dynamicReference.FindStringSubmatch(text)
		reader := op.s.w.Secrets()
		if secret == nil || reader == nil {
			return nil, cloud.NotModelled("the dynamic reference %s", text)
		}
		resolved, err := reader.SecretString(op.caller, secret[1])
		if err != nil {
			return nil, err //nolint:wrapcheck // the text is the service's
		}
		result[name] = resolved
	}
	return result, nil
}
