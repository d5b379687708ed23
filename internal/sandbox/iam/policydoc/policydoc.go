package policydoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// Kind is the kind of a policy, which determines its required members.
type Kind int

// Kinds of policies.
const (
	Identity Kind = iota // attached to a user, group or role: no Principal
	Trust                // a role's trust policy: a Principal, no Resource
	Resource             // a bucket's or key's policy: both
)

// Problem is an error of a document.
type Problem struct {
	Text string
	kind problemKind
}

type problemKind int

const (
	other problemKind = iota
	notJSON
	noStatement
)

// NotJSON reports whether a Problem is that a document is no JSON object.
func NotJSON(err error) bool { return hasKind(err, notJSON) }

// NoStatement reports whether a Problem is that a document has no member Statement.
func NoStatement(err error) bool { return hasKind(err, noStatement) }

func hasKind(err error, kind problemKind) bool {
	var p *Problem
	return errors.As(err, &p) && p.kind == kind
}

func (p *Problem) Error() string { return p.Text }

func problem(format string, args ...any) error { return &Problem{Text: fmt.Sprintf(format, args...)} }

// Document is a policy that passed all checks.
type Document struct {
	Version    string
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid          string
	Effect       string
	Principals   map[string][]string // by kind (AWS, Service ...); "*" alone becomes AWS: ["*"]
	NotPrincipal bool                // Principals are those of NotPrincipal
	Actions      []string
	NotAction    bool // Actions are those of NotAction
	Resources    []string
	NotResource  bool // Resources are those of NotResource
	// Conditions maps operators and keys, both as written, to the values.
	Conditions map[string]map[string][]string
}

// Text encodes a policy given as JSON text or as decoded JSON (as CloudFormation passes it) without
// changing characters.
func Text(document any) (string, error) {
	if s, ok := document.(string); ok {
		return s, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(document); err != nil {
		return "", fmt.Errorf("encoding a policy document: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Size counts the characters of a document without white space: IAM User Guide, "IAM and AWS STS
// quotas": "IAM does not count white space when calculating the size of a policy".
func Size(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

var (
	// IAM User Guide, "IAM JSON policy elements: Sid": A-Z, a-z and 0-9 in identity policies.
	sidPattern = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	// "IAM JSON policy elements: Action": a service prefix and a name; ? and * are wildcards in the
	// name.
	actionPattern = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$`)
)

// conditionOperators are those of "IAM JSON policy elements: Condition operators", in lower case.
var conditionOperators = map[string]bool{}

func init() { //nolint:gochecknoinits // a constant table
	for _, o := range strings.Fields(`StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
		NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
		DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals
		IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike`) {
		conditionOperators[strings.ToLower(o)] = true
		conditionOperators[strings.ToLower(o)+"ifexists"] = true
	}
	conditionOperators["null"] = true
}

// Parse checks a policy document. Its errors are *Problem.
func Parse(text string, kind Kind) (*Document, error) {
	top, err := decodeObject(text)
	if err != nil {
		return nil, err
	}
	doc := &Document{Version: "2008-10-17"}
	for _, name := range sortedKeys(top) {
		value := top[name]
		switch name {
		case "Version":
			v, ok := value.(string)
			if !ok || v != "2012-10-17" && v != "2008-10-17" {
				return nil, problem("The policy must contain a valid version string.")
			}
			doc.Version = v
		case "Id":
			id, ok := value.(string)
			if !ok {
				return nil, syntaxError()
			}
			doc.ID = id
		case "Statement":
		default:
			return nil, syntaxError()
		}
	}
	statements, ok := top["Statement"]
	if !ok {
		return nil, &Problem{syntaxErrors, noStatement}
	}
	list, ok := statements.([]any)
	if !ok {
		list = []any{statements} // "Statement": one object or an array of them
	}
	if len(list) == 0 {
		return nil, problem("Policy document must contain at least one statement.")
	}
	sids := map[string]bool{}
	for _, one := range list {
		members, ok := one.(map[string]any)
		if !ok {
			return nil, syntaxError()
		}
		s, err := parseStatement(members, kind)
		if err != nil {
			return nil, err
		}
		if s.Sid != "" && sids[s.Sid] {
			return nil, problem("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.Sid] = true
		doc.Statements = append(doc.Statements, *s)
	}
	return doc, nil
}

const syntaxErrors = "Syntax errors in policy."

func syntaxError() error { return problem(syntaxErrors) }

// decodeObject decodes one JSON object. Like AWS, it refuses text after it and repeated members.
func decodeObject(text string) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	value, err := decodeValue(d)
	if err != nil {
		if _, twice := err.(*Problem); twice { //nolint:errorlint // made by decodeValue
			return nil, err
		}
		return nil, &Problem{syntaxErrors, notJSON}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Problem{syntaxErrors, notJSON}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, &Problem{syntaxErrors, notJSON}
	}
	return object, nil
}

func decodeValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	switch delim {
	case '{':
		object := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, ok := name.(string)
			if !ok {
				return nil, syntaxError()
			}
			if _, twice := object[key]; twice {
				return nil, syntaxError()
			}
			if object[key], err = decodeValue(d); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case '[':
		list := []any{}
		for d.More() {
			item, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = d.Token()
		return list, err
	}
	return nil, syntaxError()
}
