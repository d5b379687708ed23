package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// The grammar and meaning of conditions: developer guide "Condition and filter expressions,
// operators, and functions in DynamoDB". A comparison with a missing attribute is false, but <> is
// true.

// maxIn is the maximum number of values of IN.
const maxIn = 100

// condition is a parsed condition: an operator with conditions (AND, OR, NOT) or operands (all
// others).
type condition struct {
	operator string // AND OR NOT, = <> < <= > >=, BETWEEN IN, or a function's name
	below    []*condition
	operands []operand
}

func (p *parser) condition() (*condition, *cloud.Error) {
	c := p.disjunction()
	p.end()
	return c, p.err
}

func (p *parser) disjunction() *condition {
	c := p.conjunction()
	for p.take("OR") {
		c = &condition{operator: "OR", below: []*condition{c, p.conjunction()}}
	}
	return c
}

func (p *parser) conjunction() *condition {
	c := p.negation()
	for p.take("AND") {
		c = &condition{operator: "AND", below: []*condition{c, p.negation()}}
	}
	return c
}

func (p *parser) negation() *condition {
	if p.take("NOT") {
		return &condition{operator: "NOT", below: []*condition{p.negation()}}
	}
	if !p.take("(") {
		return p.comparison()
	}
	doubled := p.peek().is("(")
	c := p.disjunction()
	if doubled && p.peek().is(")") && p.tokens[p.at-1].is(")") && p.matches() {
		p.fail("The expression has redundant parentheses;")
	}
	p.expect(")")
	return c
}

// matches reports whether the last closed parenthesis was opened right after the one that closes
// next.
func (p *parser) matches() bool {
	depth := 0
	for i := p.at - 1; i >= 0; i-- {
		switch {
		case p.tokens[i].is(")"):
			depth++
		case p.tokens[i].is("("):
			depth--
			if depth == 0 {
				return i > 0 && p.tokens[i-1].is("(")
			}
		}
	}
	return false
}

// arity is the number of arguments of the functions that are conditions.
var arity = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

func (p *parser) comparison() *condition {
	if p.calls() && p.peek().text != "size" {
		return p.function()
	}
	sized := p.calls()
	left := p.conditionOperand()
	t := p.peek()
	switch {
	case t.is("=") || t.is("<>") || t.is("<") || t.is("<=") || t.is(">") || t.is(">="):
		p.next()
		c := &condition{operator: t.text, operands: []operand{left, p.conditionOperand()}}
		if t.text != "=" && t.text != "<>" {
			p.needOrdered(t.text, c.operands)
		}
		return p.distinct(c)
	case t.is("BETWEEN"):
		p.next()
		low := p.conditionOperand()
		p.expect("AND")
		c := &condition{operator: "BETWEEN", operands: []operand{left, low, p.conditionOperand()}}
		p.needOrdered("BETWEEN", c.operands)
		p.bounds(c.operands[1], c.operands[2])
		return p.distinct(c)
	case t.is("IN"):
		p.next()
		p.expect("(")
		c := &condition{operator: "IN", operands: []operand{left, p.conditionOperand()}}
		for p.take(",") {
			c.operands = append(c.operands, p.conditionOperand())
		}
		p.expect(")")
		if n := len(c.operands) - 1; n > maxIn {
			p.fail(
				"Incorrect number of operands for operator or function; operator or function: IN, number of operands: %d",
				n+1,
			)
		}
		return p.distinct(c)
	}
	if sized && (t.kind == tokenEnd || t.is(")") || t.is("AND") || t.is("OR")) {
		p.fail("The function is not allowed to be used this way in an expression; function: size")
	}
	p.syntax()
	return &condition{}
}

// conditionOperand parses a path, a :value or size(path).
func (p *parser) conditionOperand() operand {
	if !p.calls() {
		return p.plainOperand()
	}
	name := p.next().text
	if name != "size" {
		if arity[name] > 0 {
			p.fail("The function is not allowed to be used this way in an expression; function: %s", name)
		}
		p.fail("Invalid function name; function: %s", name)
		return operand{}
	}
	args := p.arguments()
	if p.err == nil && len(args) != 1 {
		p.fail(
			"Incorrect number of operands for operator or function; operator or function: size, number of operands: %d",
			len(args),
		)
	}
	if p.err == nil &&
		args[0].mismatch(kindString, kindBinary, kindStringSet, kindNumberSet, kindBinarySet, kindList, kindMap) {
		p.fail(
			"Incorrect operand type for operator or function; operator or function: size, operand type: %s",
			args[0].resultKind(),
		)
	}
	return operand{operation: operandSize, args: args}
}

func (p *parser) arguments() []operand {
	p.expect("(")
	args := []operand{p.conditionOperand()}
	for p.take(",") {
		args = append(args, p.conditionOperand())
	}
	p.expect(")")
	return args
}

func (p *parser) function() *condition {
	name := p.next().text
	want, known := arity[name]
	if !known {
		if name == string(operandIf) || name == string(operandJoin) {
			p.fail("The function is not allowed in a condition expression; function: %s", name)
		}
		p.fail("Invalid function name; function: %s", name)
	}
	c := &condition{operator: name, operands: p.arguments()}
	switch {
	case p.err != nil:
	case len(c.operands) != want:
		p.fail(
			"Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d",
			name, len(c.operands),
		)
	case strings.HasPrefix(name, "attribute_") && c.operands[0].operation != operandPath:
		p.fail("Operator or function requires a document path; operator or function: %s", name)
	case name == "attribute_type":
		p.typeName(c.operands[1])
	case name == "begins_with":
		for _, o := range c.operands {
			if o.mismatch(kindString, kindBinary) {
				p.fail(
					"Incorrect operand type for operator or function; operator or function: %s, operand type: %s", name,
					o.resultKind(),
				)
			}
		}
	}
	if t := p.peek(); p.err == nil &&
		(t.is("=") || t.is("<>") || t.is("<") || t.is("<=") || t.is(">") || t.is(">=") || t.is("BETWEEN") || t.is("IN")) {
		p.fail("The function is not allowed to be used this way in an expression; function: %s", name)
	}
	return p.distinct(c)
}

