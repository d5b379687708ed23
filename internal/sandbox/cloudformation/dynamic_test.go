package cloudformation

import (
	"strings"
	"testing"
)

func TestDynamicReferences_Counted(t *testing.T) {
	reference := `"{{resolve:secretsmanager:a:SecretString}}"`
	if err := checkDynamicReferences("[" + strings.Repeat(reference+",", maxDynamicReferences) + "]"); err != nil {
		t.Error(err)
	}
	if err := checkDynamicReferences("[" + strings.Repeat(reference+",", maxDynamicReferences+1) + "]"); err == nil ||
		!strings.Contains(err.Error(), "61 dynamic references") {
		t.Errorf("error %v", err)
	}
}

func TestDynamicReferences_Modelled(t *testing.T) {
	for text, id := range map[string]string{
		"{{resolve:secretsmanager:stowage/acme/partner/a1:SecretString}}":                                          "stowage/acme/partner/a1",
		"{{resolve:secretsmanager:stowage/acme/partner/a1}}":                                                       "stowage/acme/partner/a1",
		"{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf:SecretString:::}}": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf",
		"{{resolve:secretsmanager:a:SecretString:password}}":                                                       "",
		"{{resolve:ssm:a}}":             "",
		"x{{resolve:secretsmanager:a}}": "",
	} {
		got := ""
		if match := dynamicReference.FindStringSubmatch(text); match != nil {
			got = match[1]
		}
		if got != id {
			t.Errorf("%s refers to %q, want %q", text, got, id)
		}
	}
}
