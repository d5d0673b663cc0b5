package policy

import "path"

// MatchTenant reports whether a Tenant's name matches one of several names or patterns, in which *
// matches any characters.
func MatchTenant(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}
