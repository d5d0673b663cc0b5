package policy_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestMatchTenant(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"gold-a": true, "gold-": true, "acme": true, "gold": false, "agold-a": false, "acme2": false} {
		if policy.MatchTenant([]string{"gold-*", "acme"}, name) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}
