package draft

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// serviceByHost returns the Service that a host names for pods of a namespace. inCluster reports that the
// name is one of the cluster's DNS; the Service is nil if the build lacks it.
func (b *build) serviceByHost(host, namespace string) (s *resource.Service, inCluster bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	labels := strings.Split(host, ".")
	i := slices.Index(labels, "svc")
	inDomain := i == len(labels)-1 || v1alpha1.IsClusterDNSName(host)
	if host == "kubernetes.default" || strings.HasPrefix(host, "kubernetes.default.svc") && inDomain {
		return resource.APIServer(), true
	}
	if i >= 2 && inDomain {
		s := b.index.Service(labels[i-1], labels[i-2])
		return s, s != nil || v1alpha1.IsClusterDNSName(host)
	}
	if s := b.serviceByShortName(labels, namespace); s != nil {
		return s, true
	}
	inBuild := len(labels) == 2 && (b.index.Namespaces[labels[1]] != nil || b.tenantOf[labels[1]] != "")
	return nil, inBuild || v1alpha1.IsClusterDNSName(host)
}

// serviceByShortName returns the Service of a name without svc: name, name.namespace and, for a pod behind a
// headless Service, pod.name and pod.name.namespace.
func (b *build) serviceByShortName(labels []string, namespace string) *resource.Service {
	headless := func(s *resource.Service) *resource.Service {
		if s == nil || !s.Headless() {
			return nil
		}
		return s
	}
	switch len(labels) {
	case 1:
		return b.index.Service(namespace, labels[0])
	case 2:
		if s := b.index.Service(labels[1], labels[0]); s != nil {
			return s
		}
		return headless(b.index.Service(namespace, labels[1]))
	case 3:
		return headless(b.index.Service(labels[2], labels[1]))
	}
	return nil
}

// resolveMention returns where connections to a host go, for pods of a namespace.
func (b *build) resolveMention(m mention, namespace, evidence string) []destination {
	if isOwnHost(m.host) {
		return nil
	}
	ports := m.ports()
	if a, err := netip.ParseAddr(m.host); err == nil {
		return b.resolveAddress(a, m, ports, evidence)
	}
	s, inCluster := b.serviceByHost(m.host, namespace)
	switch word := m.serviceOnly && !strings.Contains(m.host, "."); {
	case word:
		return nil // It may be the name of a Service in the same namespace by chance.
	case s != nil:
		return b.destinations(s, ports, evidence)
	case m.serviceOnly:
		return nil
	case m.srv && isPublicName(m.host):
		b.review(evidence, fmt.Sprintf("names %s, whose SRV records name the hosts, so no flow is written: add a flow with fqdns for these hosts (dig SRV), and let the pods resolve %[1]s, too", m.host))
		return nil
	case inCluster:
		b.unseen(evidence, fmt.Sprintf("names %s, which is no Service of the build", m.host))
		return nil
	}
	return b.resolvePublicName(m, ports, evidence)
}

// resolvePublicName returns a name outside the cluster, or notes why it is none.
func (b *build) resolvePublicName(m mention, ports []v1alpha1.Port, evidence string) []destination {
	switch {
	case !isPublicName(m.host):
		if m.url && serviceName.MatchString(m.host) {
			b.unseen(evidence, fmt.Sprintf("names %s, which is no Service of the same namespace in the build", m.host))
		}
		return nil
	case m.public:
		return b.outside(m.host, ports, evidence)
	default:
		b.reviewFile(m, evidence)
	}
	return nil
}

// reviewFile notes a host outside the cluster in a file.
func (b *build) reviewFile(m mention, evidence string) {
	field := "fqdns"
	if _, err := netip.ParseAddr(m.host); err == nil {
		field = "cidrs"
	}
	if m.url || m.port > 0 {
		b.review(evidence, fmt.Sprintf("names %s: a file may mention a host without a connection, so no flow is written: add a peer with %s if pods connect to it", hostPort(m), field))
	}
}

func hostPort(m mention) string {
	if m.port > 0 {
		return fmt.Sprintf("%s:%d", m.host, m.port)
	}
	return m.host
}

// resolveAddress returns where connections to an address go: to a Service of the build, or outside.
func (b *build) resolveAddress(a netip.Addr, m mention, ports []v1alpha1.Port, evidence string) []destination {
	for _, s := range b.index.Services {
		if s.ClusterIP == a.String() {
			return b.destinations(s, ports, evidence)
		}
	}
	switch {
	case m.serviceOnly:
		return nil
	case !m.public:
		b.reviewFile(m, evidence)
		return nil
	}
	if a.IsPrivate() {
		b.review(evidence, fmt.Sprintf("names the private address %s: the flow is for a host outside the cluster: if it is a pod, Service or node, name that instead", a))
	}
	return []destination{{to: addressEndpoint(a), ports: ports}}
}

// outside is a name outside the cluster.
func (b *build) outside(host string, ports []v1alpha1.Port, evidence string) []destination {
	host = strings.TrimSuffix(host, ".")
	if where := b.routedHosts()[host]; where != "" {
		b.review(evidence, fmt.Sprintf("names %s, which %s routes into this cluster: no flow is written: if pods connect to it, list it in clusterHostnames of the profile and add a peer with fqdns", host, where))
		return nil
	}
	labels := strings.Split(host, ".")
	if i := slices.Index(labels, "svc"); i >= 2 && b.index.Service(labels[i-1], labels[i-2]) != nil {
		b.review(evidence, fmt.Sprintf("names %s: no flow is written, since it is Service %s/%s of this cluster only if %s is the domain of its DNS", host, labels[i-1], labels[i-2], strings.Join(labels[i+1:], ".")))
		return nil
	}
	return []destination{{to: endpoint{fqdn: host, name: flowWord(host)}, ports: ports}}
}
