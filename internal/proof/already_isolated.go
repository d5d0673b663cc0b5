package proof

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// alreadyIsolated reports pods of tenants in AllowOnly that policies of others isolate. The fence does
// not deny traffic there, and these policies do.
func (c Build) alreadyIsolated() (report.Findings, error) {
	o := generate.MergeOptions(c.In, c.Fence)
	others := slices.DeleteFunc(slices.Clone(c.After.Existing), func(n *yaml.RNode) bool { return o.Owns(n) || resource.IsLocalConfig(n) })
	if !slices.ContainsFunc(others, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && c.inAllowOnly(resource.NamespaceOf(n)) }) {
		return nil, nil
	}
	isolated, err := c.isolatedBy(others)
	if err != nil {
		return nil, err
	}
	refs := map[flow.PolicyID]report.Ref{}
	for _, n := range others {
		if resource.IsPolicy(n) {
			refs[resource.PolicyID(resource.RefOf(n))] = resource.RefOf(n)
		}
	}
	var out report.Findings
	for _, i := range isolated {
		by := i.Policies
		if len(by) == 0 {
			by = policiesSelecting(i.Example, others)
		}
		f := report.New(report.AlreadyIsolated, report.Info, c.In.FenceRef, "", "other policies isolate the %s of %s, although Tenant %q is in AllowOnly: traffic that no policy allows is denied now", i.Direction, i.Pods, i.Tenant)
		if len(by) > 0 {
			f.Resource = refs[by[0]]
			f.Message = fmt.Sprintf("isolates the %s of %s, although Tenant %q is in AllowOnly: traffic that no policy allows is denied now%s",
				i.Direction, i.Pods, i.Tenant, togetherWith(by[1:].Names()))
		}
		out = append(out, f)
	}
	return out, nil
}

// inAllowOnly reports whether a policy in a namespace may select pods of a tenant in AllowOnly. The
// namespace of a cluster-wide policy is empty.
func (c Build) inAllowOnly(namespace string) bool {
	return slices.ContainsFunc(c.Fence.Tenants(), func(t *policy.Owner) bool {
		return t.Enforcement != v1alpha1.Enforce && (namespace == "" || slices.Contains(t.Namespaces, namespace))
	})
}

// isolatedBy are the pods of tenants in AllowOnly that some policies isolate. Policies that the enforcer
// rejects do not isolate pods. The proof reports them, and exceeded budgets.
func (c Build) isolatedBy(items []*yaml.RNode) ([]reach.IsolatedPods, error) {
	program, err := newProgram(c.Fence, c.Index, items, nil)
	var rejected flow.RejectedError
	if errors.As(err, &rejected) {
		program, err = newProgram(c.Fence, c.Index, withoutRejected(items, rejected), nil)
	}
	if err != nil {
		return nil, ignoreUndecidable(err)
	}
	subject := reach.Proof{Fence: c.Fence, Slice: c.Slice, Endpoints: reach.Endpoints{Index: c.Index, Fence: c.Fence}}
	views, err := subject.Compile(nil, reach.WithRepresentatives, program)
	if err != nil {
		return nil, ignoreUndecidable(err)
	}
	subject.View = views[0]
	out, err := subject.IsolatedInAllowOnly()
	return out, ignoreUndecidable(err)
}

// ignoreUndecidable drops the errors that the proof reports.
func ignoreUndecidable(err error) error {
	if undecidable(err) {
		return nil
	}
	return err
}

// withoutRejected are the items without the policies that the enforcer rejects.
func withoutRejected(items []*yaml.RNode, rejected flow.RejectedError) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool {
		name := fullName(n)
		return slices.ContainsFunc(rejected, func(r flow.Rejected) bool { return r.Name == name })
	})
}

// policiesSelecting are the policies that select a pod in its namespace. One of them
// isolates the pod if no policy allows traffic there.
func policiesSelecting(pod endpoints.Endpoint, items []*yaml.RNode) flow.Policies {
	var out flow.Policies
	for _, n := range items {
		if resource.IsPolicy(n) && n.GetNamespace() == pod.Namespace && endpoints.Selects(endpoints.WithoutSources(resource.ObjectOf(n).Subject()), pod.Labels) {
			out = append(out, resource.PolicyID(resource.RefOf(n)))
		}
	}
	return out.Sorted()
}

// togetherWith lists the other resources of a finding.
func togetherWith(others []string) string {
	if len(others) == 0 {
		return ""
	}
	return " (together with " + truncatedList(others) + ")"
}

// truncatedList lists the first texts.
func truncatedList(texts []string) string {
	out := strings.Join(texts[:min(maxShown, len(texts))], ", ")
	if len(texts) > maxShown {
		out += ", …"
	}
	return out
}
