package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIntents(t *testing.T) {
	const base = `{"Type":"AWS::S3::Bucket","Metadata":{"a":1},"Properties":{"BucketName":"b"}}`
	with := func(attribute string) string { return strings.Replace(base, `"Metadata"`, attribute+`,"Metadata"`, 1) }
	decode := func(resource string) *Template {
		decoded, err := Decode([]byte(`{"Resources":{"B":` + resource + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		return decoded
	}
	modify := Intent{LogicalID: "B", Action: Modify}
	unlisted := Intent{LogicalID: "B", Action: Modify, Unlisted: true}
	for name, test := range map[string]struct {
		next string
		want []Intent
	}{
		"other spelling":        {strings.Replace(base, `"Type":`, ` "Type": `, 1), nil},
		"properties":            {strings.Replace(base, `"b"`, `"c"`, 1), []Intent{modify}},
		"metadata":              {strings.Replace(base, `"a":1`, `"a":2`, 1), []Intent{modify}},
		"DeletionPolicy":        {with(`"DeletionPolicy":"Retain"`), []Intent{unlisted}},
		"UpdateReplacePolicy":   {with(`"UpdateReplacePolicy":"Retain"`), []Intent{unlisted}},
		"policy and properties": {strings.Replace(with(`"DeletionPolicy":"Retain"`), `"b"`, `"c"`, 1), []Intent{modify}},
		"dependencies":          {with(`"DependsOn":["A"]`), nil},
		"a condition":           {with(`"Condition":"C"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Intents(decode(base), decode(test.next))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
