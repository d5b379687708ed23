package dynamodb

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Rules of numbers: API reference "AttributeValue" and developer guide "Supported data types and
// naming rules in Amazon DynamoDB" (38 digits of precision; magnitude 1E-130 to 9.99...E+125;
// leading and trailing zeros are trimmed).
const (
	maxDigits   = 38
	maxExponent = 125  // of the first digit
	minExponent = -130 // of the first digit
)

// number is an exact decimal: coef * 10^exp, with no trailing zero in coef; zero is 0 * 10^0.
type number struct {
	coef *big.Int
	exp  int
}

// parseNumber parses a number in DynamoDB's format: an optional sign, digits with an optional
// point, an optional exponent.
func parseNumber(s string) (number, *cloud.Error) {
	text := s
	negative := false
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		negative = text[0] == '-'
		text = text[1:]
	}
	exp := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil {
			return number{}, notANumber(s)
		}
		exp, text = e, text[:i]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return number{}, notANumber(s)
	}
	exp -= len(fraction)
	coef, _ := new(big.Int).SetString(digits, 10)
	if negative {
		coef.Neg(coef)
	}
	n := number{coef: coef, exp: exp}.trimmed()
	return n, n.check()
}

func notANumber(s string) *cloud.Error {
	if s == "" {
		return invalid("The parameter cannot be converted to a numeric value")
	}
	return invalid("The parameter cannot be converted to a numeric value: %s", s)
}

// trimmed moves trailing zeros of the coefficient into the exponent.
func (n number) trimmed() number {
	if n.coef.Sign() == 0 {
		return number{coef: new(big.Int)}
	}
	text := n.coef.String()
	short := strings.TrimRight(text, "0")
	if len(short) == len(text) {
		return n
	}
	coef, _ := new(big.Int).SetString(short, 10)
	return number{coef: coef, exp: n.exp + len(text) - len(short)}
}

// check refuses numbers that are too long, too big or too small; n must be trimmed.
func (n number) check() *cloud.Error {
	if n.coef.Sign() == 0 {
		return nil
	}
	digits := n.digits()
	first := n.exp + digits - 1
	switch {
	case first > maxExponent:
		return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case first < minExponent:
		return invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case digits > maxDigits:
		return invalid("Attempting to store more than 38 significant digits in a Number")
	}
	return nil
}

func (n number) digits() int {
	if n.coef.Sign() == 0 {
		return 0
	}
	return len(new(big.Int).Abs(n.coef).String())
}

// aligned returns both coefficients at the smaller of the two exponents.
func aligned(a, b number) (x, y *big.Int, exp int) {
	exp = min(a.exp, b.exp)
	shift := func(n number) *big.Int {
		return new(big.Int).Mul(n.coef, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.exp-exp)), nil))
	}
	return shift(a), shift(b), exp
}

func (n number) compare(other number) int {
	x, y, _ := aligned(n, other)
	return x.Cmp(y)
}

// plus adds other times sign exactly. It returns DynamoDB's error if the result is out of range.
func (n number) plus(other number, sign int64) (number, *cloud.Error) {
	x, y, exp := aligned(n, other)
	sum := number{coef: x.Add(x, y.Mul(y, big.NewInt(sign))), exp: exp}.trimmed()
	return sum, sum.check()
}

// String returns DynamoDB's answer format: plain digits, no exponent.
func (n number) String() string {
	if n.coef.Sign() == 0 {
		return "0"
	}
	digits, sign := new(big.Int).Abs(n.coef).String(), ""
	if n.coef.Sign() < 0 {
		sign = "-"
	}
	if n.exp >= 0 {
		return sign + digits + strings.Repeat("0", n.exp)
	}
	if point := len(digits) + n.exp; point > 0 {
		return sign + digits[:point] + "." + digits[point:]
	}
	return sign + "0." + strings.Repeat("0", -n.exp-len(digits)) + digits
}
