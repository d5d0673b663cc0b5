package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/types"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// knownPod is a pod as Cilium knows it. The same policies select all pods of an identity. Their
// policy maps may differ, because each pod defines its own named ports.
type knownPod struct {
	id    *identity.Identity
	ports types.NamedPortMap
	// policyMap is nil until it is computed.
	policyMap *policyMap
	// openingsKey is equal for pods with the same openings, and empty until it is computed.
	openingsKey string
}

// pod returns a pod as Cilium knows it, and registers its named ports for egress rules of other
// pods.
func (e *Engine) pod(ep endpoints.Endpoint) (*knownPod, error) {
	key := fingerprint(ep)
	if known, ok := e.pods[key]; ok {
		return known, nil
	}
	if ep.Namespace == "" {
		return nil, fmt.Errorf("pod %q has no namespace", ep.Name)
	}
	ports, err := namedPorts(ep.Ports)
	if err != nil {
		return nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	id, err := e.identity(e.podLabels(ep, ports))
	if err != nil {
		return nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	found, err := namedPorts(e.egressPorts(ep.Ports))
	if err != nil {
		return nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	if e.ports.learn(id.ID, nil, found) {
		e.generation++
	}
	known := &knownPod{id: id, ports: ports}
	e.pods[key] = known
	return known, nil
}

// podNamespace is the namespace of a pod in the form that Cilium expects.
type podNamespace struct {
	name   string
	labels map[string]string
}

func (n podNamespace) GetName() string              { return n.name }
func (n podNamespace) GetLabels() map[string]string { return n.labels }

// podLabels returns the labels of the pod's identity, with that of its named ports.
func (e *Engine) podLabels(ep endpoints.Endpoint, ports types.NamedPortMap) labels.Labels {
	ns := podNamespace{name: ep.Namespace, labels: maps.Clone(ep.NamespaceLabels)}
	if ns.labels == nil {
		ns.labels = map[string]string{}
	}
	// The apiserver sets this label and the service account, whatever the manifests contain.
	ns.labels[corev1.LabelMetadataName] = ep.Namespace
	account := ep.ServiceAccount
	if account == "" {
		account = "default"
	}
	own := ep.Labels
	if e.agent.Value(cilium.IdentityLabels) != "" && ep.AllLabels != nil {
		own = ep.AllLabels
	}
	all := k8sutils.SanitizePodLabels(own, ns, account, cmp.Or(ep.Cluster, e.cluster))
	lbls, _ := labelsfilter.Filter(labels.Map2Labels(all, labels.LabelSourceK8s))
	if e.agent.Has(cilium.PortsInLabel) {
		for _, l := range k8s.NamedPortsIdentityLabels(ports) {
			lbls[l.Key] = l
		}
	}
	return lbls
}

// fingerprint is equal for endpoints that Cilium cannot distinguish.
func fingerprint(ep endpoints.Endpoint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %q", ep.Cluster, ep.Namespace, ep.ServiceAccount)
	for _, m := range []map[string]string{ep.NamespaceLabels, ep.Labels, ep.AllLabels} {
		b.WriteByte(';')
		for _, k := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&b, "%q=%q", k, m[k])
		}
	}
	for _, p := range ep.Ports {
		fmt.Fprintf(&b, ";%q=%d/%s", p.Name, p.Port, p.Protocol)
	}
	return b.String()
}
