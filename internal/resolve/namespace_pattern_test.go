package resolve_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

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
