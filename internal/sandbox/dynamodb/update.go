package dynamodb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// The grammar and meaning of updates: developer guide "Using update expressions in DynamoDB". All
// right-hand sides see the item before the update, and indexes of removed list elements are those
// of the list before it.

const (
	badUpdatePath    = "The document path provided in the update expression is invalid for update"
	badUpdateOperand = "An operand in the update expression has an incorrect data type"
	noUpdateOperand  = "The provided expression refers to an attribute that does not exist in the item"
)

type action struct {
	section string // SET, REMOVE, ADD, DELETE
	path    path
	operand operand // none for REMOVE
}

func (p *parser) update() ([]action, *cloud.Error) {
	var actions []action
	seen := make(map[string]bool)
	for p.err == nil {
		t := p.peek()
		section := strings.ToUpper(t.text)
		if t.kind != tokenWord || !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, section) {
			p.syntax()
			break
		}
		p.next()
		if seen[section] {
			p.fail("The %q section can only be used once in an update expression;", section)
		}
		seen[section] = true
		actions = append(actions, p.action(section))
		for p.take(",") {
			actions = append(actions, p.action(section))
		}
		if p.peek().kind == tokenEnd {
			break
		}
	}
	if p.err == nil {
		p.disjoint(targets(actions))
	}
	return actions, p.err
}

// targets returns the paths that actions change.
func targets(actions []action) []path {
	paths := make([]path, 0, len(actions))
	for _, a := range actions {
		paths = append(paths, a.path)
	}
	return paths
}

func (p *parser) action(section string) action {
	a := action{section: section, path: p.path()}
	switch section {
	case "SET":
		p.expect("=")
		a.operand = p.sum()
	case "ADD", "DELETE":
		if t := p.peek(); t.kind != tokenValue {
			p.syntax()
			return a
		}
		a.operand = p.plainOperand()
		allowed := []kind{kindStringSet, kindNumberSet, kindBinarySet}
		if section == "ADD" {
			allowed = append(allowed, kindNumber)
		}
		if p.err == nil && a.operand.mismatch(allowed...) {
			p.fail(
				"Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
				section, a.operand.constant.kind.longName(), section,
			)
		}
	}
	return a
}

// sum parses an operand, or two with + or - between them.
func (p *parser) sum() operand {
	left := p.updateOperand()
	t := p.peek()
	if !t.is("+") && !t.is("-") {
		return left
	}
	p.next()
	right := p.updateOperand()
	for _, o := range []operand{left, right} {
		if p.err == nil && o.mismatch(kindNumber) {
			p.fail(
				"Incorrect operand type for operator or function; operator or function: %s, operand type: %s", t.text,
				o.resultKind(),
			)
		}
	}
	return operand{operation: operation(t.text), args: []operand{left, right}}
}

func (p *parser) updateOperand() operand {
	if p.take("(") {
		o := p.sum()
		p.expect(")")
		return o
	}
	if !p.calls() {
		return p.plainOperand()
	}
	name := operation(p.next().text)
	if name != operandIf && name != operandJoin {
		if arity[string(name)] > 0 || name == operandSize {
			p.fail("The function is not allowed in an update expression; function: %s", name)
		}
		p.fail("Invalid function name; function: %s", name)
		return operand{}
	}
	p.expect("(")
	args := []operand{p.updateOperand()}
	for p.take(",") {
		args = append(args, p.updateOperand())
	}
	p.expect(")")
	switch {
	case p.err != nil:
	case len(args) != 2:
		p.fail(
			"Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d",
			name, len(args),
		)
	case name == operandIf && args[0].operation != operandPath:
		p.fail("Operator or function requires a document path; operator or function: %s", name)
	case name == operandJoin:
		for _, o := range args {
			if p.err == nil && o.mismatch(kindList) {
				p.fail(
					"Incorrect operand type for operator or function; operator or function: %s, operand type: %s", name,
					o.resultKind(),
				)
			}
		}
	}
	return operand{operation: name, args: args}
}

// inUpdate returns an operand's value from the item before the update.
func (o operand) inUpdate(i item) (value, *cloud.Error) {
	switch o.operation {
	case operandValue:
		return o.constant, nil
	case operandPath:
		v, ok := o.path.in(i)
		if !ok {
			return value{}, invalid(noUpdateOperand)
		}
		return v, nil
	case operandIf:
		if v, ok := o.args[0].path.in(i); ok {
			return v, nil
		}
		return o.args[1].inUpdate(i)
	default: // an operation with two operands
	}
	a, err := o.args[0].inUpdate(i)
	if err != nil {
		return value{}, err
	}
	b, err := o.args[1].inUpdate(i)
	if err != nil {
		return value{}, err
	}
	if o.operation == operandJoin {
		if a.kind != kindList || b.kind != kindList {
			return value{}, invalid(badUpdateOperand)
		}
		return value{kind: kindList, list: slices.Concat(a.list, b.list)}, nil
	}
	if a.kind != kindNumber || b.kind != kindNumber {
		return value{}, invalid(badUpdateOperand)
	}
	sign := int64(1)
	if o.operation == operandMinus {
		sign = -1
	}
	n, err := a.num.plus(b.num, sign)
	return value{kind: kindNumber, num: n}, err
}

