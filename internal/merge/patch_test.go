package merge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// handWrittenPolicy is a policy of a namespace with aspects to patch.
func handWrittenPolicy(namespace, aspects, spec string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: web # by hand\n  namespace: " + namespace +
		"\n  annotations: {tenantfence.dev/patch: '" + aspects + "'}\nspec:\n  endpointSelector: {} # all\n" + spec
}

func kubernetes(s string) string {
	return strings.NewReplacer("cilium.io/v2", "networking.k8s.io/v1", "CiliumNetworkPolicy", "NetworkPolicy", "endpointSelector", "podSelector").Replace(s)
}

const (
	allows      = "  ingress:\n  - fromEntities: [cluster] # why\n"
	defaultDeny = "  ingress:\n  - {} # isolate\n  egressDeny:\n  - {}\n"
	additive    = "  enableDefaultDeny:\n    egress: false\n    ingress: false\n"

	resolver = "  egress:\n  - toEndpoints:\n    - matchLabels:\n        k8s:io.kubernetes.pod.namespace: kube-system\n        k8s-app: kube-dns\n"
	udp      = "    toPorts:\n    - ports:\n      - port: \"53\" # dns\n        protocol: UDP\n"
	tcp      = "      - port: \"53\"\n        protocol: TCP\n"
	anyName  = "      rules:\n        dns:\n        - matchPattern: '*'\n"
)

