package policydoc_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

func TestParse_Refusals(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":` + s + `}` }
	const rest = `"Effect":"Allow","Action":"s3:GetObject","Resource":"*"`
	for _, c := range []struct{ name, text, want string }{
		{"one statement", statement(`{` + rest + `}`), ""},
		{"list", statement(`[{` + rest + `},{"Sid":"B","Effect":"Deny","NotAction":["s3:*","iam:Get*"],"NotResource":["arn:aws:s3:::b"]}]`), ""},
		{"conditions", statement(`[{` + rest + `,"Condition":{"StringLikeIfExists":{"s3:prefix":["a","b"]},"Bool":{"aws:SecureTransport":true},"ForAnyValue:StringEquals":{"aws:TagKeys":"x"}}}]`), ""},
		{"no JSON", `{`, "Syntax errors"},
		{"text after", statement(`{`+rest+`}`) + "x", "Syntax errors"},
		{"member twice", statement(`{"Effect":"Allow",` + rest + `}`), "Syntax errors"},
		{"old version", `{"Version":"2011-01-01","Statement":[]}`, "version"},
		{"no statement", `{"Version":"2012-10-17"}`, "Syntax errors"},
		{"unknown member", statement(`{` + rest + `,"Allow":true}`), "Syntax errors"},
		{"wrong case", statement(`{"effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), "Syntax errors"},
		{"no effect", statement(`{"Action":"s3:GetObject","Resource":"*"}`), "Effect"},
		{"bad effect", statement(`{"Effect":"allow","Action":"s3:GetObject","Resource":"*"}`), "Invalid effect"},
		{"no action", statement(`{"Effect":"Allow","Resource":"*"}`), "actions"},
		{"no resource", statement(`{"Effect":"Allow","Action":"s3:GetObject"}`), "resources"},
		{"no vendor", statement(`{"Effect":"Allow","Action":"GetObject","Resource":"*"}`), "vendor"},
		{"no ARN", statement(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"bucket"}`), "ARN format"},
		{"bad Sid", statement(`{"Sid":"a-b","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), "SID"},
		{"Sid twice", statement(`[{"Sid":"a",` + rest + `},{"Sid":"a",` + rest + `}]`), "unique"},
		{"principal", statement(`{` + rest + `,"Principal":"*"}`), "principal"},
		{"operator", statement(`{` + rest + `,"Condition":{"StringIs":{"aws:x":"y"}}}`), "Invalid Condition type : StringIs"},
		{"key without vendor", statement(`{` + rest + `,"Condition":{"Bool":{"x":"y"}}}`), "vendor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := policydoc.Parse(c.text, policydoc.Identity)
			var p *policydoc.Problem
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (!errors.As(err, &p) || !strings.Contains(p.Text, c.want)):
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []policydoc.Kind{policydoc.Identity, policydoc.Trust, policydoc.Resource} {
			doc, err := policydoc.Parse(text, kind)
			if err == nil && len(doc.Statements) == 0 {
				t.Error("a policy without statements was accepted")
			}
		}
	})
}

func TestSizeAndTextKeepCharacters(t *testing.T) {
	text, err := policydoc.Text(map[string]any{"a": "<&>"})
	if err != nil || text != `{"a":"<&>"}` || policydoc.Size(" {\n\t"+text+"} ") != len(text)+2 {
		t.Errorf("text %q, %v", text, err)
	}
}
