package resolve

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

func TestRequiredFlowHasAFreeName(t *testing.T) {
	long := strings.Repeat("a", 60) + "-bc"
	tn := &tenant{spec: v1alpha1.TenantSpec{
		Ingress:      []v1alpha1.IngressFlow{{Name: "db"}, {Name: long}},
		Egress:       []v1alpha1.EgressFlow{{Name: "db-2"}, {Name: "api"}},
		AgentIngress: []v1alpha1.AgentIngress{{Name: "agents"}},
	}}
	for name, want := range map[string]string{
		"web": "web", "api": "api-2", "agents": "agents-2", "db": "db-3", long: strings.Repeat("a", 60) + "-2",
	} {
		if got := tn.freeFlowName(name); got != want || len(validation.IsDNS1123Label(got)) > 0 {
			t.Errorf("freeFlowName(%q) = %q, want %q", name, got, want)
		}
	}
}
