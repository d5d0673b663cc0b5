package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// mayAffectTraffic reports whether resources of a group may decide what traffic is allowed.
func mayAffectTraffic(n *yaml.RNode) bool {
	return resource.IsPolicy(n) || resource.Group(n) == "cilium.io" || resource.CoverageOf(n).Class == resource.NotDecided
}

// LocalPolicies refuses finished policies that are marked local-config: kubectl applies
// them all the same, while kustomize, Flux and kpt leave them out. In a kpt package a
// hand-written policy may be marked, since kpt alone applies it; one of the fence may not.
func LocalPolicies(items []*yaml.RNode, kpt bool, fence string) report.Findings {
	var out report.Findings
	for _, n := range items {
		if !mayAffectTraffic(n) || !resource.IsLocalConfig(n) {
			continue
		}
		f := report.New(report.PolicyLocalConfig, report.Error, resource.RefOf(n), "metadata.annotations["+resource.LocalConfig+"]", "marks a policy as local: kubectl applies it all the same, and kustomize, Flux and kpt do not, so whether it is enforced is unknown: remove the annotation, or the policy")
		switch own := n.GetLabels()[resource.LabelFence] == fence && fence != ""; {
		case kpt && own:
			f.Message = "marks a generated policy as local, so kpt does not apply it: remove the annotation"
		case kpt:
			f.Severity = report.Warning
			f.Message = "marks a policy as local: kpt does not apply it, so it is not decided; kubectl apply would apply it"
		}
		out = append(out, f)
	}
	return out
}
