package fn

import (
	"cmp"
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
			if by, err = c.isolates(i, others); err != nil {
				return nil, err
			}
		}
		if len(by) == 0 {
			continue
		}
		out = append(out, policy.Finding{
			Check: "closed-already", Severity: policy.Info, Resource: refs[by[0]],
			Message: fmt.Sprintf("isolates the %s of %s already, while Tenant %q is in Audit: what no policy allows there is denied now%s",
				i.Direction, i.Pods, i.Tenant, alongside(by[1:])),
		})
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
	for {
		e, err := newEngine(c.fence, c.index, items, closing{})
		var rejected policy.RejectedError
		if errors.As(err, &rejected) {
			items = without(items, rejected)
			continue
		}
		if err != nil {
			return nil, err
		}
		out, err := reach.Proof{Engine: e, Fence: c.fence, Endpoints: reach.Endpoints{Index: c.index, Fence: c.fence}}.IsolatedInAudit()
		var budget policy.BudgetError
		var conflict policy.ConflictError
		if errors.As(err, &budget) || errors.As(err, &conflict) {
			return nil, nil
		}
		return out, err
	}
}

// without are the items but for those that the enforcer rejects.
func without(items []*yaml.RNode, rejected policy.RejectedError) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool {
		name := policy.FullName(n.GetKind(), resource.NamespaceOf(n), n.GetName())
		return slices.ContainsFunc(rejected, func(r policy.Rejected) bool { return r.Name == name })
	})
}

// isolates names a policy that alone isolates pods at which no policy allows anything: what
// isolates them does so by itself.
func (c checker) isolates(pods reach.IsolatedPods, items []*yaml.RNode) ([]string, error) {
	var groups, policies []*yaml.RNode
	for _, n := range items {
		if !resource.IsPolicy(n) {
			groups = append(groups, n)
		} else if c.inAudit(resource.NamespaceOf(n)) {
			policies = append(policies, n)
		}
	}
	slices.SortFunc(policies, func(a, b *yaml.RNode) int { return cmp.Compare(resource.RefOf(a).String(), resource.RefOf(b).String()) })
	for _, n := range policies {
		found, err := c.isolatedBy(append(slices.Clone(groups), n))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found, func(i reach.IsolatedPods) bool { return i.Tenant == pods.Tenant && i.Direction == pods.Direction }) {
			return []string{resource.PolicyName(resource.RefOf(n))}, nil
		}
	}
	return nil, nil
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
