package draft

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// writer turns the flows of a build into Tenants, and collects the limits that these need.
type writer struct {
	Result
	build   *build
	options Options
	byName  map[string]*Tenant
	written []namedFlow
	needs   map[string]*needs
}

// needs are what one Tenant needs of the profile.
type needs struct {
	fqdns, cidrs, namespaces map[string]bool
	entities                 map[v1alpha1.Entity]bool
	hostNetwork              bool
}

func newWriter(b *build, o Options) *writer {
	w := &writer{build: b, options: o, byName: map[string]*Tenant{}, needs: map[string]*needs{}}
	w.flows, w.cases = map[entryKey]FlowID{}, map[string]FlowID{}
	w.Unknown = b.unknownNamespace()
	w.Tenants = make([]Tenant, len(b.tenants))
	for i, t := range b.tenants {
		out := Tenant{Evidence: map[string][]string{}}
		out.TypeMeta = typeMeta(v1alpha1.KindTenant)
		out.Name = t.name
		if !t.byPattern {
			out.Spec.Namespaces = []string{t.namespace}
		}
		w.Tenants[i] = out
		w.byName[t.name] = &w.Tenants[i]
		w.needs[t.name] = &needs{fqdns: map[string]bool{}, cidrs: map[string]bool{}, namespaces: map[string]bool{}, entities: map[v1alpha1.Entity]bool{}}
		if b.index.Namespaces[t.namespace] == nil {
			w.Namespaces = append(w.Namespaces, t.namespace)
		}
	}
	for _, e := range b.excluded {
		if b.index.Namespaces[e.name] == nil {
			w.Namespaces = append(w.Namespaces, e.name)
		}
	}
	slices.Sort(w.Namespaces)
	for _, p := range b.index.Workloads {
		if n := w.needs[b.tenantOf[p.Ref.Namespace]]; n != nil && p.HostNetwork {
			n.hostNetwork = true
		}
	}
	return w
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: kind}
}

// writeFlows writes each flow at each side that has a Tenant.
func (w *writer) writeFlows(flows []namedFlow) {
	for _, f := range flows {
		if reason, refused := w.options.Refused[f.id()]; refused {
			w.build.review(strings.Join(f.evidence, ", "), "no flow is written, since the build refuses it: "+reason)
			continue
		}
		if (f.to.fqdn != "" || f.to.cidr != "") && len(f.ports) == 0 && !f.everyPort {
			w.build.review(f.from.namespace+"/"+strings.Join(f.evidence, ", "), fmt.Sprintf("names %s without a port, so no flow is written: add a flow with its port", cmp.Or(f.to.fqdn, f.to.cidr)))
			continue
		}
		f, problem := w.completed(f)
		if problem != "" {
			w.build.unseen(strings.Join(f.evidence, ", "), problem+": no flow is written")
			continue
		}
		w.noteEveryPort(f)
		w.written = append(w.written, f)
		w.build.noteWorld(f)
		if t := w.tenantOf(f.from); t != nil {
			w.writeEgress(t, f)
		}
		if t := w.tenantOf(f.to); t != nil {
			w.writeIngress(t, f)
		}
	}
}

// noteEveryPort notes a flow to all ports of a Service whose evidence has none.
func (w *writer) noteEveryPort(f namedFlow) {
	if s := f.to.service; s != nil && len(f.ports) == 0 && !f.everyPort && len(s.Ports) > 1 {
		w.build.review(f.from.namespace+"/"+strings.Join(f.evidence, ", "), fmt.Sprintf("names Service %s/%s without a port, so the flow has all of its %d ports: keep those that pods connect to", s.Ref.Namespace, s.Ref.Name, len(s.Ports)))
	}
}

// tenantOf is the Tenant whose policies select an endpoint, or nil.
func (w *writer) tenantOf(e endpoint) *Tenant {
	if e.within() == "" || w.build.isOnNodes(e) {
		return nil
	}
	return w.byName[w.build.tenantOf[e.within()]]
}

// completed is a flow whose source or destination may be missing in the build. It returns the problem of a
// flow that cannot be written.
func (w *writer) completed(f namedFlow) (namedFlow, string) {
	f.from.optional = f.from.optional || f.from.isPods() && f.from.workload == nil
	f.to.optional = f.to.optional || f.to.isPods() && f.to.workload == nil
	if s := f.to.service; s != nil {
		pods := w.build.backends(s)
		if pods.workload == nil {
			f.to.optional = true
			w.build.unseen(describe(s.Ref), "selects no pods of the build, so its flows are optional, and inactive until the build has these pods: declare them as external resources")
		} else if len(w.build.targetPorts(s, f.ports)) == 0 {
			return f, fmt.Sprintf("no pod has the target port of Service %s/%s", s.Ref.Namespace, s.Ref.Name)
		}
	}
	return f, ""
}

