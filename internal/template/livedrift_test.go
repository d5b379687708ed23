package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestLiveValues compares values as CloudFormation and Cloud Control spell them.
func TestLiveValues(t *testing.T) {
	const statement = `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["a","b"]}`
	for name, test := range map[string]struct {
		want, have string
		path       string
		differs    string // the path of the difference; "" for none
	}{
		"a value":            {`{"V":{"Status":"Enabled"}}`, `{"V":{"Status":"Suspended"}}`, "/V/Status", "V.Status"},
		"removed":            {`{"V":{"Status":"Enabled"}}`, `{}`, "/V", "V"},
		"numbers as text":    {`{"V":90}`, `{"V":"90"}`, "/V", ""},
		"booleans as text":   {`{"V":true}`, `{"V":"true"}`, "/V", ""},
		"a member of a list": {`{"G":["a","b"]}`, `{"G":["a"]}`, "/G/1", "G"},
		"another order":      {`{"G":["a","b"]}`, `{"G":["b","a"]}`, "/G/0", ""},
		"rules in order":     {`{"L":{"Rules":[{"Id":"a"},{"Id":"b"}]}}`, `{"L":{"Rules":[{"Id":"b"},{"Id":"a"}]}}`, "/L/Rules/0/Id", "L.Rules"},
		"a default of AWS":   {`{"C":{"CorsRules":[{"M":["GET"]}]}}`, `{"C":{"CorsRules":[{"M":["GET"],"MaxAge":0}]}}`, "/C/CorsRules/0/MaxAge", ""},
		"tags of AWS":        {`{"Tags":[{"Key":"a","Value":"1"}]}`, `{"Tags":[{"Key":"aws:x","Value":"y"},{"Key":"a","Value":"1"}]}`, "/Tags/0", ""},
		"a tag":              {`{"Tags":[{"Key":"a","Value":"1"}]}`, `{"Tags":[{"Key":"a","Value":"2"}]}`, "/Tags/0/Value", "Tags"},
		"another tag":        {`{"Tags":[{"Key":"a","Value":"1"}]}`, `{"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`, "/Tags/1", "Tags"},
		"an empty list":      {`{"G":[]}`, `{}`, "/G", ""},
		"a key's ID":         {`{"K":"arn:aws:kms:r:1:key/abc"}`, `{"K":"abc"}`, "/K", ""},
		"another key":        {`{"K":"arn:aws:kms:r:1:key/abc"}`, `{"K":"bc"}`, "/K", "K"},
		"one action":         {`{"P":{"Statement":[` + statement + `]}}`, `{"P":{"Statement":[` + strings.Replace(statement, `"s3:*"`, `["s3:*"]`, 1) + `]}}`, "/P/Statement/0/Action", ""},
		"a condition added":  {`{"P":{"Statement":[` + statement + `]}}`, `{"P":{"Statement":[` + strings.Replace(statement, `}`, `,"Condition":{"Bool":{"x":"y"}}}`, 1) + `]}}`, "/P/Statement/0/Condition", "P.Statement"},
		"a statement added":  {`{"P":{"Statement":[` + statement + `]}}`, `{"P":{"Statement":[` + statement + `,{"Effect":"Allow"}]}}`, "/P/Statement/1", "P.Statement"},
		"an escaped name":    {`{"A":{"x/y":"1"}}`, `{"A":{"x/y":"2"}}`, "/A/x~1y", "A.x/y"},
	} {
		t.Run(name, func(t *testing.T) {
			values, err := LiveValues(test.want, test.have, []string{test.path})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, value := range values {
				got = append(got, strings.Join(value.Path, "."))
			}
			if strings.Join(got, ",") != test.differs {
				t.Errorf("got %v, want %q", got, test.differs)
			}
		})
	}
}

// TestCompare compares a template with a changed bucket, a deleted user and an edited policy.
func TestCompare(t *testing.T) {
	base := filled(t)
	contents := parse(t, base)
	user, permission := contents.Users[0], contents.Permissions[0]
	bucket := contents.Buckets[0]
	policy := policyID(permission.User, 1)
	compared := []LiveResource{
		{LogicalID: bucketID(bucket.Name), Values: []LiveValue{{[]string{"VersioningConfiguration", "Status"}, "Enabled", "Suspended"}}},
		{LogicalID: bucketPolicyID(bucket.Name)},
		{LogicalID: userID(user.Name), Deleted: true},
		{LogicalID: policy, Values: []LiveValue{{[]string{"Groups"}, []any{"acme-partner"}, nil}}},
		{LogicalID: "Theirs", Deleted: true},
	}
	drift, err := Compare(base, testEnv(), compared)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range drift.Current(contents) {
		got = append(got, d.String())
	}
	want := []string{
		`Bucket` + bucket.Name + ` VersioningConfiguration.Status is "Suspended" in AWS, not "Enabled"`,
		policy + ` Groups is nothing in AWS, not ["acme-partner"]`,
		`User` + user.Name + ` (AWS::IAM::User) was deleted in AWS`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := drift.Uncovered["AWS::IAM::Group"]; n != len(contents.Users) {
		t.Errorf("uncovered: %v", drift.Uncovered)
	}
	changed := edit(t, base, Change{Op: Update, Entity: func() model.Bucket {
		b := bucket
		b.Tags = map[string]string{"new": "tag"}
		return b
	}()})
	for _, d := range drift.Current(parse(t, changed)) {
		if d.LogicalID == bucketID(bucket.Name) {
			t.Errorf("the bucket was written since: %s", d)
		}
	}
	if left := drift.Without(permission.ID()).Differences; len(left) != 2 {
		t.Errorf("without the permission's: %v", left)
	}
}
