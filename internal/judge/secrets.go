package judge

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// byReference matches a secret's text that is only a reference to another secret.
var byReference = regexp.MustCompile(`^\{\{resolve:secretsmanager:[^{}]+\}\}$`)

// keyReference matches the attribute with an access key's secret, as written in Fn::Sub.
var keyReference = regexp.MustCompile(`^\$\{([A-Za-z0-9]+)\.SecretAccessKey\}$`)

// judgeSecret requires a secret that is encrypted with a customer managed key and whose text the
// template does not contain. isKey reports whether a logical ID is an access key of the template.
// Rotation is a control of its own, as a schedule is not possible.
func judgeSecret(p object, isKey func(logicalID string) bool, say func(ok bool, control, text string)) {
	say(p["KmsKeyId"] != nil, "CKV_AWS_149", "no customer managed key encrypts the secret")
	if generated := p["GenerateSecretString"]; generated != nil && p["SecretString"] == nil {
		return
	}
	if text, ok := p["SecretString"].(string); ok {
		say(byReference.MatchString(text), "secret-literal", "the template contains the secret's text")
		return
	}
	text, _ := at(p, "SecretString.Fn::Sub").(string)
	var members map[string]string
	err := json.Unmarshal([]byte(text), &members)
	key := keyReference.FindStringSubmatch(members["secret_access_key"])
	say(
		err == nil && key != nil && isKey(key[1]), "secret-literal",
		"the secret's text is not that of an access key by reference",
	)
}

// judgeReaders requires a secret's policy to name its readers.
func judgeReaders(p object, statements []policydoc.Statement, say func(ok bool, control, text string)) {
	say(p["BlockPublicPolicy"] == true, "secret-public", "public policies are not refused")
	for _, s := range statements {
		public := s.Effect == "Allow" && (s.NotPrincipal || slices.Contains(s.Principals["AWS"], "*"))
		say(!public, "secret-public", "everybody may read the secret")
	}
}

// leaks returns the paths at which a document names a secret, except in the texts of secrets.
func leaks(value any, path string, inSecret bool) []string {
	var found []string
	switch v := value.(type) {
	case string:
		if !inSecret && (strings.Contains(v, "SecretAccessKey") || strings.Contains(v, "{{resolve:")) {
			found = append(found, path)
		}
	case []any:
		for _, one := range v {
			found = append(found, leaks(one, path, inSecret)...)
		}
	case object:
		secret := v["Type"] == "AWS::SecretsManager::Secret"
		for name, one := range v {
			if properties, ok := one.(object); ok && secret && name == "Properties" {
				for property, text := range properties {
					found = append(found, leaks(text, path+".Properties."+property, property == "SecretString")...)
				}
				continue
			}
			found = append(found, leaks(one, strings.TrimPrefix(path+"."+name, "."), inSecret)...)
		}
	}
	slices.Sort(found)
	return found
}
