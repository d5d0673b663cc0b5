package resolve_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// inputs are two tenants: acme has egress flows to beta, and beta ingress flows from acme.
func inputs(tb testing.TB, egress, ingress string) *resource.Inputs {
	tb.Helper()
	profile, errs := v1alpha1.Decode[v1alpha1.FenceProfile](yaml.MustParse(`
apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: platform}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.19"}
  enforcement: Enforce
  baseline: {dns: {names: ["**.cluster.local"]}}
  limits: {l7: [HTTP, DNS], fqdns: ["*"]}
`), nil)
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	in := &resource.Inputs{Profile: resource.Profile{
		Ref: report.Ref{Kind: v1alpha1.KindFenceProfile, Name: "platform"}, Path: field.NewPath("spec"), Spec: profile.Spec,
	}}
	for name, spec := range map[string]string{"acme": "egress: [" + egress + "]", "beta": "ingress: [" + ingress + "]"} {
		tenant, errs := v1alpha1.Decode[v1alpha1.Tenant](yaml.MustParse(
			"apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: "+name+"}\nspec: {"+spec+"}\n"), nil)
		if len(errs) > 0 {
			tb.Fatal(errs)
		}
		in.Tenants = append(in.Tenants, resource.Tenant{
			Name: name, Ref: report.Ref{Kind: v1alpha1.KindTenant, Name: name}, Path: field.NewPath("spec"), Spec: tenant.Spec,
		})
	}
	return in
}

