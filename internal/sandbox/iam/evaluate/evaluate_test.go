package evaluate

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

const (
	carlos  = "arn:aws:iam::123456789012:user/carlos"
	zhang   = "arn:aws:iam::123456789012:user/zhang"
	session = "arn:aws:sts::123456789012:assumed-role/reader/session"
	reader  = "arn:aws:iam::123456789012:role/reader"
)

func policy(t interface {
	Helper()
	Fatal(args ...any)
}, kind policydoc.Kind, statements ...string) *policydoc.Document {
	t.Helper()
	d, err := policydoc.Parse(`{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`, kind)
	if err != nil {
		t.Fatal(err, statements)
	}
	return d
}

// TestPolicyEvaluationLogic follows the examples of the IAM user guide: "Evaluating identity-based
// policies with resource-based policies", "Permissions boundaries for IAM entities", "Policy
// evaluation logic" and "Cross-account policy evaluation logic".
func TestPolicyEvaluationLogic(t *testing.T) {
	const (
		readLogs    = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		readAll     = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
		denyLogs    = `{"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]}`
		onlyEC2     = `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`
		toZhang     = `{"Effect":"Allow","Principal":{"AWS":"` + zhang + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		toReader    = `{"Effect":"Allow","Principal":{"AWS":"` + reader + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		toSession   = `{"Effect":"Allow","Principal":{"AWS":"` + session + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		toAccount   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		toEverybody = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}`
		denyZhang   = `{"Effect":"Deny","Principal":{"AWS":"` + zhang + `"},"Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}`
		denyOthers  = `{"Effect":"Deny","NotPrincipal":{"AWS":"` + carlos + `"},"Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}`
	)
	identity := func(statements ...string) []*policydoc.Document {
		return []*policydoc.Document{policy(t, policydoc.Identity, statements...)}
	}
	resource := func(statements ...string) *policydoc.Document { return policy(t, policydoc.Resource, statements...) }
	boundary := func(statements ...string) *policydoc.Document { return policy(t, policydoc.Identity, statements...) }
	for name, test := range map[string]struct {
		principal, role string
		policies        Policies
		want            string // "" for allowed, else part of the reason
	}{
		"nothing allows":                                     {zhang, "", Policies{}, "no identity-based policy allows"},
		"an identity policy allows":                          {zhang, "", Policies{Identity: identity(readLogs)}, ""},
		"a deny beside it":                                   {zhang, "", Policies{Identity: identity(readAll, denyLogs)}, "explicit deny in an identity-based policy"},
		"the resource allows the user":                       {zhang, "", Policies{Resource: resource(toZhang)}, ""},
		"the resource denies the user":                       {zhang, "", Policies{Identity: identity(readAll), Resource: resource(denyZhang)}, "explicit deny in a resource-based policy"},
		"the resource denies another":                        {carlos, "", Policies{Identity: identity(readAll), Resource: resource(denyZhang)}, ""},
		"the resource denies all others":                     {zhang, "", Policies{Identity: identity(readAll), Resource: resource(denyOthers)}, "explicit deny in a resource-based policy"},
		"and not the one":                                    {carlos, "", Policies{Identity: identity(readAll), Resource: resource(denyOthers)}, ""},
		"the resource allows the account":                    {zhang, "", Policies{Resource: resource(toAccount)}, "no identity-based policy allows"},
		"a boundary alone allows nothing":                    {zhang, "", Policies{Boundary: boundary(readAll)}, "no identity-based policy allows"},
		"a boundary that allows it too":                      {zhang, "", Policies{Identity: identity(readLogs), Boundary: boundary(readAll)}, ""},
		"a boundary for something else":                      {zhang, "", Policies{Identity: identity(readLogs), Boundary: boundary(onlyEC2)}, "no permissions boundary allows"},
		"a boundary doesn't bind what the user is given":     {zhang, "", Policies{Boundary: boundary(onlyEC2), Resource: resource(toZhang)}, ""},
		"but its deny does":                                  {zhang, "", Policies{Boundary: boundary(readAll, denyLogs), Resource: resource(toZhang)}, "explicit deny in a permissions boundary"},
		"a boundary binds what everybody is given":           {zhang, "", Policies{Boundary: boundary(onlyEC2), Resource: resource(toEverybody)}, "no identity-based policy allows"},
		"a boundary binds what the role is given":            {session, reader, Policies{Boundary: boundary(onlyEC2), Resource: resource(toReader)}, "no identity-based policy allows"},
		"the role is given it":                               {session, reader, Policies{Resource: resource(toReader)}, ""},
		"a session policy bounds":                            {session, reader, Policies{Identity: identity(readLogs), Session: identity(onlyEC2)}, "no session policy allows"},
		"a session policy allows it too":                     {session, reader, Policies{Identity: identity(readLogs), Session: identity(readAll)}, ""},
		"the session is given it":                            {session, reader, Policies{Boundary: boundary(onlyEC2), Session: identity(onlyEC2), Resource: resource(toSession)}, ""},
		"another account: only the identity":                 {zhang, "", Policies{Identity: identity(readLogs), ResourceAccount: "999999999999"}, "no resource-based policy allows"},
		"another account: only the resource":                 {zhang, "", Policies{Resource: resource(toZhang), ResourceAccount: "999999999999"}, "no identity-based policy allows"},
		"another account: both":                              {zhang, "", Policies{Identity: identity(readLogs), Resource: resource(toAccount), ResourceAccount: "999999999999"}, ""},
		"a key that doesn't hand over":                       {zhang, "", Policies{Identity: identity(readAll), Sovereign: true, Resource: resource(denyOthers)}, "explicit deny"},
		"a key that hands over":                              {zhang, "", Policies{Identity: identity(readAll), Sovereign: true, Resource: resource(toAccount)}, ""},
		"a key that hands over, to somebody without a right": {zhang, "", Policies{Sovereign: true, Resource: resource(toAccount)}, "no identity-based policy allows"},
		"a key that knows nobody":                            {carlos, "", Policies{Identity: identity(readAll), Sovereign: true, Resource: resource(toZhang)}, "no resource-based policy allows"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Evaluate(
				Request{Principal: test.principal, Role: test.role, Action: "s3:GetObject", Resource: "arn:aws:s3:::logs/a.log"},
				test.policies,
			)
			if got.Allowed != (test.want == "") || !strings.Contains(got.By, test.want) ||
				got.Explicit != strings.Contains(test.want, "explicit") {
				t.Errorf("%+v, want %q", got, test.want)
			}
		})
	}
}

