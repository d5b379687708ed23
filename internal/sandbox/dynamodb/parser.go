package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// placeholders are a request's ExpressionAttributeNames and ExpressionAttributeValues: developer
// guide "Expression attribute names (aliases) in DynamoDB". usedNames and usedValues record which
// of them its expressions use.
type placeholders struct {
	names      map[string]string
	values     map[string]value
	usedNames  map[string]bool
	usedValues map[string]bool
}

// newPlaceholders checks the placeholders' format. expressions are the texts of all expression
// parameters of the request's operation, by name, "" for those not given.
func newPlaceholders(
	names map[string]string, values map[string]value, expressions ...parameter,
) (*placeholders, *cloud.Error) {
	var missing []string
	given := false
	for _, e := range expressions {
		if e.text != nil {
			given = true
			if *e.text == "" {
				return nil, invalid("Invalid %s: The expression can not be empty;", e.name)
			}
			if len(*e.text) > maxExpression {
				return nil, invalid(
					"Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", e.name,
					len(*e.text),
				)
			}
		}
		if e.name != "ProjectionExpression" {
			missing = append(missing, e.name)
		}
	}
	if !given && names != nil {
		return nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if !given && values != nil {
		verb := " is null"
		if len(missing) > 1 {
			verb = " are null"
		}
		return nil, invalid(
			"ExpressionAttributeValues can only be specified when using expressions: %s%s",
			strings.Join(missing, " and "), verb,
		)
	}
	if names != nil && len(names) == 0 {
		return nil, invalid("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, invalid("ExpressionAttributeValues must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if !wellFormed(key, '#') {
			return nil, invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
		if names[key] == "" {
			return nil, invalid("ExpressionAttributeNames contains invalid value: Empty attribute name; key: %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !wellFormed(key, ':') {
			return nil, invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
		if err := values[key].check(); err != nil {
			return nil, invalid("ExpressionAttributeValues contains invalid value: %s for key %s", err.Message, key)
		}
	}
	return &placeholders{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

// parameter is an expression parameter of a request; text is nil if not given.
type parameter struct {
	name string
	text *string
}

func wellFormed(key string, mark byte) bool {
	if len(key) < 2 || key[0] != mark {
		return false
	}
	for i := 1; i < len(key); i++ {
		if !isPart(key[i]) {
			return false
		}
	}
	return true
}

// unused reports placeholders that no expression of the request uses.
func (p *placeholders) unused() *cloud.Error {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(p.values)) {
		if !p.usedValues[key] {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		return invalid(
			"Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", strings.Join(keys, ", "),
		)
	}
	for _, key := range slices.Sorted(maps.Keys(p.names)) {
		if !p.usedNames[key] {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		return invalid(
			"Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", strings.Join(keys, ", "),
		)
	}
	return nil
}

// parser is a recursive descent parser of one expression. Its first error is kept and moves it to
// the end of the text, so that every production terminates; only the entry points check the error.
type parser struct {
	parameter string
	text      string
	tokens    []token
	at        int
	found     *placeholders
	err       *cloud.Error
}

func newParser(name, text string, found *placeholders) *parser {
	p := &parser{parameter: name, text: text, found: found}
	p.tokens, p.err = lex(name, text)
	if p.err != nil {
		p.tokens = []token{{kind: tokenEnd, text: "<EOF>"}}
	}
	return p
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = invalid("Invalid %s: %s", p.parameter, fmt.Sprintf(format, args...))
	}
	p.at = len(p.tokens) - 1
}

// syntax fails at the current token; near shows it with its neighbors.
func (p *parser) syntax() {
	if p.err != nil {
		return
	}
	t := p.peek()
	from, to := t, t
	if p.at > 0 {
		from = p.tokens[p.at-1]
	}
	if p.at+1 < len(p.tokens) {
		to = p.tokens[p.at+1]
	}
	p.fail("Syntax error; token: \"%s\", near: \"%s\"", t.text, p.text[from.start:to.end])
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// take consumes the token if it is the symbol or keyword.
func (p *parser) take(text string) bool {
	if p.peek().is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.take(text) {
		p.syntax()
	}
}

// calls reports whether a function call follows: a name and an opening parenthesis.
func (p *parser) calls() bool {
	return p.peek().kind == tokenWord && p.tokens[p.at+1].is("(")
}

func (p *parser) end() {
	if p.peek().kind != tokenEnd {
		p.syntax()
	}
}

// step is one step of a document path: a member's name, or the index of a list's element.
type step struct {
	name    string
	index   int
	indexed bool
}

// path is a document path: developer guide "Referring to item attributes when using expressions in
// DynamoDB".
type path []step

func (p path) String() string {
	parts := make([]string, 0, len(p))
	for _, s := range p {
		if s.indexed {
			parts = append(parts, fmt.Sprintf("[%d]", s.index))
		} else {
			parts = append(parts, s.name)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// in returns the value at the path; false for none.
func (p path) in(i item) (value, bool) {
	v := value{kind: kindMap, m: i}
	for _, s := range p {
		if s.indexed {
			if v.kind != kindList || s.index >= len(v.list) {
				return value{}, false
			}
			v = v.list[s.index]
			continue
		}
		if v.kind != kindMap {
			return value{}, false
		}
		member, ok := v.m[s.name]
		if !ok {
			return value{}, false
		}
		v = member
	}
	return v, true
}

func (p *parser) path() path {
	result := path{p.name()}
	for p.err == nil {
		switch {
		case p.take("."):
			result = append(result, p.name())
		case p.take("["):
			t := p.peek()
			index, err := strconv.Atoi(t.text)
			if t.kind != tokenDigits || err != nil {
				p.syntax()
				return result
			}
			p.next()
			p.expect("]")
			result = append(result, step{index: index, indexed: true})
		default:
			if len(result) > maxNesting {
				p.fail("The document path has too many nesting elements; nesting levels: %d", len(result))
			}
			return result
		}
	}
	return result
}

func (p *parser) name() step {
	t := p.peek()
	switch t.kind {
	case tokenWord:
		if reserved[strings.ToUpper(t.text)] {
			p.fail("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		p.next()
		return step{name: t.text}
	case tokenName:
		p.next()
		name, ok := p.found.names[t.text]
		if !ok {
			p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		}
		p.found.usedNames[t.text] = true
		return step{name: name}
	default:
		p.syntax()
		return step{}
	}
}

type operation string

const (
	operandPath  operation = "path"
	operandValue operation = "value"
	operandSize  operation = "size"
	operandIf    operation = "if_not_exists"
	operandJoin  operation = "list_append"
	operandPlus  operation = "+"
	operandMinus operation = "-"
)

// operand is a path, a constant, or an operation on operands.
type operand struct {
	operation operation
	path      path
	constant  value
	args      []operand
}

// mismatch reports whether the operand certainly has none of the given types, an error that does
// not depend on the item.
func (o operand) mismatch(kinds ...kind) bool {
	switch o.operation {
	case operandValue:
		return !slices.Contains(kinds, o.constant.kind)
	case operandSize, operandPlus, operandMinus:
		return !slices.Contains(kinds, kindNumber)
	case operandJoin:
		return !slices.Contains(kinds, kindList)
	default:
		return false
	}
}

// resultKind returns the operand's type for the error of a mismatch.
func (o operand) resultKind() kind {
	switch o.operation {
	case operandValue:
		return o.constant.kind
	case operandJoin:
		return kindList
	default:
		return kindNumber
	}
}

// plainOperand parses a path or a :value.
func (p *parser) plainOperand() operand {
	if t := p.peek(); t.kind == tokenValue {
		p.next()
		v, ok := p.found.values[t.text]
		if !ok {
			p.fail("An expression attribute value used in expression is not defined; attribute value: %s", t.text)
		}
		p.found.usedValues[t.text] = true
		return operand{operation: operandValue, constant: v}
	}
	return operand{operation: operandPath, path: p.path()}
}

func (p *parser) projection() ([]path, *cloud.Error) {
	paths := []path{p.path()}
	for p.take(",") {
		paths = append(paths, p.path())
	}
	p.end()
	if p.err == nil {
		p.disjoint(paths)
	}
	return paths, p.err
}

// disjoint refuses two paths if one is part of the other, or if they use one value as a list and a
// map.
func (p *parser) disjoint(paths []path) {
	for i, a := range paths {
		for _, b := range paths[i+1:] {
			n := 0
			for n < len(a) && n < len(b) && a[n] == b[n] {
				n++
			}
			switch {
			case n == len(a) || n == len(b):
				p.fail(
					"Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
					a,
					b,
				)
			case a[n].indexed != b[n].indexed:
				p.fail(
					"Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
					a,
					b,
				)
			}
		}
	}
}
