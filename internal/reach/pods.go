package reach

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// FindAll returns every endpoint that a text identifies, as FlowTests write them: the forms of Find,
// and "tenant/acme/*", "namespace/x/app=web" and "service/x/web". It returns at least one, or an
// error.
func (e Endpoints) FindAll(text string) ([]endpoints.Endpoint, error) {
	f, err := e.parse(text)
	if err != nil {
		return nil, err
	}
	switch f.Form {
	case v1alpha1.TenantForm, v1alpha1.NamespaceForm:
		return e.podsOf(text, f)
	case v1alpha1.ServiceForm:
		return e.serviceEndpoints(f)
	case v1alpha1.AddressForm:
		return e.endpointsOfAddress(text)
	case v1alpha1.ExternalForm:
		// As a source, external is the world: clients have no DNS name.
		return []endpoints.Endpoint{{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityWorld)}}, nil
	default:
		one, err := e.Find(text)
		if err != nil {
			return nil, err
		}
		return []endpoints.Endpoint{one}, nil
	}
}

// podsOf returns the pods that a text selects. Without labels it adds a representative pod without
// labels. If no pod has the labels, it returns a representative pod with them.
func (e Endpoints) podsOf(text string, f v1alpha1.FlowEndpoint) ([]endpoints.Endpoint, error) {
	namespaces, err := e.namespacesIn(f)
	if err != nil {
		return nil, err
	}
	selector, err := e.selectorOf(text, f)
	if err != nil {
		return nil, err
	}
	var pods []endpoints.Endpoint
	hostNetwork := false
	for _, ns := range namespaces {
		for _, w := range e.Index.WorkloadsIn(ns, selector) {
			if w.HostNetwork {
				hostNetwork = true
				continue
			}
			pods = append(pods, e.Pod(w))
		}
	}
	if hostNetwork && len(pods) == 0 {
		return nil, fmt.Errorf("%q are hostNetwork pods alone, which have their node's identity: write host or remote-node", text)
	}
	if len(f.Labels) == 0 || len(pods) == 0 {
		pods = append(pods, e.missingPods(namespaces, endpoints.ExampleLabels(selector), pods)...)
	}
	return pods, nil
}

// selectorOf returns the selector of a text. For a tenant in shared namespaces, it selects only the
// tenant's own pods.
func (e Endpoints) selectorOf(text string, f v1alpha1.FlowEndpoint) (endpoints.Selector, error) {
	selector := endpoints.Selector{MatchLabels: f.Labels}
	t := e.Fence.Tenant(f.TenantOrNamespace)
	if f.Form != v1alpha1.TenantForm || t == nil {
		return selector, nil
	}
	own, ok := t.OwnPods(selector)
	if !ok {
		return own, fmt.Errorf("%q can be no pod, since the spec.pods of Tenant %q selects other labels: correct them", text, f.TenantOrNamespace)
	}
	return own, nil
}

// namespacesIn are those of a tenant, or the one namespace. An unknown namespace is an error: its pods
// would be representative ones, and a misspelt name would prove anything.
func (e Endpoints) namespacesIn(f v1alpha1.FlowEndpoint) ([]string, error) {
	if f.Form == v1alpha1.NamespaceForm {
		if !e.namespaceExists(f.TenantOrNamespace) {
			return nil, fmt.Errorf("namespace %q %w and its external resources: correct the name, or declare the Namespace as an external resource", f.TenantOrNamespace, errMissing)
		}
		return []string{f.TenantOrNamespace}, nil
	}
	t := e.Fence.Tenant(f.TenantOrNamespace)
	switch {
	case t == nil:
		return nil, fmt.Errorf("the Tenant %q %w: correct the name", f.TenantOrNamespace, errMissing)
	case len(t.Namespaces) == 0:
		return nil, fmt.Errorf("the Tenant %q has no namespace, and so no pods", f.TenantOrNamespace)
	}
	return t.Namespaces, nil
}

// namespaceExists reports whether the build has a namespace, or something in it.
func (e Endpoints) namespaceExists(namespace string) bool {
	return e.Index.Namespaces[namespace] != nil || len(e.Index.WorkloadsIn(namespace, endpoints.Selector{})) > 0 || len(e.Index.ServicesIn(namespace)) > 0 ||
		len(e.Fence.TenantsIn(namespace)) > 0
}

// missingPods returns a representative pod with these labels for each namespace without a pod that
// has exactly these labels.
func (e Endpoints) missingPods(namespaces []string, labels map[string]string, deployed []endpoints.Endpoint) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, ns := range namespaces {
		if slices.ContainsFunc(deployed, func(p endpoints.Endpoint) bool { return p.Namespace == ns && maps.Equal(p.Labels, labels) }) {
			continue
		}
		out = append(out, e.representative(ns, labels))
	}
	return out
}

// representative returns a pod that may be created later.
func (e Endpoints) representative(namespace string, labels map[string]string) endpoints.Endpoint {
	return endpoints.Endpoint{
		Kind: endpoints.PodEndpoint, Name: "a pod " + describeLabels(labels) + " in " + namespace,
		Namespace: namespace, NamespaceLabels: e.namespaceLabels(namespace), Labels: labels, ServiceAccount: "default",
	}
}

func describeLabels(labels map[string]string) string {
	if len(labels) == 0 {
		return "without labels"
	}
	return "with " + endpoints.FormatLabels(labels)
}
