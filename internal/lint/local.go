package lint

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func mayAffectTraffic(n *yaml.RNode) bool {
	return resource.IsPolicy(n) || resource.Group(n) == "cilium.io" || resource.CoverageOf(n).Class == resource.NotDecided
}

// LocalPolicies refuses finished policies that are local-config: kubectl applies them, but
// kustomize, Flux and kpt do not. In a kpt package, a hand-written policy may be local-config,
// because only kpt applies the package. A generated policy may not.
func LocalPolicies(items []*yaml.RNode, kpt bool, fence string) report.Findings {
	var out report.Findings
	for _, n := range items {
		if !mayAffectTraffic(n) || !resource.IsLocalConfig(n) {
			continue
		}
		f := report.New(report.PolicyLocalConfig, report.Error, resource.RefOf(n), "metadata.annotations["+resource.LocalConfig+"]", "marks a policy as local-config: kubectl applies it, but kustomize, Flux and kpt do not, so whether it is enforced is unknown: remove the annotation, or the policy")
		switch own := fence != "" && resource.FenceOf(n) == fence; {
		case kpt && own:
			f.Message = "marks a generated policy as local-config, so kpt does not apply it: remove the annotation"
		case kpt:
			f.Severity = report.Warning
			f.Message = "marks a policy as local-config: kpt does not apply it, so it is not decided, but kubectl applies it: remove the annotation, or the policy"
		}
		out = append(out, f)
	}
	return out
}
