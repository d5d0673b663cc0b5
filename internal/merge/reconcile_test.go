package merge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
)

const head = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  annotations:
    tenantfence.dev/for: Tenant/acme spec.egress[db]
  labels:
    app.kubernetes.io/managed-by: tenantfence
    tenantfence.dev/fence: mine
    tenantfence.dev/stage: Allow
  name: egress-db
  namespace: acme
`

// generated is the desired policy in these tests.
const generated = head + `spec:
  egress:
  - toEndpoints:
    - matchLabels:
        app: db
    - matchLabels:
        app: replica
    toPorts:
    - ports:
      - port: "5432"
        protocol: TCP
  - toCIDRSet:
    - cidr: 198.51.100.0/24
  endpointSelector: {}
`

// TestInPlace has existing policies and the results. want is empty if the policy does not change.
func TestInPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ existing, want string }{
		"an equal policy is kept, in any order and style": {
			existing: `# head
kind: CiliumNetworkPolicy # kind
apiVersion: cilium.io/v2
spec:
  endpointSelector: { }
  egress:
  - {toCIDRSet: [{"cidr": '198.51.100.0/24'}]} # the office
  - toPorts: [{ports: [{protocol: TCP, port: '5432'}]}]

    toEndpoints:
    # the replica comes first
    - matchLabels: {app: replica}
    - matchLabels: {app: "db"}
metadata:
  name: egress-db
  namespace: acme
  labels: {tenantfence.dev/stage: Allow, tenantfence.dev/fence: mine, app.kubernetes.io/managed-by: tenantfence, team: payments}
  annotations: {tenantfence.dev/for: "Tenant/acme spec.egress[db]", example.com/ticket: NET-1}
  finalizers: [example.com/a]
status: {ok: true}
`,
		},
		"a rule with a new peer keeps its comments and its position": {
			existing: head + `spec:
  egress:
  # the office
  - toCIDRSet: # cidrs
    - cidr: 198.51.100.0/24
  # the database
  - toEndpoints: # peers
    # the first
    - matchLabels:
        app: db # db
    toPorts:
    - ports:
      - port: '5432' # postgres
        protocol: TCP
  endpointSelector: {}
`,
			want: head + `spec:
  egress:
  # the office
  - toCIDRSet: # cidrs
    - cidr: 198.51.100.0/24
  # the database
  - toEndpoints: # peers
    # the first
    - matchLabels:
        app: db # db
    - matchLabels:
        app: replica
    toPorts:
    - ports:
      - port: '5432' # postgres
        protocol: TCP
  endpointSelector: {}
`,
		},
		"a changed spec is corrected, and new items are inserted in order": {
			existing: strings.ReplaceAll(head, "egress[db]", "egress[former]") + `spec:
  description: mine # gone
  endpointSelector: {matchLabels: {app: web}} # all
  ingress: [{fromEntities: [all]}]
  egress: # out
  - toEntities: [world] # gone, too
  - toCIDRSet:
    - cidr: 198.51.100.0/24 # office
specs:
- endpointSelector: {}
`,
			want: head + `spec:
  endpointSelector: {} # all
  egress: # out
  - toEndpoints:
    - matchLabels:
        app: db
    - matchLabels:
        app: replica
    toPorts:
    - ports:
      - port: "5432"
        protocol: TCP
  - toCIDRSet:
    - cidr: 198.51.100.0/24 # office
`,
		},
		"a comment on one network is not kept for another": {
			existing: strings.ReplaceAll(generated, "- cidr: 198.51.100.0/24", "- cidr: 203.0.113.0/24 # the other office"),
			want:     generated,
		},
		"quotes are kept around a string with a new value": {
			existing: strings.ReplaceAll(generated, `Tenant/acme spec.egress[db]`, `'Tenant/former spec.egress[db]'`),
			want:     strings.ReplaceAll(generated, `Tenant/acme spec.egress[db]`, `'Tenant/acme spec.egress[db]'`),
		},
		"a number instead of a string is corrected": {
			existing: strings.ReplaceAll(generated, `"5432"`, `5432`),
			want:     generated,
		},
		"labels of the fence are corrected, other labels are kept, and local-config is removed": {
			existing: strings.NewReplacer("managed-by: tenantfence", "managed-by: helm # why", "    tenantfence.dev/stage: Allow\n", "    tenantfence.dev/stage: Allow\n    tenantfence.dev/stray: a\n    team: payments # who\n",
				"  labels:", "    config.kubernetes.io/local-config: \"true\"\n    example.com/ticket: NET-1\n  labels:").Replace(generated),
			want: strings.NewReplacer("managed-by: tenantfence", "managed-by: helm # why", "    tenantfence.dev/stage: Allow\n", "    tenantfence.dev/stage: Allow\n    team: payments # who\n",
				"  labels:", "    example.com/ticket: NET-1\n  labels:").Replace(generated),
		},
		"another value of managed-by is ignored": {
			existing: strings.ReplaceAll(generated, "managed-by: tenantfence", "managed-by: kustomize-v5.8.2"),
		},
		"a missing managed-by is ignored": {
			existing: strings.ReplaceAll(generated, "    app.kubernetes.io/managed-by: tenantfence\n", ""),
		},
		"aliases are expanded if something changes": {
			existing: head + `spec:
  egress:
  - toCIDRSet: &office
    - cidr: 198.51.100.0/24 # office
  - toCIDRSet: *office
    toPorts: [{ports: [{port: "1", protocol: TCP}]}]
  endpointSelector: {}
