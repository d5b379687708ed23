package cloudformation

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Dynamic references (CloudFormation user guide, dynamic-references-secretsmanager): a property
// with the value {{resolve:secretsmanager:ID:SecretString:...}} gets the secret's text when its
// resource is created or changed. Everything else, such as change sets and events, shows and
// compares the reference itself. Only whole strings that refer to the whole text of a secret are
// modelled.

// dynamicReference matches the modelled references: an ID, optionally with SecretString and nothing
// after it.
var dynamicReference = regexp.MustCompile(
	`^\{\{resolve:secretsmanager:([^:{}]+|arn:[^{}]+:secret:[^:{}]+)(:SecretString)?:{0,3}\}\}$`,
)

// maxDynamicReferences is the maximum number per template (CloudFormation user guide,
// cloudformation-limits).
const maxDynamicReferences = 60

// checkDynamicReferences refuses templates with too many of them. The text is from memory.
func checkDynamicReferences(body string) error {
	if n := strings.Count(body, "{{resolve:"); n > maxDynamicReferences {
		return invalid(
			"Template error: the template has %d dynamic references, more than the maximum of %d.", n,
			maxDynamicReferences,
		)
	}
	return nil
}

// dynamic returns properties with all dynamic references resolved. It does not resolve unchanged
// properties, so that the service sees no change in them.
func (op *operation) dynamic(before, properties map[string]any) (map[string]any, error) {
	result := make(map[string]any, len(properties))
	for name, value := range properties {
		if old, there := before[name]; there && reflect.DeepEqual(old, value) {
			result[name] = value
			continue
		}
		var err error
		if result[name], err = op.resolveDynamic(value); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (op *operation) resolveDynamic(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		resolved := make(map[string]any, len(v))
		for _, name := range sortedKeys(v) {
			var err error
			if resolved[name], err = op.resolveDynamic(v[name]); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case []any:
		resolved := make([]any, len(v))
		for i, element := range v {
			var err error
			if resolved[i], err = op.resolveDynamic(element); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case string:
		if strings.HasPrefix(v, "{{resolve:") {
			return op.secretText(v)
		}
	}
	return value, nil
}

func (op *operation) secretText(text string) (any, error) {
	secret := dynamicReference.FindStringSubmatch(text)
	reader := op.s.w.Secrets()
	if secret == nil || reader == nil {
		return nil, cloud.NotModelled("the dynamic reference %s", text)
	}
	resolved, err := reader.SecretString(op.caller, secret[1])
	if err != nil {
		return nil, err //nolint:wrapcheck // the text is the service's
	}
	return resolved, nil
}
