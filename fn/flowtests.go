package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// byFlowTests decides FlowTests where nothing else of this project's kinds is known, under
// the policies as they are.
func (v Verification) byFlowTests() (policy.Report, error) {
	var r reader
	for _, n := range v.Items {
		r.readItem(n)
	}
	index, findings := resource.NewIndex(r.rest)
	report := policy.Report{Basis: policy.FlowTestBasis, Findings: slices.Concat(r.findings, findings, lint.Moved(r.rest))}
	if report.Findings.HasError() {
		return report, nil
	}
	fence := &policy.Fence{Cluster: assumedCluster(r.rest), Mesh: r.in.Mesh()}
	fence.Agent, fence.Overrides, findings = index.AgentOf(fence.Cluster, policy.Ref{}, nil)
	if report.Findings = append(report.Findings, findings...); findings.HasError() {
		return report, nil
	}
	decided, err := proof{in: &r.in, index: index, desiredState: desiredState{fence: fence}, items: r.rest, progress: v.Progress}.run(v1alpha1.ProofNone)
	if err != nil {
		return report, fmt.Errorf("decide FlowTests: %w", err)
	}
	report.FlowTests, report.Assumptions = decided.FlowTests, decided.Assumptions
	report.Findings = slices.Concat(report.Findings, decided.Findings, clusterAssumedFinding(fence.Cluster))
	return report, nil
}

// assumedCluster is the enforcer where no profile names one: Cilium where a policy is of its
// kinds, and else one of NetworkPolicies.
func assumedCluster(items []*yaml.RNode) v1alpha1.Cluster {
	if slices.ContainsFunc(items, resource.IsCilium) {
		return v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: engineVersion}
	}
	return v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}
}

func clusterAssumedFinding(c v1alpha1.Cluster) policy.Findings {
	by := "Cilium " + engineVersion + ", since there are policies of its kinds"
	if c.CNI == v1alpha1.CNIKubernetes {
		by = "an enforcer of NetworkPolicies with unknown pod and node addresses, since there are no policies of Cilium's kinds"
	}
	return policy.Findings{{
		Check: "cluster-assumed", Severity: policy.Info,
		Message: "no FenceProfile describes the cluster, so flows are decided by " + by + ": add a FenceProfile to state cluster.cni",
	}}
}

// hasFlowTest reports whether there is a FlowTest among the items.
func hasFlowTest(items []*yaml.RNode) bool {
	return slices.ContainsFunc(items, func(n *yaml.RNode) bool {
		return n.GetKind() == v1alpha1.KindFlowTest && resource.Group(n) == v1alpha1.Group
	})
}
