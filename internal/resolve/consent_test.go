package resolve_test

import (
	"fmt"
	"slices"
	"strings"
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

// TestNamespacePattern resolves the Tenants acme and beta of inputs, with some namespaces in the build.
func TestNamespacePattern(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pattern    string
		namespaces []string
		// claimed are spec.namespaces of acme, and claims those that the profile lets it claim.
		claimed, claims []string
		proposed        string
	}{
		"the names of Tenants":                           {"tenant-{name}", []string{"acme", "beta", "kube-system"}, nil, nil, "{name}"},
		"a common prefix":                                {"tenant-{name}", []string{"team-acme", "team-beta"}, nil, nil, "team-{name}"},
		"a common suffix":                                {"{name}", []string{"acme-prod", "beta-prod"}, nil, nil, "{name}-prod"},
		"the shortest of several patterns":               {"{name}", []string{"acme-dev", "beta-dev", "acme-prod", "beta-prod"}, nil, nil, "{name}-dev"},
		"a listed namespace":                             {"tenant-{name}", []string{"acme", "beta"}, []string{"acme"}, nil, "{name}"},
		"a Tenant with claims alone does not matter":     {"tenant-{name}", []string{"old", "beta"}, []string{"old"}, []string{"old"}, "{name}"},
		"a prefix of one Tenant is no pattern":           {"tenant-{name}", []string{"team-acme", "tenant-beta"}, nil, nil, ""},
		"one Tenant has its namespace":                   {"tenant-{name}", []string{"acme", "beta", "tenant-beta"}, nil, nil, "{name}"},
		"one Tenant would lose its namespace":            {"tenant-{name}", []string{"acme", "tenant-beta"}, nil, nil, ""},
		"the namespaces exist":                           {"tenant-{name}", []string{"tenant-acme", "tenant-beta", "acme", "beta"}, nil, nil, ""},
		"no namespace exists":                            {"tenant-{name}", []string{"shop"}, nil, nil, ""},
		"half of the Tenants with a name are not enough": {"tenant-{name}", []string{"acme"}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := inputs(t, "{name: out, to: [{tenant: beta}]}", "{name: in, from: [{tenant: acme}]}")
			in.Profile.Spec.Tenants.NamespacePattern = c.pattern
			in.Profile.Spec.Tenants.Claims = map[string][]string{"acme": c.claims}
			for i := range in.Tenants {
				if in.Tenants[i].Name == "acme" {
					in.Tenants[i].Spec.Namespaces = c.claimed
				}
			}
			index := &resource.Index{Namespaces: map[string]*resource.Namespace{}}
			for _, ns := range c.namespaces {
				index.Namespaces[ns] = &resource.Namespace{}
			}
			_, _, findings := resolve.Resolve(in, index)
			i := slices.IndexFunc(findings, func(f report.Finding) bool { return f.Field == "spec.tenants.namespacePattern" })
			switch {
			case c.proposed == "" && i >= 0:
				t.Errorf("unexpected finding: %v", findings[i])
			case c.proposed == "":
			case i < 0:
				t.Errorf("no pattern is proposed:\n%v", findings)
			case !strings.HasSuffix(findings[i].Message, ": set namespacePattern: \""+c.proposed+"\""):
				t.Errorf("another pattern than %s is proposed: %s", c.proposed, findings[i].Message)
			case findings[i].Severity != report.Error:
				t.Errorf("the finding is no error: %v", findings[i])
			case len(findings) > 1 && slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Severity != report.Info && f.Field != findings[i].Field }):
				t.Errorf("the cause is reported more than once:\n%v", findings)
			}
			if in.Profile.Spec.Tenants.NamespacePattern != c.pattern {
				t.Error("the profile is changed")
			}
		})
	}
}

// BenchmarkManyChildren resolves a parent with 2,000 children, each by its name and by a pattern.
func BenchmarkManyChildren(b *testing.B) {
	const n = 2000
	in := inputs(b, "", "")
	children := v1alpha1.ChildTenants{Parent: "acme"}
	for i := range n {
		name := fmt.Sprintf("customer-%d", i)
		children.Names = append(children.Names, name)
		in.Tenants = append(in.Tenants, resource.Tenant{Ref: report.Ref{Kind: v1alpha1.KindTenant, Name: name}, Path: field.NewPath("spec"), Name: name})
	}
	in.Profile.Spec.Tenants.Children = []v1alpha1.ChildTenants{children, {Parent: "acme", Names: []string{"customer-*"}}}
	in.Profile.Spec.Tenants.NamespacePattern = "tenant-{name}"
	for b.Loop() {
		if fence, _, findings := resolve.Resolve(in, &resource.Index{WithoutResources: true}); findings.HasError() || len(fence.Tenants()) != n+2 {
			b.Fatalf("%d Tenants, %v", len(fence.Tenants()), findings)
		}
	}
}
