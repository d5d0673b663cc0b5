// Package reach asks questions of an Engine: what flows between which ends.
package reach

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Endpoints finds the ends of flows by what people call them.
type Endpoints struct {
	Index *resource.Index
	Fence *policy.Fence
}

// entities are those that can be an end. all and cluster are many ends at once.
var entities = []v1alpha1.Entity{
	v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityIngress,
	v1alpha1.EntityHealth, v1alpha1.EntityWorld, v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6,
}

// Find returns the endpoint that a name stands for: an entity ("world"), an address
// ("192.0.2.1"), a workload ("tenant-acme/Deployment/adapter", or "acme/adapter"
// where it is the only one of that name), or else a DNS name ("api.openai.com").
func (e Endpoints) Find(name string) (policy.Endpoint, error) {
	switch {
	case slices.Contains(entities, v1alpha1.Entity(name)):
		return policy.Endpoint{Kind: policy.EntityEndpoint, Name: name}, nil
	case isAddress(name):
		return policy.Endpoint{Kind: policy.AddressEndpoint, Name: name}, nil
	case strings.Contains(name, "/"):
		return e.workload(name)
	case strings.Contains(name, "."):
		return policy.Endpoint{Kind: policy.NameEndpoint, Name: strings.ToLower(name)}, nil
	default:
		return policy.Endpoint{}, fmt.Errorf("%q is no endpoint: say a workload (namespace/Kind/name), an entity (%s), an address, or a DNS name", name, entities)
	}
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func (e Endpoints) workload(name string) (policy.Endpoint, error) {
	parts := strings.Split(name, "/")
	if len(parts) > 3 {
		return policy.Endpoint{}, fmt.Errorf("%q is no endpoint: a workload is namespace/Kind/name", name)
	}
	var found []*resource.Workload
	for _, ns := range e.namespaces(parts[0]) {
		for _, w := range e.Index.In(ns, policy.Selector{}) {
			if w.Ref.Name == parts[len(parts)-1] && (len(parts) == 2 || w.Ref.Kind == parts[1]) {
				found = append(found, w)
			}
		}
	}
	switch {
	case len(found) == 0:
		return policy.Endpoint{}, fmt.Errorf("there is no workload %q in the build or its inventory", name)
	case len(found) > 1:
		return policy.Endpoint{}, fmt.Errorf("%q is %d workloads: say which as namespace/Kind/name", name, len(found))
	case found[0].HostNetwork:
		return policy.Endpoint{}, fmt.Errorf("%q is a hostNetwork pod, which has its node's identity: say host or remote-node", name)
	}
	pod := e.Pod(found[0])
	pod.Name = name
	return pod, nil
}

// namespaces are those of a tenant, and the one of that name.
func (e Endpoints) namespaces(name string) []string {
	out := []string{name}
	for _, t := range e.Fence.Tenants {
		if t.Name == name {
			out = append(out, t.Namespaces...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Pod is a workload's pod.
func (e Endpoints) Pod(w *resource.Workload) policy.Endpoint {
	labels := map[string]string{}
	if ns := e.Index.Namespaces[w.Ref.Namespace]; ns != nil {
		maps.Copy(labels, ns.Labels)
	}
	labels["kubernetes.io/metadata.name"] = w.Ref.Namespace
	return policy.Endpoint{
		Kind: policy.PodEndpoint, Name: w.Ref.Namespace + "/" + w.Ref.Kind + "/" + w.Ref.Name,
		Namespace: w.Ref.Namespace, NamespaceLabels: labels, Labels: w.Labels, ServiceAccount: w.ServiceAccount, Ports: w.Ports,
	}
}

// Pods are the pods of all workloads that have an identity of their own.
func (e Endpoints) Pods() []policy.Endpoint {
	var out []policy.Endpoint
	for _, w := range e.Index.Workloads {
		if !w.HostNetwork {
			out = append(out, e.Pod(w))
		}
	}
	return out
}