`,
			want: head + `spec:
  egress:
  - toEndpoints:
    - matchLabels:
        app: db
    - matchLabels:
        app: replica
    toPorts:
    - ports:
      - port: "5432"
        protocol: TCP
  - toCIDRSet:
    - cidr: 198.51.100.0/24 # office
  endpointSelector: {}
`,
		},
		"aliases are kept if nothing changes": {
			existing: strings.NewReplacer("  annotations:", "  annotations:\n    example.com/team: &team payments", "  labels:", "  labels:\n    team: *team").Replace(generated),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inPlace(t, c.existing, c.want)
		})
	}
}

func inPlace(t *testing.T, existing, want string) {
	t.Helper()
	action := report.Configured
	if want == "" {
		want, action = existing, report.Unchanged
	}
	got, findings := mergeAll(options(allow), parse(t, existing), []*yaml.RNode{yaml.MustParse(generated)})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	// Both are written by the same writer, which decides about blank lines.
	if diff := cmp.Diff(text(t, parse(t, want)), text(t, got.Items)); diff != "" {
		t.Error(diff)
	}
	if got.Changes[0].Action != action {
		t.Errorf("got %s, want %s", got.Changes[0].Action, action)
	}
	again, _ := mergeAll(options(allow), parse(t, text(t, got.Items)), []*yaml.RNode{yaml.MustParse(generated)})
	if again.Changes[0].Action != report.Unchanged || text(t, again.Items) != text(t, got.Items) {
		t.Errorf("a second run changes something:\n%s", cmp.Diff(text(t, got.Items), text(t, again.Items)))
	}
}

func parse(t *testing.T, s string) []*yaml.RNode {
	t.Helper()
	items, err := kio.FromBytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range items {
		if err := n.PipeE(yaml.ClearAnnotation("internal.config.kubernetes.io/seqindent")); err != nil {
			t.Fatal(err)
		}
	}
	return items
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	existing := `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: egress-db # by hand
  namespace: acme
  annotations: {tenantfence.dev/adopt: "true", tenantfence.dev/patch: dns, example.com/ticket: NET-1}
  labels: {team: payments}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress:
  # the office
  - toCIDRSet: [{cidr: 198.51.100.0/24}]
  - toEntities: [world] # by mistake
  ingress:
  - fromEntities: [cluster]
specs:
- endpointSelector: {}
  egressDeny:
  - toCIDR: [192.0.2.1/32]
`
	got, findings := mergeAll(options(allow), parse(t, existing), []*yaml.RNode{yaml.MustParse(generated)})
	if len(findings) > 0 || len(got.Adopted) != 1 || got.Adopted[0].Policy.Name != "egress-db" {
		t.Errorf("adopted %v, findings %v", got.Adopted, findings)
	}
	want := `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: egress-db # by hand
  namespace: acme
  annotations: {example.com/ticket: NET-1, tenantfence.dev/for: 'Tenant/acme spec.egress[db]'}
  labels: {team: payments, app.kubernetes.io/managed-by: tenantfence, tenantfence.dev/fence: mine, tenantfence.dev/stage: Allow}
spec:
  endpointSelector: {}
  egress:
  - toEndpoints:
    - matchLabels:
        app: db
    - matchLabels:
        app: replica
    toPorts:
    - ports:
      - port: "5432"
        protocol: TCP
  # the office
  - toCIDRSet: [{cidr: 198.51.100.0/24}]
`
	if diff := cmp.Diff(text(t, parse(t, want)), text(t, got.Items)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"configured egress-db"}, done(got.Changes)); diff != "" {
		t.Error(diff)
	}
	elsewhere := annotated(cnp("egress-other", "", "", ""), "tenantfence.dev/adopt", "true")
	if _, findings := mergeAll(options(allow), []*yaml.RNode{elsewhere}, nil); len(findings) != 1 || findings[0].Check != report.AdoptWithoutEffect {
		t.Errorf("adopt without a generated policy must be reported, got %v", findings)
	}
}
