// Package reach asks a view of policies which flows are allowed between which endpoints.
package reach

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// Endpoints finds sources and destinations of flows by their names.
type Endpoints struct {
	Index *resource.Index
	Fence *policy.Fence
	// Reasons are the fields behind each policy, as resource.Reasons lists them.
	// Omitted: results contain no fields.
	Reasons map[flow.PolicyID][]string
	// Undecided are policies that no engine has as they are written. A flow at a pod that one of them
	// may select is not decided. Omitted: none.
	Undecided []report.Ref
	// OutsideAddresses are addresses that represent each network that policies distinguish, as
	// RepresentativesFor returns them. Omitted: none.
	OutsideAddresses []endpoints.Endpoint
	// Within has the namespaces whose pods are asked about. What is named elsewhere, such as a Service, is
	// still found. Omitted: all.
	Within endpoints.NamespaceSet
}

// Find returns the one endpoint that a name identifies: an entity ("world"), an address
// ("192.0.2.1"), a workload ("tenant-acme/Deployment/adapter", or "acme/adapter"
// where it is the only one of that name), a node ("node/role=worker"), a pod of another
// cluster ("cluster/west/web/app=shop"), or else a DNS name ("api.openai.com").
func (e Endpoints) Find(name string) (endpoints.Endpoint, error) {
	f, err := e.parse(name)
	if err != nil {
		return endpoints.Endpoint{}, err
	}
	switch f.Form {
	case v1alpha1.WorkloadForm:
		return e.workload(name, f)
	case v1alpha1.EntityForm:
		return endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: name}, nil
	case v1alpha1.AddressForm:
		return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: name}, nil
	case v1alpha1.NodeForm:
		return e.node(name, f)
	case v1alpha1.ClusterForm:
		return e.otherClusterPod(name, f)
	case v1alpha1.NameForm:
		local := e.clusterHostnameTargets(name)
		switch {
		case len(local) > 0 && local[0].Entity != "":
			return endpoints.Endpoint{}, fmt.Errorf("%q resolves to %s (the profile's clusterHostnames): write %s instead", name, local[0].Target(), local[0].Entity)
		case len(local) > 0:
			return endpoints.Endpoint{}, fmt.Errorf("%q resolves to Service %s (the profile's clusterHostnames): write one of its pods, and the pod's own port", name, local[0].Target())
		}
		return endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: strings.ToLower(name)}, nil
	default:
		return endpoints.Endpoint{}, fmt.Errorf("%q may be many endpoints, and this field needs one: write a workload (namespace/Kind/name)", name)
	}
}

// parse reads the text of an endpoint, and refuses pods about which policies do not decide.
func (e Endpoints) parse(text string) (v1alpha1.FlowEndpoint, error) {
	f, err := v1alpha1.ParseEndpoint(text)
	if err != nil {
		return f, fmt.Errorf("%q %w", text, err)
	}
	if f.Form == v1alpha1.NodeForm || e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return f, nil
	}
	for _, key := range slices.Sorted(maps.Keys(f.Labels)) {
		if effect, reserved := cilium.ReservedLabel(key); reserved {
			return f, fmt.Errorf("%q has the label %s, whose key Cilium reserves: %s: write other labels", text, key, effect)
		}
	}
	return f, nil
}

func (e Endpoints) workload(name string, f v1alpha1.FlowEndpoint) (endpoints.Endpoint, error) {
	found, unfenced := e.workloadsNamed(f)
	switch {
	case len(found) == 0 && len(unfenced) > 0:
		w := unfenced[0].Ref
		return endpoints.Endpoint{}, fmt.Errorf("workload %q is not one of Tenant %q, whose spec.pods does not select it: write %s/%s/%s", name, f.TenantOrNamespace, w.Namespace, w.Kind, w.Name)
	case len(found) == 0:
		return endpoints.Endpoint{}, fmt.Errorf("workload %q %w and its external resources: %scorrect the name, or declare the workload as an external resource", name, errMissing, e.suggestion(f))
	case len(found) > 1:
		return endpoints.Endpoint{}, fmt.Errorf("%q is %s: write one of them as namespace/Kind/name", name, e.workloadNames(found))
	case found[0].HostNetwork:
		return endpoints.Endpoint{}, fmt.Errorf("%q is a hostNetwork pod, which has its node's identity: write host or remote-node", name)
	}
	pod := e.Pod(found[0])
	pod.Name = name
	return pod, nil
}

