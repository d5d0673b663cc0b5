// Package peers finds the namespaces in which selectors, and the peers of declared flows, may match.
package peers

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Namespaces are those that selectors may match. The zero value is none. What cannot be read, or is
// unknown, is all of them.
type Namespaces struct {
	all      bool
	named    map[string]bool
	required [][]endpoints.Requirement
}

// All has every namespace, also those that do not exist yet.
func All() Namespaces { return Namespaces{all: true} }

// Named has the namespaces with these names.
func Named(names ...string) Namespaces {
	out := Namespaces{named: map[string]bool{}}
	for _, name := range names {
		out.named[name] = true
	}
	return out
}

// required has the namespaces that meet all requirements: without any, all.
func required(all []endpoints.Requirement) Namespaces {
	if len(all) == 0 {
		return All()
	}
	names := slices.IndexFunc(all, func(r endpoints.Requirement) bool {
		return r.Key == corev1.LabelMetadataName && r.Operator == metav1.LabelSelectorOpIn
	})
	if names >= 0 {
		// The other requirements only leave out some.
		return Named(all[names].Values...)
	}
	return Namespaces{required: [][]endpoints.Requirement{all}}
}

// OfPeer returns the namespaces of a peer of a declared flow.
func OfPeer(p policy.Peer) Namespaces {
	switch p.Kind {
	case policy.Pods:
		if p.Namespace != "" {
			return Named(p.Namespace)
		}
		return required(endpoints.RequirementsOf(endpoints.Selector{MatchLabels: p.NamespaceLabels}, endpoints.NamespaceLabel))
	case policy.Entities:
		return ofEntities(p.Entities)
	case policy.Nodes, policy.CIDRs, policy.FQDNs:
		return Namespaces{}
	}
	return All()
}

// OfSelections returns the namespaces in which selectors may match pods.
func OfSelections(all []endpoints.Selection) Namespaces {
	var out Namespaces
	for _, s := range all {
		out.Add(required(slices.DeleteFunc(slices.Clone(s.Requirements), func(r endpoints.Requirement) bool { return r.Trait != endpoints.NamespaceLabel })))
	}
	return out
}

// withoutPods are the entities without any pod.
var withoutPods = []v1alpha1.Entity{
	v1alpha1.EntityWorld, v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6, v1alpha1.EntityHost, v1alpha1.EntityRemoteNode,
	v1alpha1.EntityKubeAPIServer, v1alpha1.EntityIngress, v1alpha1.EntityHealth,
}

func ofEntities(all []v1alpha1.Entity) Namespaces {
	if slices.ContainsFunc(all, func(e v1alpha1.Entity) bool { return !slices.Contains(withoutPods, e) }) {
		return All()
	}
	return Namespaces{}
}

// Add adds other namespaces.
func (n *Namespaces) Add(other Namespaces) {
	n.all = n.all || other.all
	n.required = append(n.required, other.required...)
	if n.named == nil {
		n.named = map[string]bool{}
	}
	maps.Copy(n.named, other.named)
}

// Names are those that are named, whether they exist or not.
func (n Namespaces) Names() []string { return slices.Collect(maps.Keys(n.named)) }

// Overlap reports whether they may have a namespace of a set. Without the labels of namespaces, any may have
// those that are required.
func (n Namespaces) Overlap(s endpoints.NamespaceSet) bool {
	if n.all || len(n.required) > 0 {
		return true
	}
	fewer, more := n.named, map[string]bool(s)
	if len(more) < len(fewer) {
		fewer, more = more, fewer
	}
	for ns := range fewer {
		if fewer[ns] && more[ns] {
			return true
		}
	}
	return false
}

// Build has the namespaces of a build.
type Build struct {
	labels map[string]map[string]string
	// meeting are those that meet some requirements, which many selectors share.
	meeting map[string][]string
}

// NewBuild returns the namespaces of a build, which have these labels.
func NewBuild(labels map[string]map[string]string) *Build {
	return &Build{labels, map[string][]string{}}
}

// Set returns the set of those that the build has, and of those that are named. It is nil if it has all.
func (b *Build) Set(n Namespaces) endpoints.NamespaceSet {
	if n.all {
		return nil
	}
	out := endpoints.NamespaceSet{}
	maps.Copy(out, n.named)
	for _, all := range n.required {
		for _, ns := range b.meetingAll(all) {
			out[ns] = true
		}
	}
	return out
}

func (b *Build) meetingAll(all []endpoints.Requirement) []string {
	key := endpoints.JSONKey(all)
	out, known := b.meeting[key]
	if !known {
		for ns, labels := range b.labels {
			if endpoints.MeetsAll(all, ns, labels) {
				out = append(out, ns)
			}
		}
		b.meeting[key] = out
	}
	return out
}
