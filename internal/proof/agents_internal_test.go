package proof

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestIdentitiesExceeded(t *testing.T) {
	t.Parallel()
	p := proof{in: &resource.Inputs{}}
	if found := p.identityFindings(cilium.MaxIdentities); len(found) > 0 {
		t.Errorf("all identities of a cluster are reported: %v", found)
	}
	found := p.identityFindings(cilium.MaxIdentities + 1)
	if len(found) != 1 || found[0].Check != report.IdentitiesExceeded || found[0].Severity != report.Error {
		t.Errorf("one identity more: got %v", found)
	}
}
