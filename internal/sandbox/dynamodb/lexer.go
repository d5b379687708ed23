package dynamodb

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // bare name, keyword or function name
	tokenName             // #placeholder
	tokenValue            // :placeholder
	tokenDigits           // list index
	tokenSymbol
)

type token struct {
	kind  tokenKind
	text  string
	start int // byte offsets in the expression
	end   int
}

// is reports whether the token is a symbol or, in any case, a keyword.
func (t token) is(text string) bool {
	return t.kind == tokenSymbol && t.text == text || t.kind == tokenWord && strings.EqualFold(t.text, text)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isPart(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }

// lex splits an expression into tokens; the last one is the end. parameter names the expression in
// errors.
func lex(parameter, text string) ([]token, *cloud.Error) {
	var tokens []token
	for i := 0; i < len(text); {
		c := text[i]
		start := i
		kind := tokenSymbol
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case isLetter(c):
			kind = tokenWord
			for i < len(text) && isPart(text[i]) {
				i++
			}
		case isDigit(c):
			kind = tokenDigits
			for i < len(text) && isDigit(text[i]) {
				i++
			}
		case c == '#' || c == ':':
			kind = tokenName
			if c == ':' {
				kind = tokenValue
			}
			for i++; i < len(text) && isPart(text[i]); {
				i++
			}
			if i == start+1 {
				return nil, badToken(parameter, text, tokens, token{text: text[start:i], start: start, end: i})
			}
		case strings.HasPrefix(text[i:], "<>") || strings.HasPrefix(text[i:], "<=") || strings.HasPrefix(text[i:], ">="):
			i += 2
		case strings.IndexByte("()[],.=<>+-", c) >= 0:
			i++
		default:
			return nil, badToken(parameter, text, tokens, token{text: text[i : i+1], start: i, end: i + 1})
		}
		tokens = append(tokens, token{kind: kind, text: text[start:i], start: start, end: i})
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", start: len(text), end: len(text)}), nil
}

// badToken returns the syntax error at an invalid token: near shows it with the token before it.
func badToken(parameter, text string, before []token, bad token) *cloud.Error {
	start := bad.start
	if len(before) > 0 {
		start = before[len(before)-1].start
	}
	return invalid(
		"Invalid %s: Syntax error; token: %q, near: %q", parameter, bad.text,
		text[start:min(bad.end+1, len(text))],
	)
}
