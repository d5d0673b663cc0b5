package draft

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const (
	dnsNamespace = "kube-system"
	dnsService   = "kube-dns"
	dnsPort      = 53
)

var dnsLabels = map[string]string{"k8s-app": "kube-dns"}

// dns is the baseline's DNS: what the build has, where it differs from the default.
func (b *build) dns() v1alpha1.DNS {
	var out v1alpha1.DNS
	labels := dnsLabels
	s := b.index.Service(dnsNamespace, dnsService)
	if s != nil && len(s.Selector) > 0 && !maps.Equal(s.Selector, dnsLabels) {
		labels = s.Selector
		out.Pods = &metav1.LabelSelector{MatchLabels: maps.Clone(labels)}
	}
	pods := b.index.WorkloadsIn(dnsNamespace, endpoints.Selector{MatchLabels: labels})
	if port := b.dnsPort(s, pods); port != dnsPort {
		out.Port = port
	}
	out.HostNetwork = slices.ContainsFunc(pods, func(w *resource.Workload) bool { return w.HostNetwork })
	cache := policy.NodeLocalDNS(dnsNamespace)
	out.NodeLocal = len(b.index.WorkloadsIn(dnsNamespace, cache.Pods)) > 0
	where := "assumed, since the build has no DNS server"
	if s != nil || len(pods) > 0 {
		where = "from the build"
	}
	note := fmt.Sprintf("DNS: pods %s of %s, port %d (%s)", endpoints.FormatLabels(labels), dnsNamespace, cmp.Or(out.Port, dnsPort), where)
	if out.NodeLocal {
		note += ", with a NodeLocal DNSCache"
	}
	b.chose(note)
	return out
}

// serviceTarget is the port of the pods behind the DNS port of a Service.
func serviceTarget(s *resource.Service, pods []*resource.Workload) int32 {
	for _, p := range s.Ports {
		if p.Port != dnsPort || p.Protocol != v1alpha1.UDP {
			continue
		}
		target := p.Target()
		for _, w := range pods {
			if n, ok := w.ResolveTargetPort(target); ok {
				return n.Port
			}
		}
		if target.Name == "" {
			return target.Port
		}
	}
	return dnsPort
}

// dnsPort is the port on which the DNS pods listen.
func (b *build) dnsPort(s *resource.Service, pods []*resource.Workload) int32 {
	if s != nil {
		return serviceTarget(s, pods)
	}
	var udp []int32
	for _, w := range pods {
		for _, p := range w.DeclaredPorts {
			if p.Protocol == v1alpha1.UDP {
				udp = append(udp, p.Port)
			}
		}
	}
	if len(udp) == 1 {
		return udp[0]
	}
	return dnsPort
}
