package reach_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestCasesAtUndecidedPolicies decides flows that are all allowed, with policies that no engine has.
func TestCasesAtUndecidedPolicies(t *testing.T) {
	t.Parallel()
	shops := report.Ref{Kind: resource.KindCilium, Namespace: "shop", Name: "b"}
	for name, c := range map[string]struct {
		from, to  string
		undecided []report.Ref
		// want are the policies and the endpoint that the problem names. "": the case holds.
		want string
	}{
		"at the source":              {"shop/db", "world", []report.Ref{shops}, "shop: CiliumNetworkPolicy/b may select shop/db,"},
		"at the destination":         {"world", "shop/db", []report.Ref{shops}, "shop: CiliumNetworkPolicy/b may select shop/db,"},
		"behind a Service":           {"shop-2/bare", "service/shop/web", []report.Ref{shops}, "shop: CiliumNetworkPolicy/b may select shop/Pod/web-1,"},
		"at a pod that is to come":   {"world", "namespace/shop/app=later", []report.Ref{shops}, "may select a pod with app=later in shop,"},
		"at one of several ends":     {"tenant/acme/*", "world", []report.Ref{{Kind: resource.KindCilium, Namespace: "shop-2", Name: "b"}}, "may select shop-2/Pod/bare,"},
		"several, in order":          {"shop/db", "world", []report.Ref{shops, {Kind: resource.KindCilium, Namespace: "shop", Name: "a"}, shops}, "shop: CiliumNetworkPolicy/a, shop: CiliumNetworkPolicy/b may select"},
		"of the whole cluster":       {"shop/db", "world", []report.Ref{{Kind: resource.KindClusterwide, Name: "all"}}, "CiliumClusterwideNetworkPolicy/all may select shop/db,"},
		"of another namespace":       {"shop-2/bare", "world", []report.Ref{shops}, ""},
		"a pod of another cluster":   {"cluster/west/shop/app=web", "shop-2/bare", []report.Ref{shops}, ""},
		"every policy is as written": {"shop/db", "world", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var test resource.FlowTest
			test.Test.Spec.Cases = []v1alpha1.FlowCase{{Name: "case", From: c.from, To: c.to, Port: 80, Protocol: v1alpha1.TCP, Expect: v1alpha1.ExpectAllow}}
			e := shop(t)
			e.Undecided = c.undecided
			asked := false
			got := decide(t, func(endpoints.Endpoint, flow.Direction) (flow.Entry, error) {
				asked = true
				return flow.Entry{}, nil
			}, e, test).Cases[0]
			if got.Passed != (c.want == "") || !strings.Contains(got.Problem, c.want) || c.want == "" && got.Problem != "" {
				t.Errorf("holds %v, problem %q, want %q", got.Passed, got.Problem, c.want)
			}
			if c.want != "" && asked {
				t.Error("the other policies decide, without the policy")
			}
		})
	}
}