// workloadsNamed returns the workloads of a name, and those of the tenant's namespaces that have the
// name and are not the tenant's.
func (e Endpoints) workloadsNamed(f v1alpha1.FlowEndpoint) (found, unfenced []*resource.Workload) {
	for _, ns := range e.namespaces(f.TenantOrNamespace) {
		for _, w := range e.Index.WorkloadsIn(ns, endpoints.Selector{}) {
			switch {
			case w.Ref.Name != f.Name || f.Kind != "" && w.Ref.Kind != f.Kind:
			case e.belongsTo(w, f.TenantOrNamespace):
				found = append(found, w)
			default:
				unfenced = append(unfenced, w)
			}
		}
	}
	return found, unfenced
}

// suggestion returns the workload of a tenant or namespace that a misspelt name most likely refers
// to.
func (e Endpoints) suggestion(f v1alpha1.FlowEndpoint) string {
	var candidates []string
	for _, ns := range e.namespaces(f.TenantOrNamespace) {
		for _, w := range e.Index.WorkloadsIn(ns, endpoints.Selector{}) {
			if e.belongsTo(w, f.TenantOrNamespace) {
				candidates = append(candidates, w.Ref.Name)
			}
		}
	}
	if suggestion := strict.Nearest(f.Name, candidates); suggestion != "" {
		return "did you mean " + suggestion + "? Else "
	}
	return ""
}

// workloadNames are workloads, each as FlowTests write it.
func (e Endpoints) workloadNames(workloads []*resource.Workload) string {
	var out []string
	for _, w := range workloads {
		out = append(out, e.Pod(w).Name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// belongsTo reports whether a workload is of a tenant, or in the namespace, of that name.
func (e Endpoints) belongsTo(w *resource.Workload, name string) bool {
	owner := e.Fence.OwnerOfPod(w.Ref.Namespace, w.Labels)
	return w.Ref.Namespace == name || owner != nil && owner.Name == name
}

// namespaces returns the namespaces of a tenant, and the namespace of that name.
func (e Endpoints) namespaces(name string) []string {
	out := []string{name}
	for _, t := range e.Fence.Tenants() {
		if t.Name == name {
			out = append(out, t.Namespaces...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Pod returns a workload's pod.
func (e Endpoints) Pod(w *resource.Workload) endpoints.Endpoint {
	return endpoints.Endpoint{
		Kind: endpoints.PodEndpoint, Name: w.Ref.Namespace + "/" + w.Ref.Kind + "/" + w.Ref.Name,
		Namespace: w.Ref.Namespace, NamespaceLabels: e.namespaceLabels(w.Ref.Namespace), Labels: w.Labels, AllLabels: w.AllLabels, ServiceAccount: w.ServiceAccount, Ports: w.Ports,
	}
}

// Pods returns the pods, in the namespaces of Within, of all workloads that have an identity of their own.
func (e Endpoints) Pods() []endpoints.Endpoint { return e.podsWhere(e.Within.Has) }

// podsElsewhere returns the other pods.
func (e Endpoints) podsElsewhere() []endpoints.Endpoint {
	return e.podsWhere(func(namespace string) bool { return !e.Within.Has(namespace) })
}

func (e Endpoints) podsWhere(has func(namespace string) bool) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, w := range e.Index.Workloads {
		if !w.HostNetwork && has(w.Ref.Namespace) {
			out = append(out, e.Pod(w))
		}
	}
	return out
}
