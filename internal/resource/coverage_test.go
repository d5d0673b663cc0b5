package resource_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestCoverage(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]resource.Class{
		"{apiVersion: v1, kind: ConfigMap}":                                                                                         resource.NoEffect,
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: Role}":                                                                    resource.NoEffect,
		"{apiVersion: apps/v1, kind: Deployment}":                                                                                   resource.Decided,
		"{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant}":                                                                      resource.Decided,
		"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy}":                                                                     resource.Decided,
		"{apiVersion: cilium.io/v2, kind: CiliumEnvoyConfig}":                                                                       resource.NotDecided,
		"{apiVersion: cilium.io/v2alpha1, kind: CiliumLoadBalancerIPPool}":                                                          resource.NoEffect,
		"{apiVersion: cilium.io/v3, kind: CiliumOfTomorrow}":                                                                        resource.NotDecided,
		"{apiVersion: crd.antrea.io/v2, kind: OfTomorrow}":                                                                          resource.NotDecided,
		"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy}":                                                             resource.NotDecided,
		"{apiVersion: networking.istio.io/v1, kind: Gateway}":                                                                       resource.NoEffect,
		"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, spec: {parentRefs: [{name: gateway}]}}":                        resource.NoEffect,
		"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, spec: {parentRefs: [{name: g}, {kind: Service, name: web}]}}":  resource.NotDecided,
		"{apiVersion: linkerd.io/v1alpha2, kind: ServiceProfile, spec: {routes: []}}":                                               resource.NoEffect,
		"{apiVersion: linkerd.io/v1alpha2, kind: ServiceProfile, spec: {dstOverrides: [{authority: web.other.svc.cluster.local}]}}": resource.NotDecided,
		"{apiVersion: example.com/v1, kind: Widget}":                                                                                "",
		"{apiVersion: v1, kind: Widget}":                                                                                            "",
	} {
		if got := resource.CoverageOf(yaml.MustParse(doc)); got.Class != want {
			t.Errorf("%s: got %q, want %q", doc, got.Class, want)
		} else if got.Class == resource.NotDecided && got.Reason == "" {
			t.Errorf("%s: no reason", doc)
		}
	}
	if !resource.DecidedKind("", "Pod") || !resource.DecidedKind("apps", "Deployment") || resource.DecidedKind("apps", "Pod") {
		t.Error("kinds with a pod template are decided")
	}
	if !resource.DecidedKind("cilium.io", "CiliumCIDRGroup") || resource.DecidedKind("cilium.io", "CiliumNode") || resource.DecidedKind("example.com", "Widget") {
		t.Error("exactly the kinds that the proof evaluates are decided")
	}
}
