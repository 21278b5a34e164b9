package jupyter

import "unicode/utf8"

// Jupyter counts cursors in code points, Go in bytes.

// byteOffset turns a number of code points into an offset of s, within s.
func byteOffset(s string, points int) int {
	for i := range s {
		if points <= 0 {
			return i
		}
		points--
	}
	return len(s)
}

// codePoints turns an offset of s into a number of code points.
func codePoints(s string, offset int) int {
	return utf8.RuneCountInString(s[:max(0, min(offset, len(s)))])
}

// wholeRunes returns the length of b without an incomplete rune at its end.
func wholeRunes(b []byte) int {
	for i := 1; i <= min(len(b), utf8.UTFMax-1); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}
