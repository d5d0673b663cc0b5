package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestPolicyGuideMistakes applies the guide's mistakes to the Tenants and the profile of the
// example. The build fails and reports the fix.
func TestPolicyGuideMistakes(t *testing.T) {
	t.Parallel()
	for desc, c := range map[string]struct {
		file, from, to string
		// check and message of a finding.
		check   *report.Check
		message string
	}{
		"Kafka topics": {
			"data-processing/tenant.yaml", "    - port: 9092\n", "    - port: 9092\n    kafka: [{apiKey: fetch, topic: user-events}]\n",
			report.InvalidTenant, "spec.egress[0].kafka: unexpected field: Cilium 1.20 removed Kafka rules, and allows all traffic in their place",
		},
		"the unknown field pathRegex": {
			"api/tenant.yaml", "path: /api/v1/public/.*", "pathRegex: ^/api/v1/public/.*",
			report.InvalidTenant, "spec.ingress[1].http[0].pathRegex: unexpected field: Cilium does not have it either, and allows every request if a rule has nothing else: set path",
		},
		"an anchored path": {
			"api/tenant.yaml", "path: /api/v1/public/.*", "path: ^/api/v1/public/.*",
			report.InvalidTenant, `has anchors, but always matches the whole path: write "/api/v1/public/.*"`,
		},
		"a pattern as the value of a header": {
			"api/tenant.yaml", "headers: [X-User-ID]", `headers: ['X-User-ID: ".*"']`,
			report.InvalidTenant, `not as a regular expression: for any value, write "X-User-ID"`,
		},
		"one side of a flow between namespaces": {
			"backend/tenant.yaml", "- tenant: production\n", "- tenant: api\n",
			report.ConsentMissing, `Tenant/production: spec.egress[0].to[0]: Tenant "backend" does not declare the ingress side of this flow: add to its spec.ingress: - {name: backend, `,
		},
		"two sets of HTTP rules for the same pods": {
			"api/tenant.yaml", "        audience: internal\n", "",
			report.FlowTestFailed, `"the frontend gets the admin's page": api/Deployment/frontend -> api/Deployment/api-server-public:8080/TCP GET /admin must be denied and is allowed: egress allowed by api/egress-by-method, api/egress-by-path`,
		},
		"HTTP rules for pods that intraNamespace allows": {
			"platform/profile.yaml", "intraNamespace: false", "intraNamespace: true",
			report.L7RuleShadowed, "spec.ingress[by-path]: L7 rules on port 8080/TCP have no effect: FenceProfile/",
		},
		"a name outside the limits": {
			"platform/profile.yaml", "fqdns: [api.github.com, ", "fqdns: [",
			report.FQDNOutsideLimits, `Tenant/production: spec.egress[1].to[0].fqdns[0]: name "api.github.com"`,
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			dir := copyExample(t, "policy-guide")
			edit(t, filepath.Join(dir, c.file), c.from, c.to)
			expectFindings(t, refused(t, dir), [][2]string{{c.check.Name, c.message}})
		})
	}
}

