package cloudformation

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// parseYAML reads the part of YAML that people's templates are mostly made of: block mappings and block lists, plain and
// quoted scalars on one line, JSON-like flow values, comments, and the short forms of intrinsic functions (!Ref, !Sub,
// !GetAtt ...) before a scalar or a flow list. The rest (anchors, block scalars, folded lines, several documents) is not modelled. A text that is
// no mapping and no list is AWS's "unsupported structure".
func parseYAML(text string) (any, error) {
	p := &yamlParser{}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \r")
		trimmed := strings.TrimLeft(line, " ")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") || line == "---" {
			continue
		}
		if strings.HasPrefix(trimmed, "\t") {
			return nil, invalid("Template format error: YAML not well-formed.")
		}
		p.lines = append(p.lines, yamlLine{len(line) - len(trimmed), trimmed})
	}
	if len(p.lines) == 0 {
		return nil, invalid("Template format error: unsupported structure.")
	}
	v, err := p.block(p.lines[0].indent)
	if err != nil {
		return nil, err
	}
	if p.next < len(p.lines) {
		return nil, invalid("Template format error: YAML not well-formed.")
	}
	return v, nil
}

type yamlLine struct {
	indent int
	text   string
}

type yamlParser struct {
	lines []yamlLine
	next  int
}

var yamlKey = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s"'#\[\]{}][^#"']*?)\s*:(?:\s+(.*))?$`)

func (p *yamlParser) block(indent int) (any, error) {
	if strings.HasPrefix(p.lines[p.next].text, "- ") || p.lines[p.next].text == "-" {
		return p.list(indent)
	}
	if yamlKey.MatchString(p.lines[p.next].text) {
		return p.mapping(indent)
	}
	line := p.lines[p.next]
	p.next++
	return yamlScalar(line.text)
}

func (p *yamlParser) mapping(indent int) (any, error) {
	m := map[string]any{}
	for p.next < len(p.lines) && p.lines[p.next].indent == indent {
		match := yamlKey.FindStringSubmatch(p.lines[p.next].text)
		if match == nil {
			return nil, invalid("Template format error: YAML not well-formed.")
		}
		p.next++
		key := strings.Trim(match[1], `"'`)
		v, err := p.value(indent, match[2], true)
		if err != nil {
			return nil, err
		}
		m[key] = v
	}
	if p.next < len(p.lines) && p.lines[p.next].indent > indent {
		return nil, invalid("Template format error: YAML not well-formed.")
	}
	return m, nil
}

// value reads what follows a key or a dash: on the same line, or as a deeper block (a list may stand at the key's own depth).
func (p *yamlParser) value(indent int, inline string, inMapping bool) (any, error) {
	if inline != "" && !strings.HasPrefix(inline, "#") {
		return yamlScalar(inline)
	}
	if p.next < len(p.lines) {
		line := p.lines[p.next]
		if line.indent > indent || inMapping && line.indent == indent && strings.HasPrefix(line.text, "-") {
			return p.block(line.indent)
		}
	}
	return nil, nil
}

func (p *yamlParser) list(indent int) (any, error) {
	l := []any{}
	for p.next < len(p.lines) && p.lines[p.next].indent == indent && strings.HasPrefix(p.lines[p.next].text, "-") {
		rest := strings.TrimLeft(p.lines[p.next].text[1:], " ")
		var v any
		var err error
		if yamlKey.MatchString(rest) {
			deeper := indent + len(p.lines[p.next].text) - len(rest)
			p.lines[p.next] = yamlLine{deeper, rest}
			v, err = p.mapping(deeper)
		} else {
			p.next++
			v, err = p.value(indent, rest, false)
		}
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	return l, nil
}

var yamlNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func yamlScalar(s string) (any, error) {
	switch s[0] {
	case '!':
		tag, rest, _ := strings.Cut(s[1:], " ")
		v, err := yamlScalar(strings.TrimSpace(rest) + " ")
		if err != nil {
			return nil, err
		}
		if tag == "Ref" || tag == "Condition" {
			return map[string]any{tag: v}, nil
		}
		if dotted, ok := v.(string); ok && tag == "GetAtt" {
			resource, attribute, _ := strings.Cut(dotted, ".")
			v = []any{resource, attribute}
		}
		return map[string]any{"Fn::" + tag: v}, nil
	case '"', '[', '{':
		if s[0] == '"' {
			s = strings.TrimSpace(s)
		}
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, cloud.NotModelled("this YAML flow value: %s", s)
		}
		return v, nil
	case '\'':
		s = strings.TrimSpace(s)
		if len(s) < 2 || s[len(s)-1] != '\'' {
			return nil, invalid("Template format error: YAML not well-formed.")
		}
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), nil
	case '|', '>', '&', '*':
		return nil, cloud.NotModelled("this form of YAML: %s", s)
	}
	if before, _, ok := strings.Cut(s, " #"); ok {
		s = before
	}
	s = strings.TrimSpace(s)
	switch {
	case s == "true" || s == "false":
		return s == "true", nil
	case s == "null" || s == "~" || s == "":
		return nil, nil
	case yamlNumber.MatchString(s):
		return json.Number(s), nil
	}
	return s, nil
}