func TestPatch(t *testing.T) {
	t.Parallel()
	all := []v1alpha1.Stage{baseline, allow, deny}
	for name, c := range map[string]struct {
		existing string
		// want is empty if nothing changes.
		want       string
		stages     []v1alpha1.Stage
		version    string
		wantChecks []string
	}{
		"an allow becomes additive in Enforce": {
			existing: handWrittenPolicy("acme", "enforcement", allows+"  enableDefaultDeny: {ingress: true} # mine\n"),
			want:     handWrittenPolicy("acme", "enforcement", allows+"  enableDefaultDeny: {egress: false, ingress: false} # mine\n"),
		},
		"an allow becomes additive in AllowOnly":            {existing: handWrittenPolicy("beta", "enforcement", allows), want: handWrittenPolicy("beta", "enforcement", allows+additive)},
		"an allow becomes additive in every stage":          {existing: handWrittenPolicy("acme", "enforcement", allows), want: handWrittenPolicy("acme", "enforcement", allows+additive), stages: []v1alpha1.Stage{deny}},
		"an additive allow is unchanged":                    {existing: handWrittenPolicy("acme", "enforcement", allows+additive)},
		"a default-deny isolates in Enforce":                {existing: handWrittenPolicy("acme", "enforcement", defaultDeny+additive), want: handWrittenPolicy("acme", "enforcement", defaultDeny)},
		"a default-deny is unchanged before its stage runs": {existing: handWrittenPolicy("acme", "enforcement", defaultDeny+additive), stages: []v1alpha1.Stage{baseline, allow}},
		"a default-deny never isolates in AllowOnly":        {existing: handWrittenPolicy("beta", "enforcement", defaultDeny), want: handWrittenPolicy("beta", "enforcement", defaultDeny+additive), stages: []v1alpha1.Stage{baseline}},
		"before 1.16, an allow isolates in AllowOnly":       {existing: handWrittenPolicy("beta", "enforcement", allows), version: "1.15", wantChecks: []string{"patch-isolates"}},
		"before 1.16, an allow is unchanged in Enforce":     {existing: handWrittenPolicy("acme", "enforcement", allows), version: "1.15"},
		"a NetworkPolicy is unchanged in Enforce":           {existing: kubernetes(handWrittenPolicy("acme", "enforcement", allows))},
		"a NetworkPolicy isolates in AllowOnly":             {existing: kubernetes(handWrittenPolicy("beta", "enforcement", allows)), wantChecks: []string{"patch-isolates"}},
		"DNS gets TCP and names":                            {existing: handWrittenPolicy("acme", "dns", resolver+udp), want: handWrittenPolicy("acme", "dns", resolver+udp+tcp+anyName)},
		"DNS names of the author are kept":                  {existing: handWrittenPolicy("acme", "dns", resolver+udp+tcp+"      rules:\n        dns:\n        - matchName: a.example.com\n")},
		"any protocol includes TCP":                         {existing: handWrittenPolicy("acme", "dns", resolver+"    toPorts:\n    - ports:\n      - port: \"53\"\n"+anyName)},
		"TCP may have a separate entry":                     {existing: handWrittenPolicy("acme", "dns", resolver+udp+anyName+"    - ports:\n"+tcp), want: handWrittenPolicy("acme", "dns", resolver+udp+anyName+"    - ports:\n"+tcp+anyName)},
		"an entry with another port is rejected":            {existing: handWrittenPolicy("acme", "dns", resolver+udp+"      - port: \"9153\"\n"), wantChecks: []string{"patch-dns-mixed"}},
		"a rule without ports is not for DNS":               {existing: handWrittenPolicy("acme", "dns", resolver), wantChecks: []string{"patch-dns-rule-missing"}},
		"a rule with another port is not for DNS":           {existing: handWrittenPolicy("acme", "dns", resolver+strings.ReplaceAll(udp, "53", "5353")), wantChecks: []string{"patch-dns-rule-missing"}},
		"a rule with a port range is not for DNS":           {existing: handWrittenPolicy("acme", "dns", resolver+strings.ReplaceAll(udp, "        protocol", "        endPort: 60\n        protocol")), wantChecks: []string{"patch-dns-rule-missing"}},
		"a rule to other pods is not for DNS":               {existing: handWrittenPolicy("acme", "dns", strings.ReplaceAll(resolver, "kube-dns", "web")+udp), wantChecks: []string{"patch-dns-rule-missing"}},
		"a rule to pods of this namespace is not for DNS":   {existing: handWrittenPolicy("acme", "dns", strings.ReplaceAll(resolver, "        k8s:io.kubernetes.pod.namespace: kube-system\n", "")+udp), wantChecks: []string{"patch-dns-rule-missing"}},
		"a resolver selected by expressions":                {existing: handWrittenPolicy("acme", "dns", "  egress:\n  - toEndpoints:\n    - matchExpressions:\n      - {key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: [kube-system]}\n      - {key: k8s-app, operator: In, values: [kube-dns]}\n"+udp+tcp+anyName)},
		"a resolver selected by its namespace's name label": {existing: handWrittenPolicy("acme", "dns", strings.ReplaceAll(resolver, "k8s:io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name")+udp+tcp+anyName)},
		"a NetworkPolicy gets only TCP": {
			existing: kubernetes(handWrittenPolicy("acme", "dns", "  egress:\n  - to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]\n    ports:\n    - port: 53 # dns\n      protocol: UDP\n")),
			want:     kubernetes(handWrittenPolicy("acme", "dns", "  egress:\n  - to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]\n    ports:\n    - port: 53 # dns\n      protocol: UDP\n    - port: 53\n      protocol: TCP\n")),
		},
		"labels are the tenant's": {
			existing: strings.ReplaceAll(handWrittenPolicy("acme", "labels", allows), "  annotations:", "  labels: {team: payments, tenantfence.dev/tenant: other}\n  annotations:"),
			want:     strings.ReplaceAll(handWrittenPolicy("acme", "labels", allows), "  annotations:", "  labels: {team: payments, tenantfence.dev/tenant: acme, tenantfence.dev/tenant-id: '42'}\n  annotations:"),
		},
		"a tenant without an id removes the label": {
			existing: strings.ReplaceAll(handWrittenPolicy("beta", "labels", allows), "  annotations:", "  labels: {tenantfence.dev/tenant-id: '42', tenantfence.dev/tenant: beta}\n  annotations:"),
			want:     strings.ReplaceAll(handWrittenPolicy("beta", "labels", allows), "  annotations:", "  labels: {tenantfence.dev/tenant: beta}\n  annotations:"),
		},
		"several aspects, and each of several specs": {
			existing: handWrittenPolicy("acme", "enforcement , dns", allows) + "specs:\n- endpointSelector: {}\n" + resolver + udp + tcp + anyName,
			want:     handWrittenPolicy("acme", "enforcement , dns", allows+additive) + "specs:\n- endpointSelector: {}\n" + resolver + udp + tcp + anyName + additive,
		},
		"a cluster-wide policy that selects one namespace": {
			existing: strings.NewReplacer("CiliumNetwork", "CiliumClusterwideNetwork", "endpointSelector: {}", "endpointSelector: {matchLabels: {k8s:io.kubernetes.pod.namespace: beta}}").Replace(handWrittenPolicy("x", "enforcement", allows)),
			want:     strings.NewReplacer("CiliumNetwork", "CiliumClusterwideNetwork", "endpointSelector: {}", "endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': beta}}").Replace(handWrittenPolicy("x", "enforcement", allows+additive)),
		},
		"a cluster-wide policy that selects all namespaces": {existing: strings.ReplaceAll(handWrittenPolicy("acme", "enforcement", allows), "CiliumNetwork", "CiliumClusterwideNetwork"), wantChecks: []string{report.PatchNamespaceUnfenced.Name}},
		"a namespace of no tenant":                          {existing: handWrittenPolicy("other", "enforcement", allows), wantChecks: []string{report.PatchNamespaceUnfenced.Name}},
		"unknown aspects":                                   {existing: handWrittenPolicy("acme", "egress,labels,", allows), wantChecks: []string{report.PatchAspectUnknown.Name, report.PatchAspectUnknown.Name}},
		"a resource that is no policy":                      {existing: strings.ReplaceAll(handWrittenPolicy("acme", "labels", allows), "cilium.io", "example.com"), wantChecks: []string{report.PatchKindUnsupported.Name}},
		"a policy of another fence is unchanged":            {existing: strings.ReplaceAll(handWrittenPolicy("acme", "enforcement", allows), "  annotations:", "  labels: {tenantfence.dev/fence: other}\n  annotations:")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(all...)
			if c.stages != nil {
				o.Stages = c.stages
			}
			if c.version != "" {
				o.Fence.Cluster.CiliumVersion = c.version
			}
			checkPatch(t, o, c.existing, c.want, c.wantChecks)
		})
	}
}