// apply returns the item after the update; before is unchanged.
func apply(actions []action, before item) (item, *cloud.Error) {
	after := value{kind: kindMap, m: before.clone()}
	// Elements set beyond a list's end are appended in the order of their indexes.
	ordered := slices.Clone(actions)
	slices.SortStableFunc(ordered, func(a, b action) int { return slices.CompareFunc(a.path, b.path, compareIndexes) })
	for _, a := range ordered {
		v, write, err := a.result(before)
		if err != nil {
			return nil, err
		}
		if !write {
			if len(a.path) > 1 && !a.path.reachable(before) {
				return nil, invalid(badUpdatePath)
			}
			continue
		}
		if !after.assign(a.path, v.clone()) {
			return nil, invalid(badUpdatePath)
		}
	}
	after.compact()
	return after.m, nil
}

func compareIndexes(a, b step) int {
	if a.indexed && b.indexed {
		return cmp.Compare(a.index, b.index)
	}
	return cmp.Compare(a.name, b.name)
}

// reachable reports whether the parent of the path's last step exists and is a map or list, as that
// step needs.
func (p path) reachable(i item) bool {
	last := p[len(p)-1]
	holder, ok := p[:len(p)-1].in(i)
	return ok && (last.indexed && holder.kind == kindList || !last.indexed && holder.kind == kindMap)
}

// result returns the value that an action writes to its path; a value without type removes the old
// one. write is false when the action has no effect.
func (a action) result(before item) (result value, write bool, err *cloud.Error) {
	old, exists := a.path.in(before)
	switch a.section {
	case "SET":
		result, err = a.operand.inUpdate(before)
		return result, true, err
	case "REMOVE":
		return value{}, exists, nil
	case "ADD":
		return a.add(old, exists)
	default:
		return a.delete(old, exists)
	}
}

func (a action) add(old value, exists bool) (value, bool, *cloud.Error) {
	change := a.operand.constant
	switch {
	case !exists:
		return change, true, nil
	case old.kind != change.kind:
		return value{}, false, invalid(badUpdateOperand)
	case change.kind == kindNumber:
		n, err := old.num.plus(change.num, 1)
		return value{kind: kindNumber, num: n}, true, err
	}
	union := value{kind: old.kind, list: slices.Clone(old.list)}
	for _, element := range change.list {
		union.insert(element)
	}
	return union, true, nil
}

// delete removes elements from a set; an empty set is removed.
func (a action) delete(old value, exists bool) (value, bool, *cloud.Error) {
	change := a.operand.constant
	if !exists {
		return value{}, false, nil
	}
	if old.kind != change.kind {
		return value{}, false, invalid(badUpdateOperand)
	}
	rest := value{kind: old.kind}
	for _, element := range old.list {
		if !slices.ContainsFunc(change.list, element.equal) {
			rest.list = append(rest.list, element)
		}
	}
	if len(rest.list) == 0 {
		return value{}, true, nil
	}
	return rest, true, nil
}

// assign sets a value at a path of v in place; false when the path does not exist.
func (v *value) assign(p path, assigned value) bool {
	if len(p) == 0 {
		*v = assigned
		return true
	}
	s := p[0]
	if s.indexed {
		if v.kind != kindList {
			return false
		}
		if s.index >= len(v.list) {
			if len(p) > 1 {
				return false
			}
			v.list = append(v.list, assigned)
			return true
		}
		return v.list[s.index].assign(p[1:], assigned)
	}
	if v.kind != kindMap {
		return false
	}
	member, ok := v.m[s.name]
	if !ok && len(p) > 1 {
		return false
	}
	if !member.assign(p[1:], assigned) {
		return false
	}
	v.m[s.name] = member
	return true
}

func (v *value) compact() {
	gone := func(e value) bool { return e.kind == "" }
	if v.kind == kindList {
		v.list = slices.DeleteFunc(v.list, gone)
		for i := range v.list {
			v.list[i].compact()
		}
	}
	for name, member := range v.m {
		if gone(member) {
			delete(v.m, name)
			continue
		}
		member.compact()
		v.m[name] = member
	}
}
