package engine

import (
	"cmp"
	"fmt"
	"maps"

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

// pod returns the identity and the named ports of a pod, and registers the ports for egress rules of
// other pods.
func (t *table) pod(ep endpoints.Endpoint) (*identity.Identity, types.NamedPortMap, error) {
	if ep.Namespace == "" {
		return nil, nil, fmt.Errorf("pod %q has no namespace", ep.Name)
	}
	ports, err := namedPorts(ep.Ports)
	if err != nil {
		return nil, nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	id, err := t.identity(t.podLabels(ep, ports))
	if err != nil {
		return nil, nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	found, err := namedPorts(t.egressPorts(ep.Ports))
	if err != nil {
		return nil, nil, fmt.Errorf("pod %q: %w", ep.Name, err)
	}
	t.ports.learn(id.ID, nil, found)
	return id, ports, nil
}

// podNamespace is the namespace of a pod in the form that Cilium expects.
type podNamespace struct {
	name   string
	labels map[string]string
}

func (n podNamespace) GetName() string              { return n.name }
func (n podNamespace) GetLabels() map[string]string { return n.labels }

// podLabels returns the labels of the pod's identity, with that of its named ports.
func (p *Program) podLabels(ep endpoints.Endpoint, ports types.NamedPortMap) labels.Labels {
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
	if p.agent.Value(cilium.IdentityLabels) != "" && ep.AllLabels != nil {
		own = ep.AllLabels
	}
	all := k8sutils.SanitizePodLabels(own, ns, account, cmp.Or(ep.Cluster, p.cluster))
	lbls, _ := labelsfilter.Filter(labels.Map2Labels(all, labels.LabelSourceK8s))
	if p.agent.Has(cilium.PortsInLabel) {
		for _, l := range k8s.NamedPortsIdentityLabels(ports) {
			lbls[l.Key] = l
		}
	}
	return lbls
}