// TestConditionOperators follows the tables of the IAM user guide: "Condition operators",
// "Multivalued context keys", "Using negated matching condition operators".
func TestConditionOperators(t *testing.T) {
	for _, test := range []struct {
		condition string
		context   string // key=value;value, keys separated by spaces
		want      bool
	}{
		{`"StringEquals":{"aws:username":["a","b"]}`, "aws:username=b", true},
		{`"StringEquals":{"aws:username":"B"}`, "aws:username=b", false},
		{`"StringEqualsIgnoreCase":{"aws:username":"B"}`, "aws:username=b", true},
		{`"StringEquals":{"AWS:USERNAME":"b"}`, "aws:username=b", true},
		{`"StringEquals":{"aws:username":"b*"}`, "aws:username=bb", false},
		{`"StringLike":{"aws:username":"b*"}`, "aws:username=bb", true},
		{`"StringLike":{"s3:prefix":["home/${aws:username}/*"]}`, "aws:username=bob s3:prefix=home/bob/x", true},
		{`"StringLike":{"s3:prefix":["home/${aws:username}/*"]}`, "aws:username=bob s3:prefix=home/eve/x", false},
		{`"StringLike":{"s3:prefix":["home/${aws:username}/*"]}`, "s3:prefix=home/bob/x", false},
		{`"StringLike":{"s3:prefix":["home/${aws:username, 'all'}/*"]}`, "s3:prefix=home/all/x", true},
		{`"StringLike":{"s3:prefix":"a${*}b*"}`, "s3:prefix=a*bc", true},
		{`"StringLike":{"s3:prefix":"a${*}b*"}`, "s3:prefix=axbc", false},
		{`"StringLike":{"s3:prefix":"a${?}${$}"}`, "s3:prefix=a?$", true},
		{`"StringEquals":{"aws:username":"b"}`, "", false},
		{`"StringNotEquals":{"aws:username":"b"}`, "", true},
		{`"StringNotEquals":{"aws:username":["a","b"]}`, "aws:username=b", false},
		{`"StringEqualsIfExists":{"aws:username":"b"}`, "", true},
		{`"StringEqualsIfExists":{"aws:username":"b"}`, "aws:username=c", false},
		{`"Null":{"aws:username":"true"}`, "", true},
		{`"Null":{"aws:username":"false"}`, "", false},
		{`"Null":{"aws:username":"false"}`, "aws:username=b", true},
		{`"Bool":{"aws:SecureTransport":"false"}`, "aws:SecureTransport=false", true},
		{`"Bool":{"aws:SecureTransport":"false"}`, "aws:SecureTransport=true", false},
		{`"Bool":{"aws:SecureTransport":"false"}`, "", false},
		{`"NumericLessThan":{"s3:TlsVersion":"1.2"}`, "s3:TlsVersion=1.1", true},
		{`"NumericLessThan":{"s3:TlsVersion":"1.2"}`, "s3:TlsVersion=1.2", false},
		{`"NumericLessThanEquals":{"s3:max-keys":"10"}`, "s3:max-keys=10", true},
		{`"NumericNotEquals":{"s3:max-keys":"10"}`, "s3:max-keys=10", false},
		{`"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}`, "aws:CurrentTime=2026-11-23T15:00:00Z", true},
		{`"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}`, "aws:CurrentTime=2026-11-23T15:00:00Z", false},
		{`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}`, "aws:SourceIp=203.0.113.9", true},
		{`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}`, "aws:SourceIp=2001:db8::1", true},
		{`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, "aws:SourceIp=203.0.114.9", false},
		{`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`, "aws:SourceIp=203.0.113.9", true},
		{`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, "", false},
		{`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}`, "aws:SourceIp=203.0.113.9", false},
		{`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}`, "aws:SourceIp=198.51.100.1", false},
		{`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}`, "", true},
		{`"ArnLike":{"aws:SourceArn":"arn:aws:transfer:eu-west-1:123456789012:user/s-1/*"}`, "aws:SourceArn=arn:aws:transfer:eu-west-1:123456789012:user/s-1/bob", true},
		{`"ArnLike":{"aws:SourceArn":"arn:aws:*:123456789012:user/*"}`, "aws:SourceArn=arn:aws:transfer:eu-west-1:123456789012:user/s-1/bob", false},
		{`"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:123456789012:x-*"}`, "aws:SourceArn=arn:aws:sns:eu-west-1:123456789012:x-y:z", true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, "aws:TagKeys=a;b", true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, "aws:TagKeys=a;c", false},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, "", true},
		{`"ForAnyValue:StringEquals":{"aws:CalledVia":["cloudformation.amazonaws.com"]}`, "aws:CalledVia=cloudformation.amazonaws.com;s3.amazonaws.com", true},
		{`"ForAnyValue:StringEquals":{"aws:CalledVia":["cloudformation.amazonaws.com"]}`, "", false},
		{`"StringEquals":{"aws:username":"b"},"Bool":{"aws:SecureTransport":"true"}`, "aws:username=b", false},
		{`"StringEquals":{"aws:username":"b","aws:PrincipalType":"User"}`, "aws:username=b aws:PrincipalType=User", true},
	} {
		d := policy(
			t, policydoc.Identity,
			`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{`+test.condition+`}}`,
		)
		context := map[string][]string{}
		for _, field := range strings.Fields(test.context) {
			key, values, _ := strings.Cut(field, "=")
			context[key] = strings.Split(values, ";")
		}
		got := Evaluate(
			Request{Principal: zhang, Action: "s3:ListBucket", Resource: "arn:aws:s3:::logs", Context: context},
			Policies{Identity: []*policydoc.Document{d}},
		)
		if got.Allowed != test.want {
			t.Errorf("{%s} with %q: %v", test.condition, test.context, got.Allowed)
		}
	}
}

