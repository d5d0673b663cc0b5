package fn

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
func (w desiredState) subject(index *resource.Index, items []*yaml.RNode, tests []report.FlowTestResult) *report.Subject {
	s := &report.Subject{
		Fence: w.fence.Name, Profile: w.fence.Profile, Enforcer: enforcerText(w.fence.Cluster), Resources: len(items),
		Workloads: len(index.Workloads), Policies: len(w.policies), Baseline: baselineTexts(w.fence.Baseline), Tenants: w.fence.FlowsByTenant(),
	}
	for i := range s.Tenants {
		s.Tenants[i].Exceptions = w.exceptions(&w.fence.Tenants[i], index)
	}
	best := 0
	for _, t := range tests {
		for _, c := range t.Cases {
			if c.Case.Expect != v1alpha1.ExpectDeny || !c.Passed {
				continue
			}
			for _, f := range c.Flows {
				if rank := w.exampleRank(f); rank > best {
					best = rank
					s.Denied = w.deniedFlow(t, c, f)
				}
			}
		}
	}
	return s
}

// exceptions describe what a tenant does not have of the baseline, and what it fences in part.
func (w desiredState) exceptions(t *policy.Tenant, index *resource.Index) []string {
	var out []string
	switch {
	case t.WithoutDNS:
		out = append(out, "without DNS")
	case t.NarrowsDNS():
		out = append(out, "DNS for "+endpoints.FormatLabels(t.DNSPods.MatchLabels)+" alone")
	}
	if !t.IntraNamespace && w.fence.Baseline.AllowsIntraNamespace() {
		out = append(out, "without pods of its own namespace")
	}
	if !t.SharesNamespaces() {
		return out
	}
	var unfenced []string
	for _, p := range index.Workloads {
		if ns := p.Ref.Namespace; slices.Contains(t.Namespaces, ns) && w.fence.OwnerOfPod(ns, p.Labels) == nil {
			unfenced = append(unfenced, p.Ref.Kind+"/"+p.Ref.Name)
		}
	}
	fences := "fences " + endpoints.FormatLabels(t.Pods.MatchLabels)
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
func (w desiredState) exampleRank(f report.FlowResult) int {
	from, to := w.ownerOf(f.Flow.From), w.ownerOf(f.Flow.To)
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

func (w desiredState) ownerOf(e endpoints.Endpoint) *policy.Tenant {
	if e.Kind != endpoints.PodEndpoint || e.Cluster != "" {
		return nil
	}
	return w.fence.OwnerOfPod(e.Namespace, e.Labels)
}

func (w desiredState) deniedFlow(t report.FlowTestResult, c report.CaseResult, f report.FlowResult) *report.DeniedFlow {
	out := &report.DeniedFlow{Test: t.Test.Name, Case: c.Case.Name, Flow: f.Flow, Side: flow.Egress}
	side, at := f.Verdict.Egress, f.Flow.From
	if side.Decision != flow.Denied {
		out.Side, side, at = flow.Ingress, f.Verdict.Ingress, f.Flow.To
	}
	owner := w.ownerOf(at)
	out.Policies, out.DefaultDeny = side.Policies, w.defaultDenyOf(at)
	out.AllowOnly = owner != nil && owner.Enforcement != v1alpha1.Enforce
	return out
}

// defaultDenyOf returns the generated default-deny policies of a pod, none for a tenant in AllowOnly.
func (w desiredState) defaultDenyOf(e endpoints.Endpoint) []string {
	owner := w.ownerOf(e)
	if owner == nil || owner.Enforcement != v1alpha1.Enforce {
		return nil
	}
	var out []string
	for _, n := range w.policies {
		labels := n.GetLabels()
		ofTenant := n.GetNamespace() == e.Namespace && labels[resource.LabelTenant] == owner.Name
		ofAll := w.fence.Clusterwide != nil && n.GetNamespace() == "" && n.GetName() == w.fence.Name+".default-deny"
		if labels[resource.LabelFamily] == string(policy.DefaultDeny) && (ofTenant || ofAll) {
			out = append(out, resource.PolicyName(resource.RefOf(n)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
