package proof

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/report"
)

const validPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: acme}
spec:
  podSelector:
    matchLabels: {app: web}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - podSelector:
        matchLabels: {app: proxy}
    - namespaceSelector: {}
      podSelector:
        matchExpressions:
        - {key: app, operator: In, values: [prometheus, alloy]}
    - ipBlock:
        cidr: 192.0.2.0/24
        except: [192.0.2.128/25]
    ports:
    - port: http
    - {port: 9000, endPort: 9010}
  egress:
  - to:
    - podSelector: {}
    ports:
    - port: https
    - port: http
    - protocol: UDP
`

// A conversion that is broken on purpose is found, wherever it is broken: also where no
// workload is known.
func TestBrokenConversionsDiffer(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct{ was, is, message string }{
		"another subject":            {"matchLabels: {app: web}", "matchLabels: {app: wep}", "no longer isolates the egress of"},
		"every subject":              {"  endpointSelector:\n    matchLabels: {app: web}", "  endpointSelector: {}", "which was not isolated"},
		"another peer":               {"app: proxy", "app: proxies", "no longer allows a pod with app=proxy in acme to reach a pod with app=web in acme"},
		"a value less":               {"[prometheus, alloy]", "[prometheus]", "no longer allows a pod with app=alloy in"},
		"a value more":               {"[prometheus, alloy]", "[prometheus, alloy, loki]", "also allows a pod with app=loki in"},
		"my namespace alone":         {"      - key: k8s:io.kubernetes.pod.namespace\n        operator: Exists\n", "", "no longer allows a pod with app=alloy in a namespace outside the build"},
		"no exception":               {"\n      except: [192.0.2.128/25]", "", "also allows 192.0.2.128 to reach"},
		"a smaller network":          {"192.0.2.0/24", "192.0.2.0/25", "rejected"},
		"another network":            {"cidr: 192.0.2.0/24\n      except: [192.0.2.128/25]", "cidr: 192.0.3.0/24", "no longer allows 192.0.2.0"},
		"another name, in":           {"port: http\n        protocol: TCP\n      - {", "port: htpp\n        protocol: TCP\n      - {", "no longer allows"},
		"another name, out":          {"port: https", "port: htps", "no longer allows a pod with app=web in acme to reach"},
		"a port more":                {"endPort: 9010", "endPort: 9011", "on port 9011/TCP"},
		"no protocol but one":        {"protocol: UDP", "protocol: SCTP", "no longer allows a pod with app=web in acme to reach"},
		"anything":                   {"  - toEndpoints:\n    - {}\n", "  - toEntities: [all]\n", "also allows a pod with app=web in acme to reach"},
		"no default-deny":            {"  endpointSelector:", "  enableDefaultDeny: {ingress: false, egress: true}\n  endpointSelector:", "no longer isolates the ingress of a pod with app=web in acme"},
		"a name that is rejected":    {"port: https", "port: https-with-a-long-name", "rejected"},
		"an unknown field":           {"endPort: 9010", "endports: 9010", "rejected"},
		"peers that are left behind": {"  - fromCIDRSet:", "  - fromCIDR:", "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := convert.Convert("web.yaml", []byte(validPolicy))
			if err != nil || len(text.Policies) != 1 {
				t.Fatal(err, text.Findings)
			}
			before := string(text.Bytes())
			after := strings.Replace(before, broken.was, broken.is, 1)
			if after == before {
				t.Fatalf("%q is not in\n%s", broken.was, before)
			}
			text.Policies[0].After = yaml.MustParse(after)
			s := newEquivalenceProof(Conversion{}, text.Policies, nil)
			if err := s.prove(); err != nil {
				t.Fatal(err)
			}
			if !s.findings.HasError() || !slices.ContainsFunc(s.findings, func(f report.Finding) bool { return strings.Contains(f.String(), broken.message) }) {
				t.Errorf("%v, want %q in\n%s", s.findings, broken.message, after)
			}
		})
	}
}
