package cloudformation

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// parseYAML parses a YAML template. CloudFormation supports YAML 1.1 without the tags binary, omap,
// pairs, set and timestamp, without aliases and hash merges (User Guide, "Template formats"), and
// the short forms of intrinsic functions. It returns what the same template in JSON decodes to.
func parseYAML(text string) (any, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		return nil, invalid("Template format error: unsupported structure.")
	}
	if err != nil {
		return nil, notWellFormed(err)
	}
	value, err := yamlValue(document.Content[0])
	if err != nil {
		return nil, err
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return value, nil
	case err != nil:
		return nil, notWellFormed(err)
	case len(second.Content) > 0:
		return nil, notWellFormedAt(second.Content[0].Line, second.Content[0].Column) // unproven: yaml-refusals
	}
	return value, nil
}

// notWellFormed returns AWS's error for invalid YAML. Users report the text with line and column;
// AWS's column is not known in every case.
func notWellFormed(err error) error {
	var load *yaml.LoadError
	if errors.As(err, &load) && load.Mark.Line > 0 {
		return notWellFormedAt(load.Mark.Line, load.Mark.Column)
	}
	return invalid("Template format error: YAML not well-formed.")
}

func notWellFormedAt(line, column int) error {
	return invalid("Template format error: YAML not well-formed. (line %d, column %d)", line, column)
}

// shortForms are the intrinsic functions and conditions that have a short form (User Guide,
// "Intrinsic function reference").
var shortForms = []string{
	"And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "GetAtt", "If", "ImportValue", "Join", "Length", "Not", "Or",
	"Select", "Split", "Sub", "ToJsonString", "Transform",
}

func yamlValue(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode {
		// Users report this text.
		return nil, invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
	}
	if name, local := strings.CutPrefix(n.Tag, "!"); local && !strings.HasPrefix(name, "!") && name != "" {
		return shortForm(name, n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return yamlMapping(n)
	case yaml.SequenceNode:
		list := []any{}
		for _, element := range n.Content {
			value, err := yamlValue(element)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	default:
		return yamlScalar(n)
	}
}

func yamlMapping(n *yaml.Node) (any, error) {
	mapping := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if name.Tag == "!!merge" {
			if value.Kind == yaml.AliasNode {
				return yamlValue(value)
			}
			return nil, cloud.NotModelled("the YAML merge key")
		}
		key, err := yamlKey(name)
		if err != nil {
			return nil, err
		}
		// The User Guide calls the behavior for duplicate sections undefined.
		if _, twice := mapping[key]; twice {
			return nil, cloud.NotModelled("the key %s twice in a YAML mapping", key)
		}
		if mapping[key], err = yamlValue(value); err != nil {
			return nil, err
		}
	}
	return mapping, nil
}

// yamlKey returns a key as a string. Account IDs and the like are decimal numbers, whose digits are
// kept.
func yamlKey(n *yaml.Node) (string, error) {
	value, err := yamlValue(n)
	if err != nil {
		return "", err
	}
	if number, ok := value.(json.Number); ok && number.String() == n.Value {
		return n.Value, nil
	}
	key, ok := value.(string)
	if !ok {
		return "", cloud.NotModelled("the YAML key %s, which is no string", n.Value)
	}
	return key, nil
}

// shortForm returns the full form of an intrinsic function.
func shortForm(name string, n *yaml.Node) (any, error) {
	long := "Fn::" + name
	if name == "Ref" || name == "Condition" {
		long = name
	} else if !slices.Contains(shortForms, name) {
		return nil, notWellFormedAt(n.Line, n.Column) // unproven: yaml-refusals
	}
	argument := any(n.Value)
	if n.Kind != yaml.ScalarNode {
		plain := *n
		plain.Tag = ""
		var err error
		if argument, err = yamlValue(&plain); err != nil {
			return nil, err
		}
	}
	if dotted, ok := argument.(string); ok && name == "GetAtt" {
		resource, attribute, _ := strings.Cut(dotted, ".")
		argument = []any{resource, attribute}
	}
	return map[string]any{long: argument}, nil
}

// The implicit types of plain scalars in YAML 1.1 (yaml.org/type). Common parsers treat "y" and "n"
// as strings.
var (
	yamlTrue   = []string{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}
	yamlFalse  = []string{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}
	yamlNull   = []string{"", "~", "null", "Null", "NULL"}
	yamlInt    = regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*|0[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+)$`)
	yamlFloat  = regexp.MustCompile(`^[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+][0-9]+)?$`)
	yamlBase60 = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
)

// yamlQuoted are the styles of scalars that are always strings.
const yamlQuoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func yamlScalar(n *yaml.Node) (any, error) {
	text := n.Value
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str" && n.Tag != "!" {
		return nil, cloud.NotModelled("the YAML tag %s", n.Tag)
	}
	if n.Style&(yamlQuoted|yaml.TaggedStyle) != 0 {
		return text, nil
	}
	digits := strings.TrimPrefix(strings.ReplaceAll(text, "_", ""), "+")
	switch {
	case slices.Contains(yamlNull, text):
		return nil, nil
	case slices.Contains(yamlTrue, text):
		return true, nil
	case slices.Contains(yamlFalse, text):
		return false, nil
	case yamlInt.MatchString(text):
		if i, ok := new(big.Int).SetString(digits, 0); ok {
			return json.Number(i.String()), nil
		}
	case yamlFloat.MatchString(text) && text != ".":
		if number, ok := jsonFloat(digits); ok {
			return number, nil
		}
	case yamlBase60.MatchString(text):
		return nil, cloud.NotModelled("the YAML 1.1 number %s of base 60", text)
	}
	return text, nil
}

// jsonFloat converts a number to JSON's format.
func jsonFloat(digits string) (json.Number, bool) {
	sign, rest := "", digits
	if unsigned, negative := strings.CutPrefix(digits, "-"); negative {
		sign, rest = "-", unsigned
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(rest), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	number := sign + whole
	if fraction != "" {
		number += "." + fraction
	}
	if exponent != "" {
		number += "e" + exponent
	}
	return json.Number(number), json.Valid([]byte(number))
}
