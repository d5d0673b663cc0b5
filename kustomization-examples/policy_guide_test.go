package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestPolicyGuideMistakes makes the guide's mistakes in the example's Tenants and its
// profile. The build must fail, and say what is meant.
func TestPolicyGuideMistakes(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		file, from, to string
		// check, resource and message of a finding.
		check, resource, message string
	}{
		"Kafka's topics": {
			"data-processing/tenant.yaml", "    - port: 9092\n", "    - port: 9092\n    kafka: [{apiKey: fetch, topic: user-events}]\n",
			"invalid-tenant", "Tenant/data-processing", "there is no such field",
		},
		"pathRegex, which is no field": {
			"api/tenant.yaml", "path: /api/v1/public/.*", "pathRegex: ^/api/v1/public/.*",
			"invalid-tenant", "Tenant/api", "there is no such field",
		},
		"a path that is anchored": {
			"api/tenant.yaml", "path: /api/v1/public/.*", "path: ^/api/v1/public/.*",
			"invalid-tenant", "Tenant/api", `must match the whole path anyway: write "/api/v1/public/.*"`,
		},
		"a header's value that is a pattern": {
			"api/tenant.yaml", "headers: [X-User-ID]", `headers: ['X-User-ID: ".*"']`,
			"invalid-tenant", "Tenant/api", `no regular expression: for any value write "X-User-ID"`,
		},
		"one end of a flow between namespaces": {
			"backend/tenant.yaml", "- tenant: production\n", "- tenant: api\n",
			"no-consent", "Tenant/production", `Tenant "backend" does not say the other half of this flow: it needs {name: backend, `,
		},
		"two sets of HTTP rules for the same pods": {
			"api/tenant.yaml", "        audience: internal\n", "",
			"flow-test-failed", "FlowTest/http-paths", `"the frontend gets the admin's page": api/Deployment/frontend -> api/Deployment/api-server-public:8080/TCP GET /admin must be denied and is allowed: egress allowed by api/egress-by-method, api/egress-by-path`,
		},
		"HTTP rules beside pods that may talk anyway": {
			"platform/profile.yaml", "intraNamespace: false", "intraNamespace: true",
			"dead-l7-rule", "CiliumNetworkPolicy/ingress-by-path", "api/allow-intra-namespace allows it without",
		},
		"a name that nobody allowed": {
			"platform/profile.yaml", "fqdns: [api.github.com, ", "fqdns: [",
			"fqdn-outside-limits", "Tenant/production", `name "api.github.com"`,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			dir := copyExample(t, "policy-guide")
			edit(t, filepath.Join(dir, c.file), c.from, c.to)
			expectFinding(t, refused(t, dir), c.check, c.resource, c.message)
		})
	}
}

const (
	guidesDenyAll = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: default-deny-all, namespace: production}, spec: {endpointSelector: {}, ingress: [], egress: []}}"
	guidesDNS     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: allow-dns-queries, namespace: production}, spec: {endpointSelector: {}, egress: " +
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
)

// TestPolicyGuideAsWritten adds the guide's own policies to the example. What a Tenant
// says as well opens nothing more.
func TestPolicyGuideAsWritten(t *testing.T) {
	t.Parallel()
	dir := guideWith(t, guidesDNS, guidesBackend, guidesNames, guidesIdentity)
	if n := count(t, buildExample(t, dir).output, "CiliumNetworkPolicy", ""); n != 24 {
		t.Errorf("%d policies are built, want the example's 20 and the guide's 4", n)
	}
	for sentence, c := range map[string]struct {
		policy string
		// check, resource and message of a finding.
		check, resource, message string
	}{
		"the default-deny is rejected, and closes nothing": {
			guidesDenyAll, "policy-rejected", "CiliumNetworkPolicy/default-deny-all", "must have at least one of",
		},
		"without pathRegex every path may be posted to": {
			guidesMethods, "undeclared-open", "CiliumNetworkPolicy/restrict-http-methods", "api/Deployment/api-server-internal on port 8080/TCP, POST any path",
		},
		"without pathRegex everything may be asked for": {
			guidesPaths, "undeclared-open", "CiliumNetworkPolicy/restrict-api-paths", "api/Deployment/api-server-public on port 8080/TCP, any method of any path",
		},
		"the header must be these two quotes, dot and star": {
			guidesPaths, "undeclared-open", "CiliumNetworkPolicy/restrict-api-paths", `GET any path with X-User-ID: ".*"`,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			expectFinding(t, refused(t, guideWith(t, c.policy)), c.check, c.resource, c.message)
		})
	}
}

// guideWith is the example with policies by hand.
func guideWith(t *testing.T, policies ...string) string {
	t.Helper()
	dir := copyExample(t, "policy-guide")
	edit(t, filepath.Join(dir, "kustomization.yaml"), "- flows\n", "- flows\n- by-hand.yaml\n")
	var all []byte
	for _, p := range policies {
		all = append(append(all, "---\n"...), yaml.MustParse(p).MustString()...)
	}
	if err := os.WriteFile(filepath.Join(dir, "by-hand.yaml"), all, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