// TestConsentWithoutPods compares the flows of two tenants without known pods, by their selectors
// alone.
func TestConsentWithoutPods(t *testing.T) {
	t.Parallel()
	both, some, none := "", report.ConsentPartial.Name, report.ConsentMissing.Name
	for name, c := range map[string]struct{ egress, ingress, want string }{
		"equal flows agree": {
			"{name: out, pods: {matchLabels: {app: a}}, to: [{tenant: beta, pods: {matchLabels: {app: b}}}], ports: [{port: 80}]}",
			"{name: in, pods: {matchLabels: {app: b}}, from: [{tenant: acme, pods: {matchLabels: {app: a}}}], ports: [{port: 80}]}", both,
		},
		"equal expressions agree": {
			"{name: out, pods: {matchExpressions: [{key: app, operator: In, values: [a, c]}]}, to: [{tenant: beta}]}",
			"{name: in, from: [{tenant: acme, pods: {matchExpressions: [{key: app, operator: In, values: [a, c]}]}}]}", both,
		},
		"a narrower selector agrees partly": {
			"{name: out, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme, pods: {matchLabels: {app: a}}}]}", some,
		},
		"selectors of different pods do not agree": {
			"{name: out, pods: {matchLabels: {app: a}}, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme, pods: {matchLabels: {app: b}}}]}", none,
		},
		"a label and an expression that excludes it do not agree": {
			"{name: out, pods: {matchLabels: {app: a}}, to: [{tenant: beta}]}",
			"{name: in, from: [{tenant: acme, pods: {matchExpressions: [{key: app, operator: NotIn, values: [a]}]}}]}", none,
		},
		"different ports do not agree": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}]}", "{name: in, from: [{tenant: acme}], ports: [{port: 81}]}", none,
		},
		"different protocols do not agree": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}]}", "{name: in, from: [{tenant: acme}], ports: [{port: 80, protocol: UDP}]}", none,
		},
		"every port and one port agree on that port": {
			"{name: out, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme}], ports: [{port: 80}]}", some,
		},
		"two flows together cover one": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80, endPort: 99}]}",
			"{name: low, from: [{tenant: acme}], ports: [{port: 80, endPort: 89}]}, {name: high, from: [{tenant: acme}], ports: [{port: 90, endPort: 99}]}", both,
		},
		"equal http rules agree, in any order": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}], http: [{method: GET}, {path: /a}]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 80}], http: [{path: /a}, {method: GET}]}", both,
		},
		"a subset of http rules agrees partly": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}], http: [{method: GET}, {path: /a}]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 80}], http: [{method: GET}]}", some,
		},
		"different http rules do not agree": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}], http: [{method: GET}]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 80}], http: [{method: GET, path: /a}]}", none,
		},
		"http on the egress side alone agrees": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}], http: [{method: GET}]}", "{name: in, from: [{tenant: acme}]}", both,
		},
		"http on the ingress side alone restricts the flow without a finding": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 80}], http: [{method: GET}]}", both,
		},
		"http on the ingress side does not replace a missing port": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}, {port: 81}]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 80}], http: [{method: GET}]}", some,
		},
		"two flows together cover the http rules of one": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80}], http: [{method: GET}, {path: /a}]}",
			"{name: get, from: [{tenant: acme}], ports: [{port: 80}], http: [{method: GET}]}, {name: a, from: [{tenant: acme}], ports: [{port: 80}], http: [{path: /a}]}", both,
		},
		"dns names matter on the egress side alone": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 53}], dns: [a.example]}", "{name: in, from: [{tenant: acme}], ports: [{port: 53}]}", both,
		},
		"dns and http do not agree": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 53}], dns: [a.example]}",
			"{name: in, from: [{tenant: acme}], ports: [{port: 53}], http: [{method: GET}]}", none,
		},
		"types of ICMP message agree by name": {
			"{name: out, to: [{tenant: beta}], icmp: [EchoRequest]}", "{name: in, from: [{tenant: acme}], icmp: [TimeExceeded, EchoRequest]}", both,
		},
		"different types of ICMP message do not agree": {
			"{name: out, to: [{tenant: beta}], icmp: [EchoRequest]}", "{name: in, from: [{tenant: acme}], icmp: [TimeExceeded]}", none,
		},
		"an ICMP type and ports do not agree": {
			"{name: out, to: [{tenant: beta}], icmp: [EchoRequest]}", "{name: in, from: [{tenant: acme}], ports: [{port: 1, endPort: 65535}]}", none,
		},
		"every port includes ICMP": {
			"{name: out, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme}], icmp: [EchoRequest]}", some,
		},
		"a gap in port ranges agrees partly": {
			"{name: out, to: [{tenant: beta}], ports: [{port: 80, endPort: 99}]}",
			"{name: low, from: [{tenant: acme}], ports: [{port: 80, endPort: 88}]}, {name: high, from: [{tenant: acme}], ports: [{port: 90, endPort: 99}]}", some,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fence, _, findings := resolve.Resolve(inputs(t, c.egress, c.ingress), &resource.Index{WithoutResources: true})
			var got []string
			for _, f := range findings {
				if f.Severity != report.Info && !slices.Contains(got, f.Check.Name) {
					got = append(got, f.Check.Name)
				}
			}
			if want := (map[string][]string{both: nil, some: {some}, none: {none}})[c.want]; !slices.Equal(got, want) {
				t.Errorf("findings are of checks %q, want %q:\n%v", got, want, findings)
			}
			if granted := len(fence.Grants) > 0; granted != (c.want != none) {
				t.Errorf("granted: %v", fence.Grants)
			}
		})
	}
}

// TestDuplicateTenant checks that the order of the input does not decide which of two Tenants with
// the same name is resolved.
func TestDuplicateTenant(t *testing.T) {
	t.Parallel()
	in := inputs(t, "{name: out, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme}]}")
	for i := range in.Tenants {
		in.Tenants[i].Name, in.Tenants[i].Ref.Name = "acme", "acme"
	}
	_, _, first := resolve.Resolve(in, &resource.Index{WithoutResources: true})
	slices.Reverse(in.Tenants)
	_, _, second := resolve.Resolve(in, &resource.Index{WithoutResources: true})
	if !slices.EqualFunc(first.Sort(), second.Sort(), report.Finding.Equal) {
		t.Errorf("in one order:\n%v\nin the other:\n%v", first, second)
	}
}
