package proof

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
)

// isolation proves isolation, except for tenants and nodes without generated policies. It returns the largest policy map.
func (p proof) isolation(subject reach.Proof, result *report.Report) (flow.Largest, error) {
	notGenerated := ungenerated(p.Fence).in(p.asked)
	if names := notGenerated.names(); len(names) > 0 {
		result.Findings = append(result.Findings, report.New(report.NotProved, report.Warning, p.in.FenceRef, "", "%s", "no policies are generated in AllowOnly here, so isolation is not proved for "+strings.Join(names, ", ")+": set Enforce to prove it"))
	}
	if !isolatesAny(p.Fence) {
		return flow.Largest{}, nil
	}
	if len(notGenerated) > 0 && len(notGenerated) == len(syntheticDefaultDeny(p.Fence.Owners()).in(p.asked)) {
		result.Unproved = append(result.Unproved, "no policies are generated in AllowOnly here (NetworkPolicies, or Cilium before "+cilium.AdditivePolicies.Introduced()+"), so isolation is not proved until a tenant is in Enforce")
		return flow.Largest{}, nil
	}
	if findings := unnamedCluster(p.Fence, p.in.Profile.Ref, p.items); len(findings) > 0 {
		result.Findings = append(result.Findings, findings...)
		return flow.Largest{}, nil
	}
	own := func(n *yaml.RNode) bool { return p.own[n] }
	result.Findings = slices.Concat(result.Findings, lint.HostPolicies(p.Fence, p.items, own), lint.StartingPods(p.Fence, p.items, own))
	isolated, err := subject.Isolation()
	if err != nil {
		return flow.Largest{}, err
	}
	isolation := isolated.Isolation
	if !p.alternativeAgent {
		isolation.Recalled = p.recalled.decide(isolated.Parts)
	}
	result.Findings = slices.Concat(result.Findings, isolated.Findings, subject.HostNetworkFindings())
	if p.Fence.Cluster.CNI != v1alpha1.CNIKubernetes && !result.Findings.HasError() {
		result.Findings = append(result.Findings, lint.ReservedLabelsAssumed(p.in.FenceRef))
	}
	isolation.AllowOnlyOwners = allowOnly(p.Fence).in(p.asked).names()
	if p.asked.Includes("") {
		isolation.Unfenced = len(p.Fence.Unfenced)
	}
	result.Isolation = &isolation
	return isolated.Largest, nil
}
