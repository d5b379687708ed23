package dynamodb_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var ignoreUnexported = cmpopts.IgnoreUnexported(
	types.AttributeValueMemberS{},
	types.AttributeValueMemberN{},
	types.AttributeValueMemberL{},
	types.AttributeValueMemberM{},
	types.AttributeValueMemberSS{},
	types.AttributeValueMemberNS{},
	types.AttributeValueMemberBOOL{},
	types.AttributeValueMemberB{},
)

func sample() attributes {
	return with(key("p", "s"), attributes{
		"n":    num("5"),
		"s1":   str("hello"),
		"f":    &types.AttributeValueMemberBOOL{Value: true},
		"tags": strs("a", "b"),
		"l":    list(num("1"), str("x"), num("3")),
		"m":    dict(attributes{"in": dict(attributes{"deep": num("7")}), "z": str("z")}),
		"bin":  &types.AttributeValueMemberB{Value: []byte{1, 2, 3}},
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	b.put("tab", sample())
	const failed = "The conditional request failed"
	bad := func(rest string) string { return "Invalid ConditionExpression: " + rest }
	for _, c := range []struct {
		expression string
		names      map[string]string
		values     attributes
		want       string // "" holds
	}{
		{expression: "n = :v", values: attributes{":v": num("5.0")}},
		{expression: "n = :v", values: attributes{":v": str("5")}, want: failed},
		{expression: "n <> :v", values: attributes{":v": str("5")}},
		{expression: "absent <> :v", values: attributes{":v": str("5")}},
		{expression: "absent < :v", values: attributes{":v": str("5")}, want: failed},
		{expression: "NOT absent < :v", values: attributes{":v": str("5")}},
		{expression: "n < :v", values: attributes{":v": num("10")}},
		{expression: "s1 < :v", values: attributes{":v": num("10")}, want: failed},
		{expression: "n between :a and :b", values: attributes{":a": num("5"), ":b": num("6")}},
		{expression: "n BETWEEN :a AND :b", values: attributes{":a": num("7"), ":b": num("6")},
			want: bad("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:6}")},
		{expression: "n IN (:a, :b)", values: attributes{":a": num("7"), ":b": num("5")}},
		{expression: "attribute_exists(m.#i.deep) AND attribute_not_exists(m.nope)", names: map[string]string{"#i": "in"}},
		{expression: "attribute_exists(l[2]) AND attribute_not_exists(l[3])"},
		{expression: "attribute_type(m, :t)", values: attributes{":t": str("M")}},
		{expression: "attribute_type(m, :t)", values: attributes{":t": str("Q")}, want: bad("Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}")},
		{expression: "begins_with(s1, :h)", values: attributes{":h": str("hel")}},
		{expression: "begins_with(s1, :h)", values: attributes{":h": num("1")}, want: bad("Incorrect operand type for operator or function; operator or function: begins_with, operand type: N")},
		{expression: "contains(s1, :x) AND contains(tags, :a) AND contains(l, :l)", values: attributes{":x": str("ell"), ":a": str("a"), ":l": str("x")}},
		{expression: "size(s1) = :five AND size(tags) < :five AND size(bin) < :five", values: attributes{":five": num("5")}},
		{expression: "size(n) = :five", values: attributes{":five": num("5")}, want: failed},
		{expression: "size(s1)", want: bad("The function is not allowed to be used this way in an expression; function: size")},
		{expression: "tags = :t", values: attributes{":t": strs("b", "a")}},
		// AND binds tighter than OR, NOT tightest.
		{expression: "n = :v OR n = :w AND s1 = :w", values: attributes{":v": num("5"), ":w": num("6")}},
		{expression: "(n = :v OR n = :w) AND s1 = :w", values: attributes{":v": num("5"), ":w": num("6")}, want: failed},
		{expression: "((n = :v))", values: attributes{":v": num("5")}, want: bad("The expression has redundant parentheses;")},
		{expression: "((n = :v) AND (n = :v))", values: attributes{":v": num("5")}},
		{expression: "status = :v", values: attributes{":v": num("5")}, want: bad("Attribute name is a reserved keyword; reserved keyword: status")},
		{expression: "#s = :v", names: map[string]string{"#s": "status"}, values: attributes{":v": num("5")}, want: failed},
		{expression: "#s = :v", names: map[string]string{"#x": "status"}, values: attributes{":v": num("5")},
			want: bad("An expression attribute name used in the document path is not defined; attribute name: #s")},
		{expression: "n = :v", want: bad("An expression attribute value used in expression is not defined; attribute value: :v")},
		{expression: "n = :v", values: attributes{":v": num("5"), ":x": num("5")}, want: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"},
		{expression: "attribute_exists(n)", names: map[string]string{"#x": "n"}, want: "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}"},
		{expression: "n = = :v", values: attributes{":v": num("5")}, want: bad(`Syntax error; token: "=", near: "= = :v"`)},
		{expression: "n =", want: bad(`Syntax error; token: "<EOF>", near: "="`)},
		{expression: "foo(n)", want: bad("Invalid function name; function: foo")},
		{expression: "attribute_exists(n, s1)", want: bad("Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2")},
		{expression: "n = n", want: bad("The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]")},
		{expression: "n = :v", values: attributes{"v": num("5")}, want: `ExpressionAttributeValues contains invalid key: Syntax error; key: "v"`},
		{expression: "", want: bad("The expression can not be empty;")},
	} {
		_, err := b.DeleteItem(t.Context(), &sdk.DeleteItemInput{
			TableName: aws.String("tab"), Key: key("p", "s"), ConditionExpression: &c.expression,
			ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.expression, err)
		case c.want == "":
			b.put("tab", sample())
		case c.want == failed:
			wantError(t, err, "ConditionalCheckFailedException", failed)
		default:
			wantError(t, err, "ValidationException", c.want)
		}
		if t.Failed() {
			t.Fatal(c.expression)
		}
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	bad := func(rest string) string { return "Invalid UpdateExpression: " + rest }
	const badPath = "The document path provided in the update expression is invalid for update"
	const badType = "An operand in the update expression has an incorrect data type"
	for _, c := range []struct {
		expression string
		values     attributes
		want       attributes // changes to the sample; nil values are removed
		err        string
	}{
		{expression: "SET n = n + :d", values: attributes{":d": num("0.1")}, want: attributes{"n": num("5.1")}},
		{expression: "SET n = :d - n", values: attributes{":d": num("1")}, want: attributes{"n": num("-4")}},
		{expression: "SET a = n, n = :d", values: attributes{":d": num("1")}, want: attributes{"a": num("5"), "n": num("1")}},
		{expression: "SET a = if_not_exists(a, :d), n = if_not_exists(n, :d)", values: attributes{":d": num("1")}, want: attributes{"a": num("1")}},
		{expression: "SET l = list_append(:d, l)", values: attributes{":d": list(num("0"))}, want: attributes{"l": list(num("0"), num("1"), str("x"), num("3"))}},
		{expression: "SET l[9] = :d, l[7] = :e, l[0] = :d", values: attributes{":d": num("9"), ":e": num("7")}, want: attributes{"l": list(num("9"), str("x"), num("3"), num("7"), num("9"))}},
		{expression: "REMOVE l[0], l[1]", want: attributes{"l": list(num("3"))}},
		{expression: "REMOVE l[8], gone, m.z", want: attributes{"m": dict(attributes{"in": dict(attributes{"deep": num("7")})})}},
		{expression: "REMOVE gone.x", err: badPath},
		{expression: "SET gone.x = :d", values: attributes{":d": num("1")}, err: badPath},
		{expression: "SET a = gone", err: "The provided expression refers to an attribute that does not exist in the item"},
		{expression: "ADD n :d, c :d", values: attributes{":d": num("2")}, want: attributes{"n": num("7"), "c": num("2")}},
		{expression: "ADD tags :d", values: attributes{":d": strs("c", "a")}, want: attributes{"tags": strs("a", "b", "c")}},
		{expression: "ADD s1 :d", values: attributes{":d": num("2")}, err: badType},
		{expression: "ADD n :d", values: attributes{":d": str("2")}, err: bad("Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND")},
		{expression: "DELETE tags :d", values: attributes{":d": strs("a")}, want: attributes{"tags": strs("b")}},
		{expression: "DELETE tags :d", values: attributes{":d": strs("a", "b")}, want: attributes{"tags": nil}},
		{expression: "SET s1 = s1 + :d", values: attributes{":d": num("2")}, err: badType},
		{expression: "SET n = :d SET s1 = :d", values: attributes{":d": num("2")}, err: bad(`The "SET" section can only be used once in an update expression;`)},
		{expression: "SET m = :d, m.z = :d", values: attributes{":d": num("2")}, err: bad("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, z]")},
		{expression: "SET m.z = :d, m[0] = :d", values: attributes{":d": num("2")}, err: bad("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, z], path two: [m, [0]]")},
		{expression: "SET sk = :d", values: attributes{":d": str("2")}, err: "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key"},
		{expression: "SET n :d", values: attributes{":d": num("2")}, err: bad(`Syntax error; token: ":d", near: "n :d"`)},
		{expression: "SET n = n + :d", values: attributes{":d": num("1e-40")}, err: "Attempting to store more than 38 significant digits in a Number"},
		{expression: "SET ttl = :d", values: attributes{":d": num("2")}, err: bad("Attribute name is a reserved keyword; reserved keyword: ttl")},
	} {
		b.put("tab", sample())
		out, err := b.UpdateItem(t.Context(), &sdk.UpdateItemInput{
			TableName:                 aws.String("tab"),
			Key:                       key("p", "s"),
			UpdateExpression:          &c.expression,
			ExpressionAttributeValues: c.values,
			ReturnValues:              types.ReturnValueAllNew,
		})
		switch {
		case c.err != "":
			wantError(t, err, "ValidationException", c.err)
		case err != nil:
			t.Errorf("%s: %v", c.expression, err)
		default:
			want := with(sample(), c.want)
			for name, v := range want {
				if v == nil {
					delete(want, name)
				}
			}
			if diff := cmp.Diff(want, out.Attributes, ignoreUnexported); diff != "" {
				t.Errorf("%s: %s", c.expression, diff)
			}
		}
		if t.Failed() {
			t.Fatal(c.expression)
		}
	}
}

func TestReturnValues(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.table("tab")
	for want, expected := range map[types.ReturnValue]attributes{
		types.ReturnValueNone:       nil,
		types.ReturnValueUpdatedOld: {"m": dict(attributes{"z": str("z")})},
		types.ReturnValueUpdatedNew: {"m": dict(attributes{"z": num("1")}), "q": num("1")},
		types.ReturnValueAllOld:     sample(),
	} {
		b.put("tab", sample())
		out, err := b.UpdateItem(t.Context(), &sdk.UpdateItemInput{
			TableName: aws.String("tab"), Key: key("p", "s"), UpdateExpression: aws.String("SET m.z = :v, q = :v"),
			ExpressionAttributeValues: attributes{":v": num("1")}, ReturnValues: want,
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected, out.Attributes, ignoreUnexported); diff != "" {
			t.Errorf("%s: %s", want, diff)
		}
	}
}