func TestActionsAndResources(t *testing.T) {
	for _, test := range []struct {
		statement, action, resource string
		want                        bool
	}{
		{`"Action":"s3:Get*","Resource":"*"`, "s3:getobject", "arn:aws:s3:::a/b", true},
		{`"Action":"s3:Get*","Resource":"*"`, "s3:PutObject", "arn:aws:s3:::a/b", false},
		{`"Action":["s3:PutObject","s3:GetObject"],"Resource":["arn:aws:s3:::a/*"]`, "s3:GetObject", "arn:aws:s3:::a/b/c", true},
		{`"Action":"*","Resource":"arn:aws:s3:::a/?"`, "s3:GetObject", "arn:aws:s3:::a/bc", false},
		{`"Action":"s3:*","Resource":"arn:aws:s3:::a/x${*}/*"`, "s3:GetObject", "arn:aws:s3:::a/x*/y", true},
		{`"Action":"s3:*","Resource":"arn:aws:s3:::a/x${*}/*"`, "s3:GetObject", "arn:aws:s3:::a/xx/y", false},
		{`"NotAction":"iam:*","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::a/b", true},
		{`"NotAction":"s3:*","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::a/b", false},
		{`"Action":"s3:*","NotResource":"arn:aws:s3:::a/*"`, "s3:GetObject", "arn:aws:s3:::a/b", false},
		{`"Action":"s3:*","NotResource":"arn:aws:s3:::a/*"`, "s3:GetObject", "arn:aws:s3:::b/b", true},
	} {
		d := policy(t, policydoc.Identity, `{"Effect":"Allow",`+test.statement+`}`)
		got := Evaluate(
			Request{Principal: zhang, Action: test.action, Resource: test.resource},
			Policies{Identity: []*policydoc.Document{d}},
		)
		if got.Allowed != test.want {
			t.Errorf("{%s} of %s on %s: %v", test.statement, test.action, test.resource, got.Allowed)
		}
	}
}

