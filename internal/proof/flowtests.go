package proof

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// byFlowTests decides FlowTests under the policies in the items. No Tenant or profile is known.
func (v Verification) byFlowTests() (report.Report, error) {
	v.Debug.Report("read", generate.ReadResult(v.Items))
	in, index, items, findings := generate.ReadWithoutFence(v.Items)
	result := report.Report{Basis: report.FlowTestBasis, Findings: slices.Concat(findings, lint.Moved(items))}
	if result.Findings.HasError() {
		return result, nil
	}
	fence := v.assumedFence(in, items)
	fence.Agent, fence.Overrides, findings = index.AgentOf(fence.Cluster, report.Ref{}, nil)
	if result.Findings = append(result.Findings, findings...); findings.HasError() {
		return result, nil
	}
	decided, err := proof{in: in, index: index, Desired: generate.Desired{Fence: fence}, items: items, progress: v.Progress, debug: v.Debug}.run(v1alpha1.ProofNone)
	if err != nil {
		return result, fmt.Errorf("decide FlowTests: %w", err)
	}
	result.FlowTests, result.Assumptions = decided.FlowTests, decided.Assumptions
	result.Findings = slices.Concat(result.Findings, index.External.Locate(decided.Findings), clusterAssumedFinding(fence))
	return result, nil
}

// assumedCluster is the enforcer without a profile: Cilium if a policy has one of its kinds, and
// otherwise an enforcer of NetworkPolicies.
func assumedCluster(items []*yaml.RNode) v1alpha1.Cluster {
	if slices.ContainsFunc(items, resource.IsCilium) {
		return v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: cilium.Newest}
	}
	return v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}
}

// assumedFence has what the profile would state about the cluster. Policies of Cilium are for Cilium: another
// enforcer would ignore them.
func (v Verification) assumedFence(in *resource.Inputs, items []*yaml.RNode) *policy.Fence {
	cluster := assumedCluster(items)
	if v.Assumed == nil || cluster.CNI != v1alpha1.CNIKubernetes && v.Assumed.Cluster.CNI == v1alpha1.CNIKubernetes {
		return &policy.Fence{Cluster: cluster, Mesh: in.Mesh()}
	}
	return &policy.Fence{Cluster: v.Assumed.Cluster, Profile: v.Assumed.Profile, UndecidedKinds: v.Assumed.UndecidedKinds, Mesh: in.Mesh()}
}

func clusterAssumedFinding(f *policy.Fence) report.Findings {
	by := "Cilium " + cilium.Newest + ", because policies have its kinds"
	switch {
	case f.Profile.Kind != "":
		by = enforcerText(f.Cluster) + ", as in the other build"
	case f.Cluster.CNI == v1alpha1.CNIKubernetes:
		by = "an enforcer of NetworkPolicies with unknown pod and node addresses, because no policy has a kind of Cilium"
	}
	return report.Findings{report.New(report.ClusterAssumed, report.Info, report.Ref{}, "", "%s", "no FenceProfile describes the cluster, so flows are decided by "+by+": add a FenceProfile that sets cluster.cni")}
}

// hasFlowTest reports whether the items contain a FlowTest.
func hasFlowTest(items []*yaml.RNode) bool {
	return slices.ContainsFunc(items, func(n *yaml.RNode) bool {
		return n.GetKind() == v1alpha1.KindFlowTest && resource.Group(n) == v1alpha1.Group
	})
}
