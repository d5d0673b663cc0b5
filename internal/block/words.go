package block

import "strings"

// isWord reports whether a text is a string in every version of YAML, without quotes: words of letters,
// digits and some other characters that begin with a letter, or an IPv4 network.
func isWord(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return isNetwork(s)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c), '-' <= c && c <= '9', c == '_', c == '[', c == ']':
		case c == ' ' && s[i-1] != ' ' && i+1 < len(s):
		default:
			return false
		}
	}
	return len(s) > len("false") || !isReserved(s)
}

// isNetwork reports whether a text is digits and dots, one slash, and digits.
func isNetwork(s string) bool {
	addr, bits, ok := strings.Cut(s, "/")
	digits := strings.Trim(addr, "0123456789.") == "" && strings.Trim(bits, "0123456789") == ""
	return ok && digits && addr != "" && addr[0] != '.' && bits != ""
}

func isReserved(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isNumber reports whether a text is a decimal number.
func isNumber(s string) bool {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
