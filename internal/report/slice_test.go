package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

func TestParseShard(t *testing.T) {
	t.Parallel()
	if s, err := report.ParseShard("2/10"); err != nil || s.Shard != 2 || s.Shards != 10 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "1", "/", "0/1", "2/1", "-1/3", "1/x", "x/1", "1/2/3", "1/0"} {
		if _, err := report.ParseShard(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// TestShardsAreStable holds shards of names. Other shards would move tenants between the folders of a
// fleet.
func TestShardsAreStable(t *testing.T) {
	t.Parallel()
	for tenant, want := range map[string]int{"acme": 8, "beta": 8, "": 1} {
		for shard := range 10 {
			s := report.Slice{Shard: shard + 1, Shards: 10}
			if got := s.Includes(tenant); got != (shard+1 == want) {
				t.Errorf("%s includes %q: %t", s, tenant, got)
			}
		}
	}
	perShard := map[int]int{}
	for i := range 1000 {
		for shard := range 10 {
			if (report.Slice{Shard: shard + 1, Shards: 10}).Includes(fmt.Sprintf("tenant-%d", i)) {
				perShard[shard]++
			}
		}
	}
	for shard, n := range perShard {
		if n < 50 || n > 150 {
			t.Errorf("shard %d of 10 has %d of 1000 tenants", shard+1, n)
		}
	}
}

func TestTenantSlice(t *testing.T) {
	t.Parallel()
	s := report.TenantSlice("beta", "acme", "beta")
	if s.String() != "tenants acme, beta only" || !s.Includes("acme") || s.Includes("gamma") || s.Includes("") || s.IsWhole() {
		t.Errorf("%+v is %q", s, s)
	}
	if err := s.CheckTenants([]string{"beta", "acme"}); err != nil {
		t.Error(err)
	}
	if err := s.CheckTenants([]string{"beta", "acma"}); err == nil || !strings.Contains(err.Error(), `no Tenant "acme": did you mean acma?`) {
		t.Error(err)
	}
	if whole := (report.Slice{}); !whole.IsWhole() || !whole.Includes("") || whole.String() != "" {
		t.Errorf("%+v is no whole fence", whole)
	}
}
