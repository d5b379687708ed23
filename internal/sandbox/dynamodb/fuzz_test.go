package dynamodb

import "testing"

// Any expression is parsed and evaluated or refused, and never crashes the sandbox.
func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"SET a = :v, b[0].c = if_not_exists(a, :v) + :v REMOVE #a", "((a IN (:v)) AND NOT size(#a.b[3]) < :v)", "a[0], b.c, #a", "((((", "a[",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		found := &placeholders{
			names: map[string]string{"#a": "x"}, values: map[string]value{":v": integer(1)},
			usedNames: map[string]bool{}, usedValues: map[string]bool{},
		}
		i := item{
			"a": integer(1), "b": {kind: kindList, list: []value{integer(2)}},
			"x": {kind: kindMap, m: item{"y": integer(3)}},
		}
		if c, err := newParser("ConditionExpression", text, found).condition(); err == nil {
			c.holds(i)
		}
		if actions, err := newParser("UpdateExpression", text, found).update(); err == nil {
			_, _ = apply(actions, i)
		}
		if paths, err := newParser("ProjectionExpression", text, found).projection(); err == nil {
			project(i, paths)
		}
	})
}
