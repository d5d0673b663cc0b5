package draft

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const monitoringGroup = "monitoring.coreos.com"

// isPrometheus reports whether a workload is a Prometheus server.
func isPrometheus(w *resource.Workload) bool {
	name := cmp.Or(w.Labels["app.kubernetes.io/name"], w.Labels["app"], w.Labels["k8s-app"])
	component := cmp.Or(w.Labels["app.kubernetes.io/component"], w.Labels["component"], "server")
	return name == "prometheus" && slices.Contains([]string{"server", "prometheus"}, component) || w.Ref.Kind == "Prometheus"
}

type prometheusSpec struct {
	ServiceMonitors          *metav1.LabelSelector `json:"serviceMonitorSelector"`
	ServiceMonitorNamespaces *metav1.LabelSelector `json:"serviceMonitorNamespaceSelector"`
	PodMonitors              *metav1.LabelSelector `json:"podMonitorSelector"`
	PodMonitorNamespaces     *metav1.LabelSelector `json:"podMonitorNamespaceSelector"`
}

type alertmanager struct {
	Namespace, Name string
	Port            intstr.IntOrString
}

// monitor is what the selectors of a Prometheus select. Annotations have no kind: every Prometheus may read them.
type monitor struct {
	kind, namespace string
	labels          map[string]string
}

func monitorOf(n *yaml.RNode) monitor {
	return monitor{n.GetKind(), n.GetNamespace(), n.GetLabels()}
}

// scrapesBy reports whether the pods of a Prometheus read a monitor. Selectors are those of its resource. Without
// any such resource, the configuration of other pods is unknown.
func (b *build) scrapesBy(w *resource.Workload, m monitor) bool {
	n := b.item(w.Resource)
	if m.kind == "" {
		return true
	}
	if n == nil || resource.Group(n) != monitoringGroup {
		return len(b.ofKind(monitoringGroup, "Prometheus")) == 0
	}
	p := decode[prometheusSpec](at(n, "spec"))
	labels, namespaces := p.ServiceMonitors, p.ServiceMonitorNamespaces
	if m.kind == "PodMonitor" {
		labels, namespaces = p.PodMonitors, p.PodMonitorNamespaces
	}
	if labels == nil || !endpoints.Selects(*labels, m.labels) {
		return false
	}
	if namespaces == nil {
		return m.namespace == n.GetNamespace()
	}
	have := map[string]string{corev1.LabelMetadataName: m.namespace}
	if ns := b.index.Namespaces[m.namespace]; ns != nil {
		for k, v := range ns.Labels {
			have[k] = v
		}
	}
	return endpoints.Selects(*namespaces, have)
}

// findAlertmanagers finds the flows from each Prometheus to its Alertmanagers.
func (b *build) findAlertmanagers() {
	for _, w := range b.index.Workloads {
		n := b.item(w.Resource)
		if w.Ref.Kind != "Prometheus" || n == nil {
			continue
		}
		for _, a := range decode[[]alertmanager](at(n, "spec.alerting.alertmanagers")) {
			namespace := cmp.Or(a.Namespace, n.GetNamespace())
			s := b.index.Service(namespace, a.Name)
			if s == nil || len(s.Selector) == 0 {
				b.unseen(describe(w.Ref), "sends alerts to Service "+namespace+"/"+a.Name+", which has no pods in the build: declare it as an external resource")
				continue
			}
			e := monitorEndpoint{Port: a.Port.StrVal}
			if a.Port.Type == intstr.Int {
				e.TargetPort = &a.Port
			}
			for _, to := range b.scrapeOfService(n, s, e) {
				b.add(namedFlow{from: b.podsOf(w), to: to.to, ports: to.ports, evidence: []string{to.evidence + " spec.alerting"}})
			}
		}
	}
}

// operatorMonitors are the PodMonitors that CloudNativePG creates.
func (b *build) operatorMonitors() []scrape {
	var out []scrape
	for _, w := range b.index.Workloads {
		n := b.item(w.Resource)
		if n == nil || resource.Group(n) != "postgresql.cnpg.io" {
			continue
		}
		if on := at(n, "spec.monitoring.enablePodMonitor"); on == nil || on.YNode().Value != "true" {
			continue
		}
		label := "cnpg.io/cluster"
		if n.GetKind() == "Pooler" {
			label = "cnpg.io/poolerName"
		}
		to := b.podsOf(w)
		if ports := b.podPorts(to.namespace, to.labels, flow.Port{Name: "metrics", Protocol: v1alpha1.TCP}); len(ports) > 0 {
			out = append(out, scrape{to: to, ports: ports, evidence: short(w.Resource) + " spec.monitoring.enablePodMonitor", monitor: monitor{"PodMonitor", n.GetNamespace(), map[string]string{label: n.GetName()}}})
		}
	}
	return out
}
