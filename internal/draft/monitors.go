package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// scrape is what Prometheus scrapes, by a monitor or an annotation.
type scrape struct {
	to       endpoint
	ports    []v1alpha1.Port
	evidence string
	monitor  monitor
}

// findMonitors finds the flows from the Prometheus pods of the build to what they scrape.
func (b *build) findMonitors() {
	scrapes := slices.Concat(b.serviceMonitors(), b.podMonitors(), b.operatorMonitors(), b.scrapeAnnotations())
	var from []*resource.Workload
	for _, w := range b.index.Workloads {
		if isPrometheus(w) {
			from = append(from, w)
		}
	}
	if len(from) == 0 && len(scrapes) > 0 {
		for _, s := range scrapes {
			b.unseen(s.to.within()+"/"+s.evidence, "is scraped, and the build has no Prometheus pods: set baseline.monitoring of the profile, or declare these pods as external resources")
		}
	}
	for _, s := range scrapes {
		read := false
		for _, w := range from {
			if b.scrapesBy(w, s.monitor) {
				read = true
				b.add(namedFlow{from: b.podsOf(w), to: s.to, ports: s.ports, evidence: []string{s.evidence}})
			}
		}
		if !read && len(from) > 0 {
			b.review(cmp.Or(s.monitor.namespace, s.to.within())+"/"+s.evidence, "is selected by no Prometheus of the build, so no flow is written: compare its labels and namespace with the selectors of the Prometheus")
		}
	}
	b.findAlertmanagers()
}

type monitorSpec struct {
	Selector   metav1.LabelSelector `json:"selector"`
	Namespaces struct {
		Any        bool     `json:"any"`
		MatchNames []string `json:"matchNames"`
	} `json:"namespaceSelector"`
	Endpoints    []monitorEndpoint `json:"endpoints"`
	PodEndpoints []monitorEndpoint `json:"podMetricsEndpoints"`
}

type monitorEndpoint struct {
	Port       string              `json:"port"`
	PortNumber int32               `json:"portNumber"`
	TargetPort *intstr.IntOrString `json:"targetPort"`
}

// port is the port of a PodMonitor's endpoint.
func (e monitorEndpoint) port() flow.Port {
	if e.Port == "" && e.PortNumber == 0 && e.TargetPort != nil {
		return flow.DeclaredPort(v1alpha1.Port{Port: *e.TargetPort})
	}
	return flow.Port{Name: e.Port, Port: e.PortNumber, Protocol: v1alpha1.TCP}
}

// namespaces reports whether a monitor is about a namespace.
func (m monitorSpec) includes(own, namespace string) bool {
	if m.Namespaces.Any {
		return true
	}
	if names := m.Namespaces.MatchNames; len(names) > 0 {
		return slices.Contains(names, namespace)
	}
	return own == namespace
}

func (b *build) serviceMonitors() []scrape {
	var out []scrape
	for _, n := range b.ofKind(monitoringGroup, "ServiceMonitor") {
		m, found := decode[monitorSpec](at(n, "spec")), len(out)
		for _, s := range b.index.Services {
			if !m.includes(n.GetNamespace(), s.Ref.Namespace) || !endpoints.Selects(m.Selector, b.labelsOf(s)) || len(s.Selector) == 0 {
				continue
			}
			for _, e := range m.Endpoints {
				out = append(out, b.scrapeOfService(n, s, e)...)
			}
		}
		if len(out) == found {
			b.noteUnmatched(n)
		}
	}
	return out
}

// labelsOf are the labels of a Service. Those of an operator's Service are unknown.
func (b *build) labelsOf(s *resource.Service) map[string]string {
	if n := b.item(s.Ref); n != nil {
		return n.GetLabels()
	}
	return map[string]string{}
}

