package reach

import (
	"fmt"
	"maps"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// elsewhere returns an error where a case is about a connection that ends, or is made, other
// than policies can tell: a fact of the build decides about it.
func (e Endpoints) elsewhere(c v1alpha1.FlowCase, flows []policy.Flow) error {
	name, err := v1alpha1.ParseEndpoint(c.To)
	named := err == nil && name.Form == v1alpha1.NameForm
	for _, f := range flows {
		if named {
			if err := e.resolvedElsewhere(c, f.From); err != nil {
				return err
			}
		}
	}
	return nil
}

// resolvedElsewhere returns an error where a source does not resolve a name at the cluster's
// DNS: Cilium then decides about an address that it has not learned.
func (e Endpoints) resolvedElsewhere(c v1alpha1.FlowCase, from policy.Endpoint) error {
	for _, w := range e.workloadsLike(from) {
		if _, ip, ok := w.AliasOf(c.To); ok {
			return fmt.Errorf("hostAliases of %s %s/%s map %s to %s, so the connection goes to that address: write the address", w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, c.To, ip)
		}
		if c.Expect != v1alpha1.ExpectAllow || e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
			continue
		}
		if where := e.Index.AsksElsewhere(e.Fence, w, c.To); where != "" {
			return fmt.Errorf("%s %s/%s does not resolve %s at the cluster's DNS (%s), so Cilium learns no address of it: set dnsPolicy: ClusterFirst, or declare the cluster's DNS Service with its clusterIP if that is the nameserver", w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, c.To, where)
		}
	}
	return nil
}

// workloadsLike are the workloads of the build whose pods an endpoint is.
func (e Endpoints) workloadsLike(end policy.Endpoint) []*resource.Workload {
	var out []*resource.Workload
	if end.Kind != policy.PodEndpoint || end.Cluster != "" {
		return nil
	}
	for _, w := range e.Index.In(end.Namespace, policy.Selector{}) {
		if !w.HostNetwork && maps.Equal(w.Labels, end.Labels) {
			out = append(out, w)
		}
	}
	return out
}