func checkPatch(t *testing.T, o merge.Options, existing, want string, wantChecks []string) {
	t.Helper()
	got, findings := mergeAll(o, parse(t, existing), nil)
	if diff := cmp.Diff(wantChecks, checks(findings)); diff != "" {
		t.Fatal(diff, findings)
	}
	if findings.HasError() {
		return
	}
	if want == "" {
		want = text(t, parse(t, existing))
	}
	if diff := cmp.Diff(normalizeSpace(want), normalizeSpace(text(t, got.Items))); diff != "" {
		t.Error(diff)
	}
	again, _ := mergeAll(o, parse(t, text(t, got.Items)), nil)
	if diff := cmp.Diff(text(t, got.Items), text(t, again.Items)); diff != "" {
		t.Errorf("a second run changes something:\n%s", diff)
	}
	for _, c := range again.Changes {
		if c.Action != report.Unchanged {
			t.Errorf("a second run reports %s as %s", c.Ref, c.Action)
		}
	}
}

// normalizeSpace removes differences of indentation and quotes.
func normalizeSpace(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`"`, "'").Replace(s)), " ")
}

func TestPatchRestrictedDNSNames(t *testing.T) {
	t.Parallel()
	names := "  - toFQDNs: # out\n    - matchName: api.example.com # ours\n    - matchPattern: '*.example.org'\n"
	rules := "      rules:\n        dns:\n        - matchName: api.example.com\n        - matchPattern: '*.cluster.local'\n        - matchPattern: '*.example.org'\n"
	o := options(baseline)
	o.Fence.Baseline.DNS.Names = []string{"*.cluster.local", "API.example.com"}
	// The names of the profile, and those that the policy itself resolves, are allowed.
	checkPatch(t, o, handWrittenPolicy("acme", "dns", resolver+udp+tcp+names), handWrittenPolicy("acme", "dns", resolver+udp+tcp+rules+names), nil)
	// In AllowOnly nothing may be denied.
	checkPatch(t, o, handWrittenPolicy("beta", "dns", resolver+udp+tcp), handWrittenPolicy("beta", "dns", resolver+udp+tcp+anyName), nil)
}

