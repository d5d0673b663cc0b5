package fn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// feature is one field of a profile or a Tenant, in addition to the base in testdata/releases.
type feature struct {
	// ingress, egress and agentIngress are a flow of Tenant acme each, and profile are
	// fields of the profile's spec.
	ingress, egress, agentIngress, profile string
	// since is the first minor version that takes it. 0: each does.
	since int
}

// features use what can be declared one by one, so that each is decided by itself.
var features = map[string]feature{
	"the base alone": {},

	"every port":                    {ingress: `from: [{entities: [world]}]`},
	"a port, by number and by name": {ingress: `from: [{tenant: beta}], ports: [{port: 8080}, {port: http}]`},
	"more ports than one list has":  {ingress: `from: [{entities: [world]}], ports: [` + manyPorts(90) + `]`},
	"SCTP, UDP and any protocol":    {ingress: `from: [{entities: [world]}], ports: [{port: 7000, protocol: SCTP}, {port: 7001, protocol: UDP}, {port: 7002, protocol: ANY}]`},
	"a range of ports":              {ingress: `from: [{entities: [world]}], ports: [{port: 8000, endPort: 8010}]`, since: 16},
	"a range of ports with http":    {ingress: `from: [{entities: [world]}], ports: [{port: 8000, endPort: 8010}], http: [{method: GET}]`, since: 17},
	"a range in egress with http":   {egress: `to: [{namespace: other}], ports: [{port: 8000, endPort: 8010}], http: [{method: GET}]`, since: 17},
	"a range of agents":             {agentIngress: `pods: {matchLabels: {app: web}}, ports: [{port: 8000, endPort: 8010}], mode: LoadBalancer, cidrs: [198.51.100.0/24], sourceIP: Client`, since: 16},
	"agents":                        {agentIngress: `pods: {matchLabels: {app: web}}, ports: [{port: 8080}], mode: LoadBalancer, cidrs: [198.51.100.0/24], sourceIP: Client`},
	"a range of server names":       {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 8443, endPort: 8450}], tls: {serverNames: [a.example.com]}`, since: 16},

	"every entity":        {egress: `to: [{entities: [all, cluster, host, remote-node, kube-apiserver, ingress, health, world, world-ipv4, world-ipv6]}]`},
	"networks":            {ingress: `from: [{cidrs: [10.0.0.0/8, "2001:DB8::/32", "::/0"], except: [10.1.0.0/16, "2001:db8:1::/48"]}]`},
	"a dotted network":    {egress: `to: [{cidrs: ["64:ff9b::192.0.2.0/120"]}]`},
	"namespace labels":    {ingress: `from: [{namespaceLabels: {kind: tools}, pods: {matchLabels: {app: tool}}}]`},
	"any tenant":          {ingress: `from: [{anyTenant: true}], ports: [{port: 8080}]`},
	"a Service":           {egress: `to: [{service: other/api}]`},
	"selectors":           {ingress: `pods: {matchExpressions: [{key: app, operator: In, values: [web]}, {key: x, operator: DoesNotExist}]}, from: [{namespace: other, pods: {matchExpressions: [{key: y, operator: Exists}]}}]`},
	"every type of ICMP":  {ingress: `from: [{entities: [world]}], icmp: [EchoRequest, DestinationUnreachable, TimeExceeded, ParameterProblem]`},
	"ICMP to a name":      {egress: `to: [{fqdns: [a.example.com]}], icmp: [EchoRequest]`},
	"a port's name":       {egress: `to: [{namespace: other}], ports: [{port: api}]`},
	"http":                {ingress: `from: [{tenant: beta}], ports: [{port: 8080}], http: [{method: GET, path: "/v1/.*", host: "web\\.example\\.com", headers: ["X-A: b", "X-B"]}, {method: PUT}]`},
	"http, intercepted":   {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], http: [{method: GET}], tls: {serverNames: [a.example.com], terminating: {namespace: tenant-acme, name: a}, originating: {namespace: tenant-acme, name: b}}`},
	"names":               {egress: `to: [{fqdns: [A.example.com., "*.example.com", "api-*.example.com"]}], ports: [{port: 443}]`},
	"names of any depth":  {egress: `to: [{fqdns: ["**.example.com"]}], ports: [{port: 443}]`, since: 19},
	"DNS":                 {egress: `to: [{namespace: kube-system}], ports: [{port: 53, protocol: UDP}, {port: 53}], dns: [a.example.com, "*.example.com"]`},
	"DNS of any depth":    {egress: `to: [{namespace: kube-system}], ports: [{port: 53}], dns: ["**.example.com"]`, since: 19},
	"server names":        {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], tls: {serverNames: [A.example.com., b.example.com]}`},
	"server patterns":     {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], tls: {serverNames: ["*.example.com"]}`, since: 18},
	"servers of depth":    {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], tls: {serverNames: ["**.example.com"]}`, since: 19},
	"servers by a prefix": {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], tls: {serverNames: ["api-*.example.com"]}`, since: 20},
	"servers by two *":    {egress: `to: [{fqdns: [a.example.com]}], ports: [{port: 443}], tls: {serverNames: ["*.b*.example.com"]}`, since: 20},
	"an egress point":     {egress: `via: proxy, to: [{fqdns: [a.example.com]}], ports: [{port: 443}]`},

	"the scope Cluster":           {profile: `scope: Cluster`, since: 16},
	"another baseline":            {profile: `baseline: {dns: {nodeLocal: true, names: ["*.example.com"]}, intraNamespace: false, apiServer: {ports: [443, 6443]}, monitoring: {namespace: other, ports: [{port: 9090}, {port: http}]}}`},
	"monitoring by a range":       {profile: `baseline: {monitoring: {namespace: other, ports: [{port: 9000, endPort: 9100}]}}`, since: 16},
	"both forms":                  {profile: `policies: Both, cluster: {cni: Cilium, podCIDRs: [10.244.0.0/16], serviceCIDRs: [10.96.0.0/12], nodeCIDRs: [192.168.0.0/16]}`},
	"a name of the cluster":       {profile: `clusterHostnames: [{fqdns: [web.example.com], service: other/api}]`, egress: `to: [{fqdns: [web.example.com]}], ports: [{port: 80}]`},
	"nodes":                       {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: Enforce, ingress: [{name: a, from: [{entities: [remote-node]}], ports: [{port: 4240}]}, {name: p, from: [{entities: [remote-node]}], icmp: [EchoRequest]}], egress: [{name: b, to: [{entities: [cluster]}]}]}]`},
	"nodes in AllowOnly":          {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: AllowOnly, egress: [{name: b, to: [{entities: [cluster]}]}]}]`},
	"nodes that use names":        {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: Enforce, egress: [{name: b, to: [{fqdns: [a.example.com]}], ports: [{port: 443}]}]}]`, since: 17},
	"names of nodes in AllowOnly": {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: AllowOnly, egress: [{name: b, to: [{fqdns: [a.example.com]}], ports: [{port: 443}]}]}]`, since: 17},
	"nodes that ask DNS":          {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: Enforce, egress: [{name: b, to: [{namespace: kube-system}], ports: [{port: 53, protocol: UDP}], dns: ["*"]}]}]`, since: 17},
	"nodes and a local name":      {profile: `clusterHostnames: [{fqdns: [web.example.com], service: other/api}], nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: Enforce, egress: [{name: b, to: [{fqdns: [web.example.com]}], ports: [{port: 80}]}]}]`, since: 17},
	"nodes by a range":            {profile: `nodes: [{name: n, nodeSelector: {matchLabels: {role: worker}}, enforcement: Enforce, ingress: [{name: b, from: [{entities: [world]}], ports: [{port: 30000, endPort: 32767}]}]}]`, since: 16},
	"a flow of every tenant":      {profile: `allTenants: {egress: [{name: e, to: [{entities: [world]}], ports: [{port: 8000, endPort: 8010}]}]}`, since: 16},
	"a mesh":                      {profile: `cluster: {cni: Cilium, name: east}`},
}

// manyPorts lists more ports than Cilium takes in one entry.
func manyPorts(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("{port: %d}", 20000+2*i))
	}
	return strings.Join(out, ", ")
}

// TestEachFeatureFitsEachRelease checks that generated policies match the CRDs and agent rules of
// the declared release, or that the field is refused.
func TestEachFeatureFitsEachRelease(t *testing.T) {
	t.Parallel()
	config, base := readCase(t, "../testdata/releases")
	for _, r := range releases(t) {
		for _, name := range slices.Sorted(maps.Keys(features)) {
			for _, enforcement := range []string{"AllowOnly", "Enforce"} {
				t.Run(fmt.Sprintf("%s/%s/%s", r.version, name, enforcement), func(t *testing.T) {
					t.Parallel()
					f := features[name]
					items := copied(base)
					f.add(t, items, enforcement)
					declareVersion(t, config, items, r)
					generated, refused := policiesOf(t, config, items)
					if want := r.minor < f.since; refused != want {
						t.Errorf("it is refused: %v", refused)
					}
					if !refused && enforcement == "Enforce" && len(generated) < 4 {
						t.Errorf("only %d policies are generated", len(generated))
					}
					for _, n := range generated {
						r.checkFits(t, n)
					}
				})
			}
		}
	}
}

// TestGoldenCasesFitEachRelease renders every golden case as each release would have it.
func TestGoldenCasesFitEachRelease(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join(testdata, "generated", "*", "fence.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden case found: %v", err)
	}
	fitting := map[string]int{}
	for _, r := range releases(t) {
		for _, c := range cases {
			config, items := readCase(t, filepath.Dir(c))
			config = config.Copy()
			// Existing policies were written for one version.
			items = slices.DeleteFunc(items, resource.IsPolicy)
			if !declareVersion(t, config, items, r) {
				continue
			}
			generated, _ := policiesOf(t, config, items)
			for _, n := range generated {
				r.checkFits(t, n)
			}
			fitting[r.version] += len(generated)
		}
		if fitting[r.version] < 100 {
			t.Errorf("%s: only %d policies were generated", r.version, fitting[r.version])
		}
	}
}

// add puts the feature into the profile and Tenant acme.
func (f feature) add(t *testing.T, items []*yaml.RNode, enforcement string) {
	t.Helper()
	for _, n := range items {
		switch {
		case n.GetKind() == "FenceProfile":
			fields := parse(t, "profile", []byte("{enforcement: "+enforcement+", "+f.profile+"}"))[0]
			if err := fields.VisitFields(func(field *yaml.MapNode) error {
				if field.Key.YNode().Value == "metadata" {
					// Where it was read from.
					return nil
				}
				return n.PipeE(yaml.Lookup("spec"), yaml.SetField(field.Key.YNode().Value, field.Value))
			}); err != nil {
				t.Fatal(err)
			}
		case n.GetKind() == "Tenant" && n.GetName() == "acme":
			for field, flow := range map[string]string{"ingress": f.ingress, "egress": f.egress, "agentIngress": f.agentIngress} {
				if flow == "" {
					continue
				}
				list := parse(t, field, []byte("{flows: [{name: f, "+flow+"}]}"))[0].Field("flows").Value
				if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField(field, list)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// declareVersion has the profile declare a release, and reports whether Cilium is the
// enforcer.
func declareVersion(t *testing.T, config *yaml.RNode, items []*yaml.RNode, r *release) bool {
	t.Helper()
	found := false
	at := func(n *yaml.RNode, path ...string) {
		spec, err := n.Pipe(yaml.Lookup(path...))
		if err != nil || spec == nil {
			return
		}
		cni, err := spec.Pipe(yaml.Lookup("cluster", "cni"))
		if err != nil || cni != nil && cni.YNode().Value == "Kubernetes" {
			return
		}
		found = true
		if err := spec.PipeE(yaml.LookupCreate(yaml.MappingNode, "cluster"), yaml.SetField("ciliumVersion", yaml.NewStringRNode(fmt.Sprintf("1.%d", r.minor)))); err != nil {
			t.Fatal(err)
		}
	}
	at(config, "spec", "profile")
	for _, n := range items {
		if n.GetKind() == "FenceProfile" {
			at(n, "spec")
		}
	}
	return found
}

// policiesOf returns the generated Cilium policies, or the error that the version does not support a
// feature. It proves nothing.
func policiesOf(t *testing.T, config *yaml.RNode, items []*yaml.RNode) (policies []*yaml.RNode, refused bool) {
	t.Helper()
	r, err := fn.Process(config.Copy(), copied(items), fn.Options{SkipProof: true})
	for _, f := range r.Findings {
		if f.Severity == report.Error && f.Check != report.CiliumTooOld {
			t.Errorf("refused for another reason: %s", f)
		}
	}
	if err != nil {
		return nil, true
	}
	originals := map[string]bool{}
	for _, n := range items {
		originals[n.MustString()] = true
	}
	for _, n := range r.Items {
		if resource.IsCilium(n) && n.GetLabels()[resource.LabelManagedBy] == resource.ManagedBy && !originals[n.MustString()] {
			policies = append(policies, n)
		}
	}
	return policies, false
}

// checkFits holds a policy against the release's custom resource, and against the rules of its
// agent that no custom resource states.
func (r *release) checkFits(t *testing.T, n *yaml.RNode) {
	t.Helper()
	data, err := n.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.accepts(t, data), r.checkAgentRules(t, data)); err != nil {
		t.Errorf("%s %s/%s does not fit Cilium %s: %v", n.GetKind(), n.GetNamespace(), n.GetName(), r.version, err)
	}
}

// checkAgentRules is what the release's agent refuses of a policy that its custom resource
// accepts: the rules of pkg/policy/api/rule_validation.go that changed.
func (r *release) checkAgentRules(t *testing.T, data []byte) error {
	t.Helper()
	type rule struct {
		ToPorts []struct {
			Ports []struct {
				Port    string
				EndPort int
			}
			Rules map[string]any
		}
	}
	var read struct {
		Spec struct {
			NodeSelector    any
			Ingress, Egress []rule
		}
	}
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	var errs []error
	if len(read.Spec.Ingress)+len(read.Spec.Egress) == 0 {
		errs = append(errs, errors.New("it has neither ingress nor egress"))
	}
	for _, rule := range slices.Concat(read.Spec.Ingress, read.Spec.Egress) {
		for _, ports := range rule.ToPorts {
			if len(ports.Ports) > 40 {
				errs = append(errs, errors.New("it has more than 40 ports in a list"))
			}
			if read.Spec.NodeSelector != nil && len(ports.Rules) > 0 && !cilium.HostDNS.In(r.minor) {
				errs = append(errs, errors.New("host policies do not support L7 rules yet"))
			}
			for _, p := range ports.Ports {
				if p.EndPort > 0 && len(ports.Rules) > 0 && !cilium.RangesWithHTTP.In(r.minor) {
					errs = append(errs, errors.New("L7 rules do not support port ranges"))
				}
			}
		}
	}
	return errors.Join(errs...)
}
