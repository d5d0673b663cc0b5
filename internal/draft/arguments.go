package draft

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// argumentSources are the arguments of a container. A flag has its name as the key.
func argumentSources(w *resource.Workload, c container) []source {
	var out []source
	all := slices.Concat(c.Command, c.Args)
	for i, arg := range all {
		s := source{value: arg, kind: valueText, evidence: short(w.Ref) + " args"}
		name, value, has := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-") && has:
			s.key, s.value = flagKey(name), value
			s.evidence += " " + flagName(name)
		case i > 0 && strings.HasPrefix(all[i-1], "-") && !strings.Contains(all[i-1], "=") && !strings.HasPrefix(arg, "-"):
			s.key = flagKey(all[i-1])
			s.evidence += " " + flagName(all[i-1])
		}
		out = append(out, s)
	}
	return out
}

// flagName is the name of a flag, and of a flag with one dash the first letter: a value may follow it (-psecret).
func flagName(flag string) string {
	if name := flagWord.FindString(flag); strings.HasPrefix(name, "--") {
		return name
	}
	letters := []rune(flag)
	return string(letters[:min(len(letters), len("-p"))])
}

var flagWord = regexp.MustCompile(`^--[A-Za-z0-9_.-]+`)

// flagKey is the name of a variable with the words of a flag.
func flagKey(flag string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(strings.TrimLeft(flag, "-")))
}
