package external

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// podContent converts pods. The result has no name and kind.
func podContent(labels map[string]string, spec corev1.PodSpec) v1alpha1.ExternalWorkload {
	w := v1alpha1.ExternalWorkload{HostNetwork: spec.HostNetwork, DNS: podDNS(spec)}
	if len(labels) > 0 {
		w.Labels = labels
	}
	if spec.ServiceAccountName != "default" {
		w.ServiceAccount = spec.ServiceAccountName
	}
	for _, c := range spec.Containers {
		w.Ports = append(w.Ports, portsOf(c, false)...)
	}
	for _, c := range spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			w.Ports = append(w.Ports, portsOf(c, true)...)
		}
	}
	for i := range w.Ports {
		if w.HostNetwork {
			// The apiserver sets it to the port.
			w.Ports[i].HostPort = 0
		}
	}
	w.Ports = withoutRepetitions(w.Ports)
	return w
}

func portsOf(c corev1.Container, sidecar bool) []v1alpha1.ExternalPort {
	var out []v1alpha1.ExternalPort
	for _, p := range c.Ports {
		out = append(out, v1alpha1.ExternalPort{Name: p.Name, Port: p.ContainerPort, Protocol: protocol(string(p.Protocol)), HostPort: p.HostPort, Sidecar: sidecar})
	}
	return out
}

// withoutRepetitions removes ports of the same name, number and protocol.
func withoutRepetitions(ports []v1alpha1.ExternalPort) []v1alpha1.ExternalPort {
	seen := map[v1alpha1.ExternalPort]bool{}
	return slices.DeleteFunc(ports, func(p v1alpha1.ExternalPort) bool {
		p.HostPort, p.Sidecar = 0, false
		if seen[p] {
			return true
		}
		seen[p] = true
		return false
	})
}

// protocol omits the default.
func protocol(p string) v1alpha1.Protocol {
	if p == string(v1alpha1.TCP) {
		return ""
	}
	return v1alpha1.Protocol(p)
}

// podDNS returns how pods resolve names, nil if by the cluster's DNS alone.
func podDNS(spec corev1.PodSpec) *v1alpha1.ExternalPodDNS {
	out := v1alpha1.ExternalPodDNS{Policy: v1alpha1.DNSPolicy(spec.DNSPolicy)}
	if out.Policy == v1alpha1.DNSClusterFirst {
		out.Policy = ""
	}
	if c := spec.DNSConfig; c != nil {
		out.Nameservers, out.Searches = c.Nameservers, c.Searches
	}
	for _, a := range spec.HostAliases {
		if _, err := netip.ParseAddr(a.IP); err == nil && len(a.Hostnames) > 0 {
			out.HostAliases = append(out.HostAliases, v1alpha1.ExternalHostAlias{IP: a.IP, Hostnames: lower(a.Hostnames)})
		}
	}
	if out.Policy == "" && len(out.Nameservers)+len(out.Searches)+len(out.HostAliases) == 0 {
		return nil
	}
	return &out
}

func lower(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, strings.TrimSuffix(strings.ToLower(name), "."))
	}
	return out
}
