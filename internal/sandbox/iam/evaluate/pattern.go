package evaluate

import "strings"

type pattern []token

// token is a character, or a wildcard.
type token struct {
	char rune
	wild rune // '*', '?' or 0
}

// pattern parses a text with wildcards and, in policy versions that support them, variables. ok is
// false when a variable has no value: the text then matches nothing.
func (e *evaluation) pattern(text string, variables bool) (p pattern, ok bool) {
	for text != "" {
		if variables && strings.HasPrefix(text, "${") {
			if end := strings.IndexByte(text, '}'); end > 0 {
				value, ok := e.variable(text[2:end])
				if !ok {
					return nil, false
				}
				for _, r := range value { // a variable's value is literal
					p = append(p, token{char: r})
				}
				text = text[end+1:]
				continue
			}
		}
		r := []rune(text)[0]
		if r == '*' || r == '?' {
			p = append(p, token{wild: r})
		} else {
			p = append(p, token{char: r})
		}
		text = text[len(string(r)):]
	}
	return p, true
}

// variable returns the value of ${name}: of a key, a default ('...'), or one of the characters *, ?
// and $.
func (e *evaluation) variable(name string) (value string, ok bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	name, fallback, hasFallback := strings.Cut(name, ",")
	if values := e.context[strings.ToLower(strings.TrimSpace(name))]; len(values) == 1 {
		return values[0], true
	}
	fallback = strings.TrimSpace(fallback)
	if hasFallback && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
		return fallback[1 : len(fallback)-1], true
	}
	return "", false
}

func (p pattern) matches(text string) bool {
	runes := []rune(text)
	// The position of the last star, and the text position where it matched nothing yet.
	star, from := -1, 0
	i := 0
	for at := 0; at < len(runes); {
		switch {
		case i < len(p) && p[i].wild == '*':
			star, from = i, at
			i++
		case i < len(p) && (p[i].wild == '?' || p[i].wild == 0 && p[i].char == runes[at]):
			i, at = i+1, at+1
		case star >= 0:
			from++
			i, at = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i].wild == '*' {
		i++
	}
	return i == len(p)
}

// literal returns the text of a pattern in which wildcards are ordinary characters.
func (p pattern) literal() string {
	var b strings.Builder
	for _, t := range p {
		if t.wild != 0 {
			b.WriteRune(t.wild)
		} else {
			b.WriteRune(t.char)
		}
	}
	return b.String()
}

// glob reports whether a text matches a pattern without variables.
func glob(text, of string) bool {
	p, _ := new(evaluation).pattern(text, false)
	return p.matches(of)
}
