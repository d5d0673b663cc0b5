package reach_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestClusterHostnameIsNotAnEndpoint checks that no engine decides one as a name: no enforcer knows
// it.
func TestClusterHostnameIsNotAnEndpoint(t *testing.T) {
	t.Parallel()
	index, _ := resource.NewIndex(nil)
	e := reach.Endpoints{Index: index, Fence: &policy.Fence{ClusterHostnames: []policy.ClusterHostname{{FQDNs: []string{"*.apps.example.com"}, Namespace: "network", Service: "envoy"}}}}
	if _, err := e.Find("Auth.apps.example.com"); err == nil || !strings.Contains(err.Error(), "network/envoy") {
		t.Errorf("the name is an endpoint, or the error does not name its target: %v", err)
	}
	if ep, err := e.Find("auth.example.com"); err != nil || ep.Kind != endpoints.NameEndpoint {
		t.Errorf("another name is %v (%v)", ep, err)
	}
}
