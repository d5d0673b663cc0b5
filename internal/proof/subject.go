package proof

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// subject describes what a report is about.
func (p proof) subject(items []*yaml.RNode, tests []report.FlowTestResult) *report.Subject {
	s := &report.Subject{
		Fence: p.Fence.Name, Profile: p.Fence.Profile, Enforcer: enforcerText(p.Fence.Cluster), Resources: len(items),
		Workloads: len(p.index.Workloads), Policies: len(p.Policies), Baseline: baselineTexts(p.Fence.Baseline), Tenants: p.Fence.FlowsByTenant(),
	}
	for i := range s.Tenants {
		s.Tenants[i].Exceptions = p.exceptions(p.Fence.Tenants()[i])
	}
	best := 0
	for _, t := range tests {
		for _, c := range t.Cases {
			if c.Case.Expect != v1alpha1.ExpectDeny || !c.Passed {
				continue
			}
			for _, f := range c.Flows {
				if rank := p.exampleRank(f); rank > best {
					best = rank
					s.Denied = p.deniedFlow(t, c, f)
				}
			}
		}
	}
	return s
}

// exceptions describe what a tenant does not have of the baseline, and what it fences in part.
func (p proof) exceptions(t *policy.Owner) []string {
	var out []string
	switch {
	case t.WithoutDNS:
		out = append(out, "without DNS")
	case t.NarrowsDNS():
		out = append(out, "DNS for "+endpoints.FormatLabels(t.DNSPods.MatchLabels)+" alone")
	}
	if !t.IntraNamespace && p.Fence.Baseline.AllowsIntraNamespace() {
		out = append(out, "without pods of its own namespace")
	}
	if !t.SharesNamespaces() {
		return out
	}
	var unfenced []string
	for _, w := range p.index.Workloads {
		if ns := w.Ref.Namespace; slices.Contains(t.Namespaces, ns) && p.Fence.OwnerOfPod(ns, w.Labels) == nil {
			unfenced = append(unfenced, w.Ref.Kind+"/"+w.Ref.Name)
		}
	}
	fences := "fences " + endpoints.FormatLabels(t.Selector.MatchLabels)
	if len(unfenced) > 0 {
		slices.Sort(unfenced)
		fences += "; unfenced: " + report.Brief(unfenced)
	}
	return append(out, fences)
}

func enforcerText(c v1alpha1.Cluster) string {
	if c.CNI == v1alpha1.CNIKubernetes {
		return "an enforcer of NetworkPolicy"
	}
	return "Cilium " + c.CiliumVersion
}

// baselineTexts describes the baseline.
func baselineTexts(b v1alpha1.Baseline) []string {
	out := []string{"DNS in " + b.DNS.Namespace}
	if b.AllowsIntraNamespace() {
		out = append(out, "pods of its own namespace")
	}
	if b.APIServer != nil {
		out = append(out, "the apiserver")
	}
	if m := b.Monitoring; m != nil {
		out = append(out, "monitoring from "+m.Namespace)
	}
	return out
}

// exampleRank prefers a flow between pods of the build of two tenants, then one with a pod as source.
func (p proof) exampleRank(f report.FlowResult) int {
	from, to := p.ownerOf(f.Flow.From), p.ownerOf(f.Flow.To)
	switch {
	case f.Verdict.Decision() != flow.Denied:
		return 0
	case from != nil && to != nil && from != to:
		return 3
	case from != nil || to != nil:
		return 2
	}
	return 1
}

func (p proof) ownerOf(e endpoints.Endpoint) *policy.Owner {
	if e.Kind != endpoints.PodEndpoint || e.Cluster != "" {
		return nil
	}
	return p.Fence.OwnerOfPod(e.Namespace, e.Labels)
}

func (p proof) deniedFlow(t report.FlowTestResult, c report.CaseResult, f report.FlowResult) *report.DeniedFlow {
	out := &report.DeniedFlow{Test: t.Test.Name, Case: c.Case.Name, Flow: f.Flow, Side: flow.Egress}
	side, at := f.Verdict.Egress, f.Flow.From
	if side.Decision != flow.Denied {
		out.Side, side, at = flow.Ingress, f.Verdict.Ingress, f.Flow.To
	}
	owner := p.ownerOf(at)
	out.Policies, out.DefaultDeny = side.Policies.Names(), p.defaultDenyOf(at)
	out.AllowOnly = owner != nil && owner.Enforcement != v1alpha1.Enforce
	return out
}

// defaultDenyOf returns the generated default-deny policies of a pod, none for a tenant in AllowOnly.
func (p proof) defaultDenyOf(e endpoints.Endpoint) []string {
	owner := p.ownerOf(e)
	if owner == nil || owner.Enforcement != v1alpha1.Enforce {
		return nil
	}
	var out flow.Policies
	for _, g := range p.Policies {
		ofAll := p.Fence.Clusterwide != nil && g.Ref.Namespace == "" && g.Ref.Name == p.Fence.Name+".default-deny"
		if g.Family == policy.DefaultDeny && (g.Ref.Namespace == e.Namespace && g.Tenant == owner.Name || ofAll) {
			out = append(out, resource.PolicyID(g.Ref))
		}
	}
	return out.Sorted().Names()
}
