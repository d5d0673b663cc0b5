package propose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// addition is a flow of a Tenant in one direction, or what is added to one.
type addition struct {
	name  string
	pods  *metav1.LabelSelector
	peers []v1alpha1.Peer
	ports []v1alpha1.Port
	icmp  []v1alpha1.ICMPType
	http  []v1alpha1.HTTPRule
	dns   []string
	// servers are the serverNames of tls.
	servers []string
	// unusual reports that the flow has something that no addition has: via, Secrets of tls.
	unusual bool
}

// flowsOf returns the flows of a Tenant or of the profile in one direction.
func flowsOf(egress []v1alpha1.EgressFlow, ingress []v1alpha1.IngressFlow, d flow.Direction) []addition {
	var out []addition
	if d == flow.Ingress {
		for _, f := range ingress {
			out = append(out, addition{name: f.Name, pods: f.Pods, peers: f.From, ports: f.Ports, icmp: f.ICMP, http: f.HTTP})
		}
		return out
	}
	for _, f := range egress {
		a := addition{name: f.Name, pods: f.Pods, peers: f.To, ports: f.Ports, icmp: f.ICMP, http: f.HTTP, dns: f.DNS, unusual: f.Via != ""}
		if f.TLS != nil {
			a.servers, a.unusual = f.TLS.ServerNames, a.unusual || f.TLS.Terminating != nil
		}
		out = append(out, a)
	}
	return out
}

// isPorts reports whether a flow has ports, and no L7 rules.
func (a addition) isPorts() bool {
	return len(a.ports) > 0 && len(a.http)+len(a.dns)+len(a.servers) == 0
}

// egress and ingress are the addition as an element of the lists of a Tenant.
func (a addition) egress() v1alpha1.EgressFlow {
	out := v1alpha1.EgressFlow{Name: a.name, Pods: a.pods, To: a.peers, Ports: slices.Clone(a.ports), ICMP: a.icmp, HTTP: a.http, DNS: a.dns}
	if len(a.servers) > 0 {
		out.TLS = &v1alpha1.TLS{ServerNames: a.servers}
	}
	return out
}

func (a addition) ingress() v1alpha1.IngressFlow {
	return v1alpha1.IngressFlow{Name: a.name, Pods: a.pods, From: a.peers, Ports: slices.Clone(a.ports), ICMP: a.icmp, HTTP: a.http}
}

// newFlow is a whole flow of a Tenant that allows what is wanted, and no more. It returns the problem of what
// no flow expresses.
func (w Wanted) newFlow(own, other Side, d flow.Direction, taken []string) (addition, string) {
	peer, problem := peerOf(own.Owner, other)
	if problem != "" {
		return addition{}, problem
	}
	names := []string{wordOf(own), map[flow.Direction]string{flow.Egress: "to", flow.Ingress: "from"}[d], wordOf(other)}
	out := addition{name: freeName(strings.Join(names, "-"), taken), pods: selector(own.Pods), peers: []v1alpha1.Peer{peer}}
	out.ports, out.icmp = w.ports()
	out.http, out.dns, out.servers = w.rules()
	switch {
	case other.Kind == endpoints.NameEndpoint && len(out.ports)+len(out.icmp) == 0:
		return out, "a flow to a DNS name needs a port: add --port"
	case d == flow.Ingress && len(out.dns)+len(out.servers) > 0:
		// Only the egress side inspects these.
		out.dns, out.servers = nil, nil
	}
	return out, ""
}

func selector(s endpoints.Selector) *metav1.LabelSelector {
	if endpoints.SelectsAll(s) {
		return nil
	}
	return &s
}

// peerOf is an endpoint as the peer of a flow of a tenant.
func peerOf(own *policy.Owner, other Side) (v1alpha1.Peer, string) {
	switch {
	case other.Cluster != "":
		return v1alpha1.Peer{}, "a Tenant cannot name pods of another cluster"
	case other.Kind == endpoints.NodeEndpoint:
		return v1alpha1.Peer{}, "a Tenant cannot name one node: ask about the entity host or remote-node"
	case other.Kind == endpoints.NameEndpoint:
		return v1alpha1.Peer{FQDNs: []string{other.Name}}, ""
	case len(other.Entities) > 0:
		return v1alpha1.Peer{Entities: other.Entities[:1]}, ""
	case other.Kind == endpoints.EntityEndpoint:
		return v1alpha1.Peer{Entities: []v1alpha1.Entity{v1alpha1.Entity(other.Name)}}, ""
	case other.Kind == endpoints.AddressEndpoint:
		return v1alpha1.Peer{CIDRs: []string{prefixOf(other.Name).String()}}, ""
	}
	pods := selector(other.Pods)
	switch {
	case other.Owner == own && pods != nil:
		return v1alpha1.Peer{Pods: pods}, ""
	case other.Owner == nil || len(other.Owner.Namespaces) > 1:
		return v1alpha1.Peer{Namespace: other.Namespace, Pods: pods}, ""
	}
	return v1alpha1.Peer{Tenant: other.Owner.Name, Pods: pods}, ""
}

// ports returns the ports of the flows, or the types of ICMP message. Without both, it is every port.
func (w Wanted) ports() (ports []v1alpha1.Port, icmp []v1alpha1.ICMPType) {
	for _, f := range w.Flows {
		p := v1alpha1.Port{Port: intstr.FromInt32(int32(f.Port)), Protocol: f.Protocol}
		if f.Protocol == v1alpha1.TCP {
			p.Protocol = ""
		}
		switch {
		case f.ICMP != "":
			if !slices.Contains(icmp, f.ICMP) {
				icmp = append(icmp, f.ICMP)
			}
			continue
		case f.Port == 0 && f.Protocol == "":
			return nil, nil
		case f.Port == 0:
			p.Port, p.EndPort = intstr.FromInt32(1), 65535
		}
		if !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
	}
	return ports, icmp
}

// rules returns the L7 rules of the flows.
func (w Wanted) rules() (http []v1alpha1.HTTPRule, dns, servers []string) {
	f := w.Flows[0]
	if r := f.HTTP; r != nil {
		rule := v1alpha1.HTTPRule{Method: r.Method, Path: regexp.QuoteMeta(r.Path)}
		if r.Host != "" {
			rule.Host = regexp.QuoteMeta(r.Host)
		}
		http = append(http, rule)
	}
	if f.DNS != "" {
		dns = append(dns, f.DNS)
	}
	if f.ServerName != "" && f.HTTP == nil {
		servers = append(servers, f.ServerName)
	}
	return http, dns, servers
}

// wordOf names an endpoint in the name of a flow.
func wordOf(s Side) string {
	name := s.Name[strings.LastIndex(s.Name, "/")+1:]
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return strings.Trim(word, "-")
}

// freeName is a name that no flow of the Tenant has: the given one, or that one with a number.
func freeName(name string, taken []string) string {
	cut := func(n int) string { return strings.Trim(name[:min(len(name), n)], "-") }
	free := cut(validation.DNS1123LabelMaxLength)
	for i := 2; slices.Contains(taken, free); i++ {
		suffix := fmt.Sprintf("-%d", i)
		free = cut(validation.DNS1123LabelMaxLength-len(suffix)) + suffix
	}
	return free
}
