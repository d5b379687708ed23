package template

import (
	"encoding/json"
	"slices"
	"strings"
)

// secretType is the type of resources whose text is a secret.
const secretType = "AWS::SecretsManager::Secret"

// harmless lists the parts of a secret whose values may be shown.
var harmless = []string{
	"Type", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy",
	"Properties.Name", "Properties.Description", "Properties.KmsKeyId", "Properties.Tags", "Properties.ReplicaRegions",
}

// conceals reports whether a part of a resource may hold a secret that was added by hand. Its
// values must not leave the template: drift names its path only. want is the resource as it should
// be, have as it is.
func conceals(logicalID string, path []string, want, have json.RawMessage) bool {
	at := strings.Join(path, ".")
	switch {
	case strings.HasPrefix(logicalID, outputPrefix): // a stack's output may show a key by reference
		return strings.HasPrefix(logicalID, outputPrefix+userOutputPrefix)
	case typeOf(want) == secretType, typeOf(have) == secretType:
		return !slices.Contains(harmless, at)
	}
	// The passwords of IAM users, and anything that replaces the properties as a whole.
	return at == "" || at == "Properties" || at == "Properties.LoginProfile" ||
		strings.HasPrefix(at, "Properties.LoginProfile.")
}

func typeOf(resource json.RawMessage) string {
	var name string
	if json.Unmarshal(member(resource, "Type"), &name) != nil {
		return ""
	}
	return name
}
