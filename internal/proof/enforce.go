package proof

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/netpol"
	"github.com/tenantfence/tenantfence/internal/parallel"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// readPolicies are the policies to decide, without those that cannot be decided.
type readPolicies struct {
	flow.Program
	// undecided are policies with warnings that the program lacks or interprets differently: flows at
	// pods that they may select are unknown.
	undecided []report.Ref
}

// readEnforced reads policies. It leaves out policies that cannot be decided: in namespaces without a tenant with a
// warning, and elsewhere with an error, which stops the proof.
func readEnforced(fence *policy.Fence, index *resource.Index, items []*yaml.RNode, synthetic syntheticDefaultDeny) (readPolicies, report.Findings, error) {
	findings := lint.Requirements(fence, items)
	for {
		items = withoutReported(items, findings)
		program, err := newProgram(fence, index, items, synthetic)
		var rejected flow.RejectedError
		switch {
		case errors.As(err, &rejected):
			findings = append(findings, rejections(fence, rejected, items)...)
			if len(withoutReported(items, findings)) == len(items) {
				return readPolicies{}, findings, nil
			}
		case err != nil:
			return readPolicies{}, findings, err
		default:
			return readPolicies{Program: program, undecided: warnedResources(findings)}, findings, nil
		}
	}
}

// warnedResources are the resources of warnings. An error fails the proof by itself.
func warnedResources(findings report.Findings) []report.Ref {
	var out []report.Ref
	for _, f := range findings {
		if f.Severity == report.Warning {
			out = append(out, f.Resource)
		}
	}
	return out
}

// withoutReported are the items without findings.
func withoutReported(items []*yaml.RNode, findings report.Findings) []*yaml.RNode {
	out := map[report.Ref]bool{}
	for _, f := range findings {
		out[resource.IDOf(f.Resource)] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return out[resource.ID(n)] })
}

// newProgram reads the policies among the items for the cluster's enforcer, and synthetic ones. A flow.RejectedError
// names the policies that it rejects.
func newProgram(fence *policy.Fence, index *resource.Index, items []*yaml.RNode, synthetic syntheticDefaultDeny) (flow.Program, error) {
	docs, err := synthetic.policies(fence.Cluster.CNI)
	if err != nil {
		return nil, err
	}
	distinct, _ := resource.Deduplicate(items)
	// External resources do not reach the cluster, so a deny among them has no effect.
	distinct = slices.DeleteFunc(distinct, func(n *yaml.RNode) bool {
		return !isEnforced(fence, n) || resource.IsLocalConfig(n)
	})
	documents, errs := make([]json.RawMessage, len(distinct)), make([]error, len(distinct))
	parallel.For(len(distinct), func(i int) {
		if documents[i], errs[i] = block.JSON(distinct[i]); errs[i] != nil {
			errs[i] = fmt.Errorf("read %s: %w", resource.RefOf(distinct[i]), errs[i])
		}
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	program, err := read(reach.Endpoints{Index: index, Fence: fence}, inMesh(fence, items), append(docs, documents...))
	if err != nil {
		return nil, fmt.Errorf("start the policy engine: %w", err)
	}
	return program, nil
}

// undecidable reports whether an error is about the policies: an engine rejects them, cannot decide them,
// or exceeds its budget.
func undecidable(err error) bool {
	var rejected flow.RejectedError
	var conflict flow.ConflictError
	var budget endpoints.BudgetError
	return errors.As(err, &rejected) || errors.As(err, &conflict) || errors.As(err, &budget)
}

// fullName is how a flow.RejectedError names a policy.
func fullName(n *yaml.RNode) string {
	return flow.FullName(n.GetKind(), n.GetNamespace(), n.GetName())
}

// read reads policies for the enforcer of a cluster.
func read(of reach.Endpoints, mesh bool, policies []json.RawMessage) (flow.Program, error) {
	c := of.Fence.Cluster
	if c.CNI != v1alpha1.CNIKubernetes {
		return engine.Read(engine.Options{
			ClusterName: c.Name, Agent: of.Fence.Agent, Mesh: mesh, NodeCIDRs: c.NodeCIDRs, APIServer: of.APIServer(), Nodes: of.Nodes(),
		}, policies)
	}
	options := netpol.Options{PodCIDRs: c.PodCIDRs, ServiceCIDRs: c.ServiceCIDRs, NodeCIDRs: c.NodeCIDRs}
	if c.APIServer != nil {
		options.APIServer = c.APIServer.CIDRs
	}
	return netpol.Read(options, policies)
}

// isEnforced reports whether the enforcer reads an item: a policy, or a resource that policies refer to.
func isEnforced(fence *policy.Fence, n *yaml.RNode) bool {
	if resource.Group(n) == resource.AdministratorGroup {
		return n.GetKind() == resource.KindAdministrator && fence.EnforcesClusterNetworkPolicies()
	}
	return resource.IsPolicy(n) || resource.Group(n) == "cilium.io" && n.GetKind() == resource.KindCIDRGroup
}

// affectsTraffic reports whether an item affects traffic, even if it is not decided.
func affectsTraffic(n *yaml.RNode) bool {
	return resource.IsPolicy(n) || resource.Group(n) == "cilium.io" && n.GetKind() == resource.KindCIDRGroup || resource.CoverageOf(n).Class == resource.NotDecided
}

// rejections report policies that cannot be decided: the enforcer rejects them, or they refer to
// unknown resources. Policies that select no pod of a tenant do not stop the proof.
func rejections(fence *policy.Fence, rejected flow.RejectedError, items []*yaml.RNode) report.Findings {
	by := "Cilium"
	if fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		by = "Kubernetes"
	}
	refs := map[string]report.Ref{}
	for _, n := range items {
		refs[fullName(n)] = resource.RefOf(n)
	}
	var out report.Findings
	for _, r := range rejected {
		f := report.New(report.PolicyRejected, report.Error, refs[r.Name], "", "is rejected by %s, or cannot be decided from the build, so nothing is proved: %v", by, r.Err)
		if !fence.MayAffectTenant(f.Resource.Namespace) {
			f.Severity = report.Warning
			f.Message = fmt.Sprintf("is rejected by %s, or cannot be decided from the build, and is left out: %v", by, r.Err)
		}
		out = append(out, f)
	}
	return out
}