// scrapeOfService is what one endpoint of a monitor scrapes: Prometheus connects to the pods.
func (b *build) scrapeOfService(n *yaml.RNode, s *resource.Service, e monitorEndpoint) []scrape {
	var ports []v1alpha1.Port
	switch {
	case e.Port != "":
		for _, p := range s.Ports {
			if p.Name == e.Port {
				ports = append(ports, b.podPorts(s.Ref.Namespace, s.Selector, p.Target())...)
			}
		}
	case e.TargetPort != nil:
		ports = b.podPorts(s.Ref.Namespace, s.Selector, flow.DeclaredPort(v1alpha1.Port{Port: *e.TargetPort}))
	}
	if len(ports) == 0 {
		b.review(describe(resource.RefOf(n)), fmt.Sprintf("names a port that Service %s/%s does not have: no flow is written for it", s.Ref.Namespace, s.Ref.Name))
		return nil
	}
	return []scrape{{to: b.backends(s), ports: ports, evidence: short(resource.RefOf(n)), monitor: monitorOf(n)}}
}

func (b *build) podMonitors() []scrape {
	var out []scrape
	for _, n := range b.ofKind(monitoringGroup, "PodMonitor") {
		m, found := decode[monitorSpec](at(n, "spec")), len(out)
		for _, w := range b.index.Workloads {
			if !m.includes(n.GetNamespace(), w.Ref.Namespace) || !endpoints.Selects(m.Selector, w.AllLabels) {
				continue
			}
			for _, e := range m.PodEndpoints {
				port := e.port()
				if port.Name == "" && port.Port == 0 {
					continue
				}
				to := b.podsOf(w)
				if ports := b.podPorts(to.namespace, to.labels, port); len(ports) > 0 {
					out = append(out, scrape{to: to, ports: ports, evidence: short(resource.RefOf(n)), monitor: monitorOf(n)})
				}
			}
		}
		if len(out) == found {
			b.noteUnmatched(n)
		}
	}
	return out
}

// noteUnmatched notes a monitor that selects nothing in the build.
func (b *build) noteUnmatched(n *yaml.RNode) {
	b.unseen(describe(resource.RefOf(n)), "selects nothing in the build that Prometheus could scrape: declare what it selects as external resources")
}

const scrapeAnnotation = "prometheus.io/scrape"

// scrapeAnnotations are the pods and Services with the annotation that many configurations of Prometheus
// use.
func (b *build) scrapeAnnotations() []scrape {
	var out []scrape
	for _, w := range b.index.Workloads {
		a := decode[metav1.ObjectMeta](at(b.item(w.Resource), strings.TrimPrefix(strings.TrimSuffix(w.Field, "spec")+"metadata", "."))).Annotations
		if a[scrapeAnnotation] != "true" {
			continue
		}
		if ports := annotatedPorts(a, w.DeclaredPorts); len(ports) > 0 {
			out = append(out, scrape{to: b.podsOf(w), ports: ports, evidence: short(w.Ref) + " annotation prometheus.io/scrape"})
		}
	}
	for _, s := range b.index.Services {
		n := b.item(s.Ref)
		if n == nil || n.GetAnnotations()[scrapeAnnotation] != "true" || len(s.Selector) == 0 {
			continue
		}
		ports := annotatedPorts(n.GetAnnotations(), nil)
		if len(ports) == 0 {
			ports = b.targetPorts(s, nil)
		}
		out = append(out, scrape{to: b.backends(s), ports: ports, evidence: "Service/" + s.Ref.Name + " annotation prometheus.io/scrape"})
	}
	return out
}

// annotatedPorts are the port in the annotations or, without one, the declared ports.
func annotatedPorts(annotations map[string]string, declared []flow.Port) []v1alpha1.Port {
	if p, ok := portNumber(annotations["prometheus.io/port"]); ok {
		return []v1alpha1.Port{tcp(p)}
	}
	var out []v1alpha1.Port
	for _, p := range declared {
		if p.Protocol == v1alpha1.TCP {
			out = append(out, portOf(p))
		}
	}
	return out
}
