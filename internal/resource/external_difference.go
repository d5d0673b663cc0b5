package resource

import (
	"cmp"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// differenceOf names what differs between two declarations of one resource as far as it affects
// traffic, or returns "".
func differenceOf(a, b *yaml.RNode) (string, error) {
	switch groupKind(a) {
	case "v1/Namespace":
		return differentNamespaces(a, b, nil).String(), nil
	case "v1/Node":
		return compareParsed(a, b, NodeAddresses, func(one, other []netip.Addr) differences {
			return differences{"labels": !maps.Equal(a.GetLabels(), b.GetLabels()), "addresses": !slices.Equal(sortedIPs(one), sortedIPs(other))}
		})
	case "v1/Service":
		return compareParsed(a, b, newService, differentServices)
	}
	return compareParsed(a, b, newWorkload, differentWorkloads)
}

// differentNamespaces compares two Namespaces without some labels, and without the label that every
// Namespace has.
func differentNamespaces(a, b *yaml.RNode, without map[string]string) differences {
	labelsOf := func(n *yaml.RNode) map[string]string {
		labels := n.GetLabels()
		maps.DeleteFunc(labels, func(key, value string) bool {
			ignored, ok := without[key]
			return key == corev1.LabelMetadataName || ok && value == ignored
		})
		return labels
	}
	return differences{"labels": !maps.Equal(labelsOf(a), labelsOf(b))}
}

// WorkloadDifference names what differs between a Pod and pods that an ExternalResources declares,
// as far as it affects traffic, or returns "".
func WorkloadDifference(pod *yaml.RNode, w v1alpha1.ExternalWorkload) string {
	return differenceOfDeclared(pod, workloadObject(pod.GetNamespace(), w))
}

// ServiceDifference is WorkloadDifference for Services. It does not compare EndpointSlices.
func ServiceDifference(n *yaml.RNode, s v1alpha1.ExternalService) string {
	return differenceOfDeclared(n, serviceObject(n.GetNamespace(), s))
}

func differenceOfDeclared(n *yaml.RNode, declared map[string]any) string {
	difference, err := differenceOf(n, ExternalResources{}.node(declared))
	if err != nil {
		return "content"
	}
	return difference
}

// differences has the parts of a resource, and whether they differ.
type differences map[string]bool

func (d differences) String() string {
	maps.DeleteFunc(d, func(_ string, differs bool) bool { return !differs })
	return strings.Join(slices.Sorted(maps.Keys(d)), ", ")
}

func compareParsed[T any](a, b *yaml.RNode, parse func(*yaml.RNode) (T, error), compare func(T, T) differences) (string, error) {
	one, err := parse(a)
	if err != nil {
		return "", err
	}
	other, err := parse(b)
	if err != nil {
		return "", err
	}
	return compare(one, other).String(), nil
}

func differentServices(a, b *Service) differences {
	typeOf := func(s *Service) string { return cmp.Or(s.Type, "ClusterIP") }
	policyOf := func(s *Service) string { return cmp.Or(s.ExternalTrafficPolicy, "Cluster") }
	return differences{
		"selector":     !maps.Equal(a.Selector, b.Selector),
		"type":         typeOf(a) != typeOf(b) || a.Headless() != b.Headless() || a.Global != b.Global,
		"externalName": a.ExternalName != b.ExternalName,
		"ports":        !equalSets(a.Ports, b.Ports),
		"addresses":    !slices.Equal(sortedIPs(a.Addresses), sortedIPs(b.Addresses)) || !slices.Equal(sortedIPs(a.PublicAddresses), sortedIPs(b.PublicAddresses)),
		"clients":      policyOf(a) != policyOf(b) || !equalSets(a.SourceRanges, b.SourceRanges),
	}
}

// withoutAssigned is a Service without the addresses and node ports that its manifest in the build
// leaves to the cluster.
func withoutAssigned(s, build *Service) *Service {
	out := *s
	if len(build.Addresses) == 0 {
		out.Addresses = nil
	}
	if len(build.PublicAddresses) == 0 {
		out.PublicAddresses = nil
	}
	if !slices.ContainsFunc(build.Ports, func(p ServicePort) bool { return p.NodePort != 0 }) {
		out.Ports = slices.Clone(s.Ports)
		for i := range out.Ports {
			out.Ports[i].NodePort = 0
		}
	}
	return &out
}

func differentWorkloads(a, b *Workload) differences {
	return differences{
		"labels":         !maps.Equal(a.AllLabels, b.AllLabels),
		"hostNetwork":    a.HostNetwork != b.HostNetwork,
		"serviceAccount": a.ServiceAccount != b.ServiceAccount,
		"ports": !equalSets(a.Ports, b.Ports) || !equalSets(a.SidecarPorts, b.SidecarPorts) ||
			!equalSets(a.DeclaredPorts, b.DeclaredPorts) || !a.HostNetwork && !equalSets(a.HostPorts, b.HostPorts),
		"DNS": cmp.Or(a.DNS.Policy, "ClusterFirst") != cmp.Or(b.DNS.Policy, "ClusterFirst") || !slices.Equal(a.DNS.Nameservers, b.DNS.Nameservers) ||
			!slices.Equal(a.DNS.Searches, b.DNS.Searches) || !maps.Equal(a.DNS.HostAliases, b.DNS.HostAliases),
	}
}

// equalSets reports whether two lists have the same elements, in any order and number.
func equalSets[T any](a, b []T) bool {
	return reflect.DeepEqual(keySet(a), keySet(b))
}

func keySet[T any](list []T) map[string]bool {
	out := map[string]bool{}
	for _, e := range list {
		out[endpoints.JSONKey(e)] = true
	}
	return out
}

func sortedIPs(list []netip.Addr) []netip.Addr {
	return slices.Compact(slices.SortedFunc(slices.Values(list), netip.Addr.Compare))
}
