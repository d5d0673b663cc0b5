package fn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// closedAlready reports the policies of others that isolate pods of tenants in Audit: the
// fence denies nothing there, and they do.
func (c checker) closedAlready() (policy.Findings, error) {
	o := mergeOptions(c.in, c.fence)
	var out policy.Findings
	for _, n := range c.after.Items {
		if !resource.IsPolicy(n) || resource.Local(n) || o.Owns(n) || !c.inAudit(resource.NamespaceOf(n)) {
			continue
		}
		found, err := c.closedBy(n)
		if err != nil {
			return out, fmt.Errorf("find what %s isolates: %w", resource.RefOf(n), err)
		}
		out = append(out, found...)
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

// ignoreRejected drops the error of a policy that the enforcer does not take.
func ignoreRejected(err error) error {
	var rejected policy.RejectedError
	if errors.As(err, &rejected) {
		return nil
	}
	return err
}

// closedBy looks at one policy alone. One that the enforcer rejects isolates nothing, and
// the proof reports it.
func (c checker) closedBy(n *yaml.RNode) (policy.Findings, error) {
	data, err := n.MarshalJSON()
	if err != nil {
		return nil, err
	}
	endpoints := reach.Endpoints{Index: c.index, Fence: c.fence}
	e, err := engineOf(c.fence.Cluster, []json.RawMessage{data}, endpoints.Pods())
	if err != nil {
		return nil, ignoreRejected(err)
	}
	isolated, err := reach.Proof{Engine: e, Fence: c.fence, Endpoints: endpoints}.IsolatedInAudit()
	if err != nil {
		return nil, ignoreRejected(err)
	}
	var out policy.Findings
	for _, i := range isolated {
		out = append(out, policy.Finding{
			Check: "closed-already", Severity: policy.Info, Resource: resource.RefOf(n),
			Message: fmt.Sprintf("isolates the %s of %s already, while Tenant %q is in Audit: what no policy allows there is denied now", i.Direction, i.Pods, i.Tenant),
		})
	}
	return out, nil
}
