package runner

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// changing finds what differs from run to run without meaning anything.
var changing = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\x1b\[[0-9;]*m`), ""},
	{regexp.MustCompile(`\d{4}[-/]\d\d[-/]\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:?\d\d)?)?`), "<time>"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d(\.\d+)?\b`), "<time>"},
	{regexp.MustCompile(`\b0x[0-9a-f]{6,16}\b`), "<address>"},
	{regexp.MustCompile(`(/tmp|/var/folders)/[^\s"':]+`), "<temp>"},
	{regexp.MustCompile(`\bgoroutine \d+\b`), "goroutine <n>"},
	{regexp.MustCompile(`\b\d+(\.\d+)?([eE][-+]?\d+)? ?([kMG]?(B|FLOP|flops?)|images|img|samples|steps|batches|it|ops)/(s|sec)\b`), "<rate>"},
	{regexp.MustCompile(`\b(\d+(\.\d+)?(h|m|s|ms|µs|us|ns))+\b`), "<duration>"},
	{regexp.MustCompile(`\s+`), " "},
}

func sanitize(line string) string {
	for _, c := range changing {
		line = c.pattern.ReplaceAllString(line, c.name)
	}
	return strings.TrimSpace(line)
}

// number is a decimal number that isn't part of a word.
var number = regexp.MustCompile(`[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?`)

// sameLine compares words exactly and numbers within tolerance.
func (r Rules) sameLine(want, got string) bool {
	want, got = sanitize(want), sanitize(got)
	if want == got {
		return true
	}
	w, g := number.FindAllString(want, -1), number.FindAllString(got, -1)
	if len(w) != len(g) || number.ReplaceAllString(want, "#") != number.ReplaceAllString(got, "#") {
		return false
	}
	for i := range w {
		if !r.sameNumber(w[i], g[i]) {
			return false
		}
	}
	return true
}

func (r Rules) sameNumber(want, got string) bool {
	if want == got {
		return true
	}
	if !strings.ContainsAny(want+got, ".eE") {
		return false
	}
	w, err1 := strconv.ParseFloat(want, 64)
	g, err2 := strconv.ParseFloat(got, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	return math.Abs(w-g) <= max(r.Relative*math.Abs(w), lastDigit(want))
}

// lastDigit is the worth of one in the last place of a number printed with four digits or more, else 0: fewer digits
// say too little to let them vary.
func lastDigit(s string) float64 {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimLeft(s, "+-")), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if len(strings.TrimLeft(whole+fraction, "0")) < 4 {
		return 0
	}
	e, _ := strconv.Atoi(exponent)
	return 1.0000001 * math.Pow(10, float64(e-len(fraction)))
}
