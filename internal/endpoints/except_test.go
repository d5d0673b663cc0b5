package endpoints_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

func TestExceptionsIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cidr   string
		except []string
		want   []string
	}{
		"an exception within a network stays":               {"10.0.0.0/8", []string{"10.1.0.0/16"}, []string{"10.1.0.0/16"}},
		"an exception outside the network is removed":       {"10.0.0.0/8", []string{"192.168.1.0/24"}, nil},
		"an exception that contains the network is removed": {"10.1.0.0/16", []string{"10.0.0.0/8"}, nil},
		"an exception of another IP family is removed":      {"::/0", []string{"10.0.0.0/8", "2001:db8::/32"}, []string{"2001:db8::/32"}},
		"exceptions within the network keep their order":    {"10.0.0.0/8", []string{"10.9.0.0/16", "192.168.0.0/16", "10.1.0.0/16"}, []string{"10.9.0.0/16", "10.1.0.0/16"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := endpoints.ExceptionsIn(c.cidr, c.except); !slices.Equal(got, c.want) {
				t.Errorf("ExceptionsIn(%q, %q) is %q, want %q", c.cidr, c.except, got, c.want)
			}
		})
	}
}