func (w *writer) writeEgress(t *Tenant, f namedFlow) {
	written := v1alpha1.EgressFlow{Pods: selector(f.from.labels), Ports: f.ports, Optional: f.from.optional || f.to.optional}
	written.Name = w.flowName(t, f.from.name, "to", w.nameOf(f.to))
	written.To = []v1alpha1.Peer{w.peer(t, f.to, flow.Egress)}
	if f.to.service != nil && w.build.isOnNodes(f.to) {
		written.Ports = w.build.targetPorts(f.to.service, f.ports)
	}
	w.flows[entryKey{t.Name, "egress", len(t.Spec.Egress)}] = f.id()
	t.Spec.Egress = append(t.Spec.Egress, written)
	t.Evidence[written.Name] = f.evidence
}

func (w *writer) writeIngress(t *Tenant, f namedFlow) {
	written := v1alpha1.IngressFlow{Pods: selector(f.to.labels), Ports: f.ports, Optional: f.from.optional || f.to.optional}
	if s := f.to.service; s != nil {
		written.Pods, written.Ports = selector(s.Selector), w.build.targetPorts(s, f.ports)
	}
	written.Name = w.flowName(t, f.to.name, "from", w.nameOf(f.from))
	written.From = []v1alpha1.Peer{w.peer(t, f.from, flow.Ingress)}
	w.flows[entryKey{t.Name, "ingress", len(t.Spec.Ingress)}] = f.id()
	t.Spec.Ingress = append(t.Spec.Ingress, written)
	t.Evidence[written.Name] = f.evidence
}

func selector(labels map[string]string) *metav1.LabelSelector {
	if len(labels) == 0 {
		return nil
	}
	return &metav1.LabelSelector{MatchLabels: maps.Clone(labels)}
}

// peer is the other side of a Tenant's flow. It records what the Tenant needs for it.
func (w *writer) peer(t *Tenant, e endpoint, d flow.Direction) v1alpha1.Peer {
	n := w.needs[t.Name]
	switch {
	case e.fqdn != "":
		return w.namePeer(n, e)
	case e.cidr != "":
		n.cidrs[e.cidr] = true
		out := v1alpha1.Peer{CIDRs: []string{e.cidr}}
		if e.except != "" {
			out.Except = strings.Split(e.except, ",")
		}
		return out
	case e.entity == v1alpha1.EntityKubeAPIServer && d == flow.Egress:
		n.entities[e.entity] = true
		return v1alpha1.Peer{Service: "default/kubernetes"}
	case e.entity != "":
		n.entities[e.entity] = true
		return v1alpha1.Peer{Entities: []v1alpha1.Entity{e.entity}}
	case w.build.isOnNodes(e):
		n.entities[v1alpha1.EntityHost], n.entities[v1alpha1.EntityRemoteNode] = true, true
		return v1alpha1.Peer{Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}}
	}
	tenant := w.build.tenantOf[e.within()]
	if tenant == "" {
		n.namespaces[e.within()] = true
	}
	switch {
	case e.service != nil:
		return v1alpha1.Peer{Service: e.service.Ref.Namespace + "/" + e.service.Ref.Name}
	case tenant == "":
		return v1alpha1.Peer{Namespace: e.namespace, Pods: selector(e.labels)}
	case tenant == t.Name:
		return v1alpha1.Peer{Pods: &metav1.LabelSelector{MatchLabels: maps.Clone(e.labels)}}
	}
	return v1alpha1.Peer{Tenant: tenant, Pods: selector(e.labels)}
}

// namePeer is a public name, or the ExternalName Service that points to it.
func (w *writer) namePeer(n *needs, e endpoint) v1alpha1.Peer {
	n.fqdns[e.fqdn] = true
	if e.alias == nil {
		return v1alpha1.Peer{FQDNs: []string{e.fqdn}}
	}
	at := e.alias.Ref.Namespace
	if w.build.tenantOf[at] == "" {
		n.namespaces[at] = true
	}
	return v1alpha1.Peer{Service: at + "/" + e.alias.Ref.Name}
}

// nameOf is the name of an endpoint in the name of a flow, with its tenant or namespace.
func (w *writer) nameOf(e endpoint) string {
	in := cmp.Or(w.build.tenantOf[e.within()], e.within())
	if in == "" || strings.HasPrefix(e.name, in) {
		return e.name
	}
	return in + "-" + e.name
}

// maxName is the length of a DNS label.
const maxName = 63

// flowName is a name that no other flow of the Tenant has.
func (w *writer) flowName(t *Tenant, words ...string) string {
	base := flowWord(strings.Join(words, "-"))
	name := strings.Trim(base[:min(len(base), maxName)], "-")
	for i := 2; t.Evidence[name] != nil; i++ {
		suffix := fmt.Sprintf("-%d", i)
		name = strings.Trim(base[:min(len(base), maxName-len(suffix))], "-") + suffix
	}
	return name
}

// flowWord is a text with the characters of a DNS label.
func flowWord(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(text)), "-")
}