// The policies of the guide, unchanged.
const (
	guidesDenyAll = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: default-deny-all, namespace: production}, spec: {endpointSelector: {}, ingress: [], egress: []}}"
	guidesDNS     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: allow-dns, namespace: production}, spec: {endpointSelector: {}, egress: " +
		"[{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system, k8s:k8s-app: kube-dns}}], toPorts: [{ports: [{port: '53', protocol: UDP}, {port: '53', protocol: TCP}]}]}]}}"
	guidesBackend = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: allow-frontend-to-backend, namespace: production}, spec: {endpointSelector: {matchLabels: {app: frontend}}, egress: " +
		"[{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: backend, app: backend}}], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]}}"
	guidesMethods = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: restrict-http-methods, namespace: api}, spec: {endpointSelector: {matchLabels: {app: api-server}}, ingress: " +
		"[{fromEndpoints: [{matchLabels: {app: frontend}}], toPorts: [{ports: [{port: '8080', protocol: TCP}], rules: {http: [{method: GET}, {method: POST, pathRegex: ^/api/v1/.*}]}}]}]}}"
	guidesPaths = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: restrict-api-paths, namespace: api}, spec: {endpointSelector: {matchLabels: {app: api-server}}, ingress: " +
		"[{fromEndpoints: [{matchLabels: {app: frontend}}], toPorts: [{ports: [{port: '8080', protocol: TCP}], rules: {http: [{pathRegex: ^/api/v1/public/.*}, {pathRegex: ^/api/v1/users/.*, method: GET, headers: ['X-User-ID: \".*\"']}]}}]}]}}"
	guidesNames = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: allow-external-apis, namespace: production}, spec: {endpointSelector: {matchLabels: {app: api-client}}, egress: " +
		"[{toFQDNs: [{matchName: api.github.com}, {matchPattern: '*.cloudflare.com'}], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}, {toFQDNs: [{matchName: api.stripe.com}], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}]}}"
	guidesIdentity = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: identity-based-access, namespace: production}, spec: {endpointSelector: {matchLabels: {app: database}}, ingress: " +
		"[{fromEndpoints: [{matchLabels: {app: backend, tier: application}}], toPorts: [{ports: [{port: '5432', protocol: TCP}]}]}]}}"
	guidesTopics = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: restrict-kafka-topics, namespace: data-processing}, spec: {endpointSelector: {matchLabels: {app: kafka-consumer}}, egress: " +
		"[{toEndpoints: [{matchLabels: {app: kafka-broker}}], toPorts: [{ports: [{port: '9092', protocol: TCP}], rules: {kafka: [{apiKey: fetch, topic: user-events}, {apiKey: produce, topic: processed-events}]}}]}]}}"
)

// TestPolicyGuideAsWritten adds the guide's own policies to the example.
func TestPolicyGuideAsWritten(t *testing.T) {
	t.Parallel()
	for desc, c := range map[string]struct {
		policy  string
		check   *report.Check
		message string
	}{
		"Cilium rejects the default-deny policy": {
			guidesDenyAll, report.PolicyRejected, "CiliumNetworkPolicy/default-deny-all: is rejected by Cilium",
		},
		"the DNS policy has the name of a generated policy": {
			guidesDNS, report.PolicyExists, "CiliumNetworkPolicy/allow-dns",
		},
		"without pathRegex, POST to every path is allowed": {
			guidesMethods, report.UndeclaredOpen, "api/Deployment/frontend -> api/Deployment/api-server-internal: port 8080/TCP, POST any path",
		},
		"without pathRegex, every path is allowed": {
			guidesPaths, report.UndeclaredOpen, "api/Deployment/api-server-public: port 8080/TCP, any method of any path",
		},
		"the header's value is matched literally": {
			guidesPaths, report.UndeclaredOpen, `GET any path with X-User-ID: ".*"`,
		},
		"Cilium no longer enforces the topics": {
			guidesTopics, report.L7RulesRemoved, "CiliumNetworkPolicy/restrict-kafka-topics: spec.egress[0].toPorts[0].rules.kafka: Cilium 1.20 removed this rule, so all traffic on these ports is allowed",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			expectFindings(t, refused(t, guideWith(t, c.policy)), [][2]string{{c.check.Name, c.message}})
		})
	}
}

// TestPolicyGuideWithTenants adds the correct policies of the guide, which allow nothing
// undeclared.
func TestPolicyGuideWithTenants(t *testing.T) {
	t.Parallel()
	alone := count(t, buildExample(t, "policy-guide").output, resource.KindCilium, "")
	extended := buildExample(t, guideWith(t, guidesBackend, guidesNames, guidesIdentity))
	if n := count(t, extended.output, resource.KindCilium, ""); n != alone+3 {
		t.Errorf("%d policies are built, want the example's %d and the guide's 3", n, alone)
	}
}

// guideWith returns the example with hand-written policies.
func guideWith(t *testing.T, policies ...string) string {
	t.Helper()
	dir := copyExample(t, "policy-guide")
	edit(t, filepath.Join(dir, "kustomization.yaml"), "- flows\n", "- flows\n- by-hand.yaml\n")
	var all []byte
	for _, p := range policies {
		all = append(all, "---\n"+yaml.MustParse(p).MustString()...)
	}
	if err := os.WriteFile(filepath.Join(dir, "by-hand.yaml"), all, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
