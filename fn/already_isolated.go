package fn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// closedAlready reports pods of tenants in Audit that the policies of others isolate: the
// fence denies nothing there, and they do.
func (c checker) closedAlready() (policy.Findings, error) {
	o := mergeOptions(c.in, c.fence)
	others := slices.DeleteFunc(slices.Clone(c.after.Items), func(n *yaml.RNode) bool { return o.Owns(n) || resource.Local(n) })
	if !slices.ContainsFunc(others, func(n *yaml.RNode) bool { return resource.IsPolicy(n) && c.inAudit(resource.NamespaceOf(n)) }) {
		return nil, nil
	}
	isolated, err := c.isolatedBy(others)
	if err != nil {
		return nil, err
	}
	refs := map[string]policy.Ref{}
	for _, n := range others {
		if resource.IsPolicy(n) {
			refs[resource.PolicyName(resource.RefOf(n))] = resource.RefOf(n)
		}
	}
	var out policy.Findings
	for _, i := range isolated {
		by := i.By
		if len(by) == 0 {
			by = selecting(i.Example, others)
		}
		f := policy.Finding{
			Check: "closed-already", Severity: policy.Info, Resource: c.in.FenceRef,
			Message: fmt.Sprintf("other policies isolate the %s of %s already, while Tenant %q is in Audit: what no policy allows there is denied now", i.Direction, i.Pods, i.Tenant),
		}
		if len(by) > 0 {
			f.Resource = refs[by[0]]
			f.Message = fmt.Sprintf("isolates the %s of %s already, while Tenant %q is in Audit: what no policy allows there is denied now%s",
				i.Direction, i.Pods, i.Tenant, alongside(by[1:]))
		}
		out = append(out, f)
	}
	return out, nil
}

// inAudit reports whether a policy of a namespace or, for "", a cluster-wide one may select
// pods of a tenant in Audit.
func (c checker) inAudit(namespace string) bool {
	return slices.ContainsFunc(c.fence.Tenants, func(t policy.Tenant) bool {
		return t.Enforcement != v1alpha1.Enforce && (namespace == "" || slices.Contains(t.Namespaces, namespace))
	})
}

// isolatedBy are the pods of tenants in Audit that some policies isolate. Those that the
// enforcer rejects isolate nothing, and the proof reports them; it reports, too, what it has
// no budget for.
func (c checker) isolatedBy(items []*yaml.RNode) ([]reach.IsolatedPods, error) {
	e, err := newEngine(c.fence, c.index, items, closing{})
	var rejected policy.RejectedError
	if errors.As(err, &rejected) {
		e, err = newEngine(c.fence, c.index, without(items, rejected), closing{})
	}
	if err != nil {
		return nil, undecided(err)
	}
	out, err := reach.Proof{Engine: e, Fence: c.fence, Endpoints: reach.Endpoints{Index: c.index, Fence: c.fence}}.IsolatedInAudit()
	return out, undecided(err)
}

// undecided drops the errors that the proof reports.
func undecided(err error) error {
	if undecidable(err) {
		return nil
	}
	return err
}

// without are the items but for those that the enforcer rejects.
func without(items []*yaml.RNode, rejected policy.RejectedError) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool {
		name := fullName(n)
		return slices.ContainsFunc(rejected, func(r policy.Rejected) bool { return r.Name == name })
	})
}

// selecting names the policies of a pod's namespace that select it. One of them isolates the
// pod, where no policy allows anything there.
func selecting(pod policy.Endpoint, items []*yaml.RNode) []string {
	var out []string
	for _, n := range items {
		if resource.IsPolicy(n) && n.GetNamespace() == pod.Namespace && policy.Selects(policy.WithoutSources(subjectOf(n)), pod.Labels) {
			out = append(out, resource.PolicyName(resource.RefOf(n)))
		}
	}
	slices.Sort(out)
	return out
}

// alongside lists what else a finding is about.
func alongside(others []string) string {
	if len(others) == 0 {
		return ""
	}
	return " (together with " + firstOf(others) + ")"
}

// firstOf lists the first of some texts.
func firstOf(texts []string) string {
	out := strings.Join(texts[:min(shown, len(texts))], ", ")
	if len(texts) > shown {
		out += ", …"
	}
	return out
}
