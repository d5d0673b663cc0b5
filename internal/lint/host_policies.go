package lint

import (
	"encoding/json"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// HostPolicies refuses host policies without an entry in nodes of the profile. Traffic of nodes is
// decided only for the nodes and directions of these entries.
func HostPolicies(f *policy.Fence, items []*yaml.RNode, own func(*yaml.RNode) bool) report.Findings {
	var out report.Findings
	for _, n := range items {
		if !resource.IsCilium(n) || n.GetKind() != resource.KindClusterwide || resource.IsLocalConfig(n) || own(n) {
			continue
		}
		rules := func(at string, spec any) []hostRules { return hostRulesOf(f, at, spec) }
		for _, h := range inSpecs(n, rules) {
			if ds := uncoveredDirections(f, h); len(ds) > 0 {
				out = append(out, report.New(report.HostPolicyUndeclared, report.Error, resource.RefOf(n), h.at+".nodeSelector", "denies %s of nodes that no entry of nodes in the FenceProfile covers, which can cut them off from the cluster: declare these nodes and the flows that they require there, or remove the policy", strings.Join(ds, " and ")))
			}
		}
	}
	return out
}

// hostRules are the nodes of a policy's spec, and the directions in which it denies, by default or
// by rules. An allow without default-deny has no effect on nodes that no policy isolates. For nodes
// with an entry in the profile, it is decided.
type hostRules struct {
	at         string
	selector   endpoints.Selector
	directions []flow.Direction
}

func hostRulesOf(f *policy.Fence, at string, spec any) []hostRules {
	object, _ := spec.(map[string]any)
	if object["nodeSelector"] == nil {
		return nil
	}
	out := hostRules{at: at}
	// An invalid selector matches nothing, and the engine rejects the policy.
	if data, err := json.Marshal(object["nodeSelector"]); err == nil {
		_ = json.Unmarshal(data, &out.selector)
	}
	for _, d := range flow.Directions() {
		isolates := len(listField(spec, string(d))) > 0
		if defaults, ok := object["enableDefaultDeny"].(map[string]any); ok && f.Has(cilium.AdditivePolicies) && defaults[string(d)] == false {
			isolates = false
		}
		if isolates || len(listField(spec, string(d)+"Deny")) > 0 {
			out.directions = append(out.directions, d)
		}
	}
	return []hostRules{out}
}

func uncoveredDirections(f *policy.Fence, h hostRules) []string {
	var out []string
	for _, d := range h.directions {
		covered := slices.ContainsFunc(f.Nodes(), func(n *policy.Owner) bool {
			return slices.Contains(n.DefaultDeny, d) && endpoints.Narrows(endpoints.WithoutSources(h.selector), n.Selector)
		})
		if !covered {
			out = append(out, string(d))
		}
	}
	return out
}