// Runs of different stages that patch the same policy agree, in any order.
func TestStagesCommute(t *testing.T) {
	t.Parallel()
	items := func() []*yaml.RNode {
		var out []*yaml.RNode
		for _, ns := range []string{"acme", "beta"} {
			for _, spec := range []string{allows, defaultDeny, allows + additive, defaultDeny + additive, resolver + udp} {
				out = append(out, parse(t, handWrittenPolicy(ns, "enforcement,dns,labels", spec))...)
			}
		}
		return out
	}
	first, last := options(baseline, allow), options(deny)
	a, _ := mergeAll(first, items(), nil)
	a, _ = mergeAll(last, a.Items, nil)
	b, _ := mergeAll(last, items(), nil)
	b, _ = mergeAll(first, b.Items, nil)
	if diff := cmp.Diff(text(t, a.Items), text(t, b.Items)); diff != "" {
		t.Error(diff)
	}
}

func TestNamespacesAndServices(t *testing.T) {
	t.Parallel()
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: acme # ours\n"
	service := "apiVersion: v1\nkind: Service\nmetadata: {name: wazuh, namespace: acme}\nspec:\n  type: LoadBalancer # agents\n"
	for name, c := range map[string]struct{ existing, want string }{
		"a tenant's namespace gets the labels": {
			namespace + "  labels: {tenant: \"yes\", team: a} # who\n", namespace + "  labels: {tenant: \"true\", team: a, managed-by: fence} # who\n",
		},
		"a namespace without labels gets the labels": {namespace, namespace + "  labels:\n    managed-by: fence\n    tenant: 'true'\n"},
		"a namespace with the labels is unchanged":   {namespace + "  labels: {tenant: \"true\", managed-by: fence, team: a}\n", ""},
		"a namespace without a tenant is unchanged":  {strings.ReplaceAll(namespace, "acme", "other"), ""},
		"an external resource is unchanged":          {namespace + "  annotations: {config.kubernetes.io/local-config: \"true\"}\n", ""},
		"a load balancer gets the networks":          {service, service + "  loadBalancerSourceRanges:\n  - 198.51.100.0/24\n  - 203.0.113.0/24\n"},
		"other networks are removed, and comments are kept": {
			service + "  loadBalancerSourceRanges:\n  - 203.0.113.0/24 # office\n  - 0.0.0.0/0 # all\n", service + "  loadBalancerSourceRanges:\n  - 198.51.100.0/24\n  - 203.0.113.0/24 # office\n",
		},
		"the order of networks does not matter":        {service + "  loadBalancerSourceRanges: [203.0.113.0/24, 198.51.100.0/24]\n", ""},
		"another Service is unchanged":                 {strings.ReplaceAll(service, "wazuh", "web"), ""},
		"a Service of another namespace is unchanged":  {strings.ReplaceAll(service, "acme", "beta"), ""},
		"another kind with the same name is unchanged": {"apiVersion: example.com/v1\nkind: Namespace\nmetadata: {name: acme}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(v1alpha1.Stages()...)
			o.Fence.NamespaceLabels = map[string]string{"tenant": "true", "managed-by": "fence"}
			o.Fence.SourceRanges = []policy.SourceRanges{
				{Namespace: "acme", Service: "wazuh", CIDRs: []string{"203.0.113.0/24"}},
				{Namespace: "acme", Service: "wazuh", CIDRs: []string{"198.51.100.0/24", "203.0.113.0/24"}},
			}
			var wantChecks []string
			if strings.Contains(c.existing, "# all") {
				wantChecks = []string{report.SourceRangesReplaced.Name}
			}
			checkPatch(t, o, c.existing, c.want, wantChecks)
			if strings.Contains(c.existing, "Service") {
				o.Stages = []v1alpha1.Stage{baseline, v1alpha1.StageAllow}
				checkPatch(t, o, c.existing, "", nil)
			}
		})
	}
}