func (p *parser) typeName(o operand) {
	if o.operation != operandValue || o.constant.kind != kindString {
		p.fail(
			"Incorrect operand type for operator or function; operator or function: attribute_type, operand type: %s",
			o.resultKind(),
		)
		return
	}
	if kind(o.constant.text).longName() == "" {
		p.fail("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", o.constant.text)
	}
}

// needOrdered refuses constants that have no order.
func (p *parser) needOrdered(operator string, operands []operand) {
	for _, o := range operands {
		if p.err == nil && o.mismatch(kindString, kindNumber, kindBinary) {
			p.fail(
				"Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator,
				o.resultKind(),
			)
		}
	}
}

// bounds refuses constant bounds of BETWEEN with different types or in the wrong order.
func (p *parser) bounds(low, high operand) {
	if p.err != nil || low.operation != operandValue || high.operation != operandValue {
		return
	}
	show := func(v value) string { return "AttributeValue: {" + string(v.kind) + ":" + v.plain() + "}" }
	if low.constant.kind != high.constant.kind {
		p.fail(
			"The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: %s, upper bound operand: %s",
			show(low.constant),
			show(high.constant),
		)
	} else if compareOrdered(low.constant, high.constant) > 0 {
		p.fail(
			"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: %s, upper bound operand: %s",
			show(low.constant),
			show(high.constant),
		)
	}
}

// distinct refuses a condition that repeats its first operand.
func (p *parser) distinct(c *condition) *condition {
	if p.err != nil || len(c.operands) < 2 || c.operands[0].operation != operandPath {
		return c
	}
	for _, o := range c.operands[1:] {
		if o.operation == operandPath && slices.Equal(o.path, c.operands[0].path) {
			p.fail(
				"The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s",
				c.operator,
				o.path,
			)
		}
	}
	return c
}

// holds evaluates the condition on an item; nil, a missing item, has no attributes.
func (c *condition) holds(i item) bool {
	switch c.operator {
	case "AND":
		return c.below[0].holds(i) && c.below[1].holds(i)
	case "OR":
		return c.below[0].holds(i) || c.below[1].holds(i)
	case "NOT":
		return !c.below[0].holds(i)
	}
	values := make([]value, len(c.operands))
	there := make([]bool, len(c.operands))
	for n, o := range c.operands {
		values[n], there[n] = o.inCondition(i)
	}
	switch c.operator {
	case "attribute_exists":
		return there[0]
	case "attribute_not_exists":
		return !there[0]
	case "<>":
		return !there[0] || !there[1] || !values[0].equal(values[1])
	case "IN":
		for n := range values[1:] {
			if there[0] && there[n+1] && values[0].equal(values[n+1]) {
				return true
			}
		}
		return false
	}
	if slices.Contains(there, false) {
		return false
	}
	a, b := values[0], values[1]
	switch c.operator {
	case "=":
		return a.equal(b)
	case "attribute_type":
		return string(a.kind) == b.text
	case "begins_with":
		return a.kind == b.kind && (a.kind == kindString || a.kind == kindBinary) && strings.HasPrefix(a.text, b.text)
	case "contains":
		return contains(a, b)
	case "BETWEEN":
		return ranks(">=", a, b) && ranks("<=", a, values[2])
	default:
		return ranks(c.operator, a, b)
	}
}

// ranks compares values of one ordered type; values of different types have no order.
func ranks(operator string, a, b value) bool {
	if a.kind != b.kind || !a.kind.ordered() {
		return false
	}
	n := compareOrdered(a, b)
	switch operator {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	default:
		return n >= 0
	}
}

// contains reports whether a string or binary contains a part, or a set or list an element.
func contains(a, b value) bool {
	switch {
	case a.kind == kindString || a.kind == kindBinary:
		return a.kind == b.kind && strings.Contains(a.text, b.text)
	case a.kind == kindList || a.kind.isSet():
		return slices.ContainsFunc(a.list, b.equal)
	default:
		return false
	}
}

// inCondition returns the value of a path, a constant or size(...).
func (o operand) inCondition(i item) (value, bool) {
	switch o.operation {
	case operandValue:
		return o.constant, true
	case operandPath:
		return o.path.in(i)
	default: // size(...), the only function allowed as an operand
	}
	v, ok := o.args[0].inCondition(i)
	if !ok {
		return value{}, false
	}
	n := 0
	switch {
	case v.kind == kindString:
		n = len(utf16.Encode([]rune(v.text)))
	case v.kind == kindBinary:
		n = len(v.text)
	case v.kind == kindMap:
		n = len(v.m)
	case v.kind == kindList || v.kind.isSet():
		n = len(v.list)
	default:
		return value{}, false
	}
	num, _ := parseNumber(strconv.Itoa(n))
	return value{kind: kindNumber, num: num}, true
}

// attributes returns the names of a condition's top-level attributes, in order.
func (c *condition) attributes() []string {
	names := make(map[string]bool)
	var walk func(operands []operand)
	walk = func(operands []operand) {
		for _, o := range operands {
			if o.operation == operandPath {
				names[o.path[0].name] = true
			}
			walk(o.args)
		}
	}
	var descend func(c *condition)
	descend = func(c *condition) {
		walk(c.operands)
		for _, b := range c.below {
			descend(b)
		}
	}
	descend(c)
	return slices.Sorted(maps.Keys(names))
}
