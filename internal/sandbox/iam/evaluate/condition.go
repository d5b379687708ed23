package evaluate

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// meetsConditions reports whether all operators of a statement are met by all of their keys.
func (e *evaluation) meetsConditions(s policydoc.Statement, variables bool) bool {
	for operator, keys := range s.Conditions {
		for key, values := range keys {
			if !e.meets(operator, key, values, variables) {
				return false
			}
		}
	}
	return true
}

// meets evaluates one key. A key without a value meets only negated operators and those with
// IfExists. One of the policy's values must match; for a negated operator none may.
func (e *evaluation) meets(operator, key string, values []string, variables bool) bool {
	operator = strings.ToLower(operator)
	has, there := e.context[strings.ToLower(key)]
	there = there && len(has) > 0
	if operator == "null" {
		return slices.Contains(values, strconv.FormatBool(!there)) // "true": there must be none
	}
	quantifier, operator := cutQuantifier(operator)
	operator, ifExists := strings.CutSuffix(operator, "ifexists")
	compare, negated := operatorOf(operator)
	switch {
	case compare == nil:
		return false
	case !there && quantifier == "foranyvalue":
		return false
	case !there:
		return ifExists || negated || quantifier == "forallvalues"
	}
	meets := func(value string) bool {
		matches := slices.ContainsFunc(values, func(want string) bool {
			p, ok := e.pattern(want, variables && takesVariables(operator))
			return ok && compare(p, value)
		})
		return matches != negated
	}
	if quantifier == "forallvalues" {
		return !slices.ContainsFunc(has, func(value string) bool { return !meets(value) })
	}
	if negated && quantifier == "" { // no value may match
		return !slices.ContainsFunc(has, func(value string) bool { return !meets(value) })
	}
	return slices.ContainsFunc(has, meets)
}

func cutQuantifier(operator string) (quantifier, rest string) {
	if quantifier, rest, ok := strings.Cut(operator, ":"); ok {
		return quantifier, rest
	}
	return "", operator
}

// takesVariables reports whether an operator's values may contain variables: those on strings and
// ARNs.
func takesVariables(operator string) bool {
	return strings.HasPrefix(operator, "string") || strings.HasPrefix(operator, "arn") || operator == "bool"
}

// operatorOf returns an operator's comparison of a policy's value with a request's; negated
// operators are met where it returns false. nil: there is no such operator.
func operatorOf(operator string) (compare func(want pattern, have string) bool, negated bool) {
	positive := strings.Replace(operator, "not", "", 1)
	negated = positive != operator
	switch positive {
	case "stringequals":
		compare = func(want pattern, have string) bool { return want.literal() == have }
	case "stringequalsignorecase":
		compare = func(want pattern, have string) bool { return strings.EqualFold(want.literal(), have) }
	case "stringlike":
		compare = pattern.matches
	case "arnequals", "arnlike":
		compare = matchesARN
	case "bool":
		compare = func(want pattern, have string) bool { return strings.EqualFold(want.literal(), have) }
	case "binaryequals":
		compare = func(want pattern, have string) bool {
			a, err := base64.StdEncoding.DecodeString(want.literal())
			b, err2 := base64.StdEncoding.DecodeString(have)
			return err == nil && err2 == nil && slices.Equal(a, b)
		}
	case "ipaddress":
		compare = containsAddress
	case "numericequals", "numericlessthan", "numericlessthanequals", "numericgreaterthan", "numericgreaterthanequals":
		compare = ordered(strings.TrimPrefix(positive, "numeric"), func(s string) (float64, bool) {
			n, err := strconv.ParseFloat(s, 64)
			return n, err == nil
		}, cmp.Compare[float64])
	case "dateequals", "datelessthan", "datelessthanequals", "dategreaterthan", "dategreaterthanequals":
		compare = ordered(strings.TrimPrefix(positive, "date"), date, time.Time.Compare)
	}
	return compare, negated
}

// matchesARN compares ARNs part by part: a wildcard matches within one of the first five parts, or
// within the rest.
func matchesARN(want pattern, have string) bool {
	const parts = 6
	given := strings.SplitN(have, ":", parts)
	if len(given) != parts {
		return false
	}
	for n := range parts {
		part := want
		if end := slices.IndexFunc(want, func(t token) bool { return t.wild == 0 && t.char == ':' }); n < parts-1 {
			if end < 0 {
				return false
			}
			part, want = want[:end], want[end+1:]
		}
		if !part.matches(given[n]) {
			return false
		}
	}
	return true
}

func containsAddress(want pattern, have string) bool {
	address, err := netip.ParseAddr(have)
	if err != nil {
		return false
	}
	if network, err := netip.ParsePrefix(want.literal()); err == nil {
		return network.Contains(address.Unmap())
	}
	single, err := netip.ParseAddr(want.literal())
	return err == nil && single == address.Unmap()
}

func date(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ordered compares by order: the request's value is (equal to, less than ...) the policy's.
func ordered[T any](
	relation string, parse func(string) (T, bool), compare func(a, b T) int,
) func(want pattern, have string) bool {
	return func(want pattern, have string) bool {
		limit, ok := parse(want.literal())
		value, ok2 := parse(have)
		if !ok || !ok2 {
			return false
		}
		switch c := compare(value, limit); relation {
		case "equals":
			return c == 0
		case "lessthan":
			return c < 0
		case "lessthanequals":
			return c <= 0
		case "greaterthan":
			return c > 0
		default:
			return c >= 0
		}
	}
}
