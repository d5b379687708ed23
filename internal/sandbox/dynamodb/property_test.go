package dynamodb

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// A naive model: items of small integers, with conditions as Go closures next to their text.
type model map[string]int

var attributeNames = []string{"a1", "b1", "c1"}

func drawItem(t *rapid.T) (model, item) {
	m, i := model{}, item{}
	for _, name := range attributeNames {
		if rapid.Bool().Draw(t, "has "+name) {
			m[name] = rapid.IntRange(-2, 2).Draw(t, name)
			i[name] = integer(m[name])
		}
	}
	return m, i
}

func integer(n int) value {
	num, err := parseNumber(strconv.Itoa(n))
	if err != nil {
		panic(err)
	}
	return value{kind: kindNumber, num: num}
}

func drawCondition(t *rapid.T, depth int, values map[string]value) (string, func(model) bool) {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0, 1:
			left, l := drawCondition(t, depth-1, values)
			right, r := drawCondition(t, depth-1, values)
			if rapid.Bool().Draw(t, "and") {
				return "(" + left + ") AND (" + right + ")", func(m model) bool { return l(m) && r(m) }
			}
			return "(" + left + ") OR (" + right + ")", func(m model) bool { return l(m) || r(m) }
		case 2:
			text, f := drawCondition(t, depth-1, values)
			return "NOT (" + text + ")", func(m model) bool { return !f(m) }
		}
	}
	name := rapid.SampledFrom(attributeNames).Draw(t, "name")
	n := rapid.IntRange(-2, 2).Draw(t, "n")
	placeholder := fmt.Sprintf(":v%d", len(values))
	operator := rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">=", "exists", "absent"}).Draw(t, "operator")
	switch operator {
	case "exists":
		return "attribute_exists(" + name + ")", func(m model) bool { _, ok := m[name]; return ok }
	case "absent":
		return "attribute_not_exists(" + name + ")", func(m model) bool { _, ok := m[name]; return !ok }
	}
	values[placeholder] = integer(n)
	return name + " " + operator + " " + placeholder, func(m model) bool {
		have, ok := m[name]
		switch {
		case operator == "<>":
			return !ok || have != n
		case !ok:
			return false
		}
		return map[string]bool{"=": have == n, "<": have < n, "<=": have <= n, ">": have > n, ">=": have >= n}[operator]
	}
}

func TestConditionsAgreeWithAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, i := drawItem(t)
		values := map[string]value{}
		text, want := drawCondition(t, 3, values)
		found := &placeholders{values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}
		c, err := newParser("ConditionExpression", text, found).condition()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := c.holds(i); got != want(m) {
			t.Fatalf("%s on %v: %v", text, m, got)
		}
		if err := found.unused(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUpdatesAgreeWithAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, i := drawItem(t)
		text, want := "", model{}
		for k, v := range m {
			want[k] = v
		}
		for n, name := range rapid.Permutation(attributeNames).Draw(t, "targets") {
			source := rapid.SampledFrom(attributeNames).Draw(t, "source")
			from, ok := m[source]
			if !ok {
				from = 7
			}
			if n > 0 {
				text += ", "
			}
			text += fmt.Sprintf("%s = if_not_exists(%s, :seven) + :seven", name, source)
			want[name] = from + 7
		}
		before := i.clone()
		found := &placeholders{
			values: map[string]value{":seven": integer(7)}, usedNames: map[string]bool{},
			usedValues: map[string]bool{},
		}
		actions, err := newParser("UpdateExpression", "SET "+text, found).update()
		if err != nil {
			t.Fatal(err)
		}
		after, err := apply(actions, i)
		if err != nil {
			t.Fatal(err)
		}
		if len(after) != len(want) {
			t.Fatalf("%s: %v, want %v", text, after, want)
		}
		for name, n := range want {
			if !after[name].equal(integer(n)) {
				t.Fatalf("%s: %s is %v, want %d", text, name, after[name], n)
			}
		}
		if !(value{kind: kindMap, m: i}).equal(value{kind: kindMap, m: before}) {
			t.Fatal("the update changed the item before it")
		}
	})
}

func TestNumbers_Exact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (number, *big.Rat) {
			text := fmt.Sprintf("%de%d", rapid.Int64().Draw(t, name), rapid.IntRange(-8, 8).Draw(t, "exponent"))
			n, err := parseNumber(text)
			if err != nil {
				t.Fatal(err)
			}
			r, _ := new(big.Rat).SetString(text)
			return n, r
		}
		a, x := draw("a")
		b, y := draw("b")
		if a.compare(b) != x.Cmp(y) {
			t.Fatalf("%s and %s compare to %d", a, b, a.compare(b))
		}
		sum, err := a.plus(b, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := new(big.Rat).SetString(sum.String()); !ok || got.Cmp(x.Sub(x, y)) != 0 {
			t.Fatalf("%s - %s = %s", a, b, sum)
		}
	})
	for text, want := range map[string]string{
		"001.500": "1.5", "-0": "0", "1e3": "1000", "1E-3": "0.001", "+5": "5", ".5": "0.5", "12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
	} {
		if n, err := parseNumber(text); err != nil || n.String() != want {
			t.Errorf("%s: %v, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "-", "1e", "e1", "1.2.3", "0x1", "1e126", "1e-131", "NaN"} {
		if n, err := parseNumber(text); err == nil {
			t.Errorf("%q is taken for %s", text, n)
		}
	}
}

// Sizes follow the developer guide's page "DynamoDB item sizes and formats".
func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"ab":{"S":"äb"}}`:                                   5,
		`{"n":{"N":"1234.50"}}`:                               1 + 4,
		`{"n":{"N":"100"}}`:                                   1 + 2,
		`{"f":{"BOOL":true},"g":{"NULL":true}}`:               4,
		`{"l":{"L":[]},"m":{"M":{}}}`:                         8,
		`{"l":{"L":[{"S":"ab"},{"S":"c"}]}}`:                  1 + 3 + 3 + 2,
		`{"m":{"M":{"k":{"S":"ab"}}}}`:                        1 + 3 + 1 + 1 + 2,
		`{"s":{"SS":["a","bc"]},"b":{"B":"AQID"}}`:            1 + 3 + 1 + 3,
		`{"s":{"NS":["1","22"]},"bs":{"BS":["AQ==","Ag=="]}}`: 1 + 4 + 2 + 2,
	} {
		var i item
		if err := json.Unmarshal([]byte(text), &i); err != nil {
			t.Fatal(err)
		}
		if err := i.check(); err != nil {
			t.Fatal(err)
		}
		if got := i.size(); got != want {
			t.Errorf("%s: %d bytes, want %d", text, got, want)
		}
	}
}
