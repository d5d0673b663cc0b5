package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
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
	fence := &policy.Fence{Cluster: assumedCluster(r.rest)}
	e, said, err := enforce(fence, index, r.rest, closing{})
	if err != nil {
		return report, fmt.Errorf("decide FlowTests: %w", err)
	}
	for i := range said {
		// What is left out may isolate pods, or allow something.
		if said[i].Check == "policy-rejected" {
			said[i].Severity = policy.Error
		}
	}
	report.Findings = slices.Concat(report.Findings, said, assumed(fence.Cluster))
	if e == nil {
		return report, nil
	}
	endpoints := reach.Endpoints{Index: index, Fence: fence, Reasons: resource.Reasons(r.rest)}
	for i, t := range r.in.FlowTests {
		v.Progress.Tell("deciding FlowTests", i, len(r.in.FlowTests))
		report.FlowTests = append(report.FlowTests, reach.Run(e, endpoints, t))
		report.Findings = append(report.Findings, endpoints.ImaginedEnds(t)...)
	}
	return report, nil
}

// assumedCluster is the enforcer where no profile names one: Cilium where a policy is of its
// kinds, and else one of NetworkPolicies.
func assumedCluster(items []*yaml.RNode) v1alpha1.Cluster {
	if slices.ContainsFunc(items, resource.IsCilium) {
		return v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: newest}
	}
	return v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}
}

func assumed(c v1alpha1.Cluster) policy.Findings {
	by := "Cilium " + newest + ", since there are policies of its kinds"
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