// Variables are plain text in the old version.
func TestPolicy_OldVersionHasNoVariables(t *testing.T) {
	d, err := policydoc.Parse(
		`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/${aws:username}"}]}`,
		policydoc.Identity,
	)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]bool{"arn:aws:s3:::a/bob": false, "arn:aws:s3:::a/${aws:username}": true} {
		r := Request{
			Principal: zhang, Action: "s3:GetObject", Resource: resource,
			Context: map[string][]string{"aws:username": {"bob"}},
		}
		if got := Evaluate(r, Policies{Identity: []*policydoc.Document{d}}); got.Allowed != want {
			t.Errorf("%s: %v", resource, got.Allowed)
		}
	}
}

func TestDenyNeverAllows(t *testing.T) {
	statement := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`,
			rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
			rapid.SampledFrom([]string{"s3:*", "s3:GetObject", "s3:Put*"}).Draw(t, "action"),
			rapid.SampledFrom([]string{"*", "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"}).Draw(t, "resource"))
	})
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(statement, 1, 4).Draw(t, "statements")
		bounds := rapid.SliceOfN(statement, 1, 3).Draw(t, "boundary")
		r := Request{
			Principal: zhang, Action: rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject"}).Draw(t, "asked"),
			Resource: "arn:aws:s3:::a/x",
		}
		decide := func(identity []string, boundary *policydoc.Document) bool {
			return Evaluate(
				r,
				Policies{Identity: []*policydoc.Document{policy(t, policydoc.Identity, identity...)}, Boundary: boundary},
			).Allowed
		}
		free := decide(all, nil)
		denied := decide(
			append(all[:len(all):len(all)], `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::a/*"}`), nil,
		)
		if denied {
			t.Fatal("allowed in spite of a Deny")
		}
		if bounded := decide(all, policy(t, policydoc.Identity, bounds...)); bounded && !free {
			t.Fatal("a boundary allowed something")
		}
	})
}
