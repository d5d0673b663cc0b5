package lint

import (
	"encoding/json"
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// The labels that Cilium adds to a pod's own.
const (
	namespaceKey     = "io.kubernetes.pod.namespace"
	namespaceLabels  = "io.cilium.k8s.namespace.labels."
	ciliumPolicyKeys = "io.cilium.k8s."
)

type labelledPod struct {
	namespace string
	// own are its labels, and namespaceLabels are those of its namespace.
	own, namespaceLabels map[string]string
}

func podsOf(x *resource.Index) []labelledPod {
	var out []labelledPod
	for _, w := range x.Workloads {
		if w.HostNetwork {
			continue
		}
		p := labelledPod{namespace: w.Ref.Namespace, own: w.AllLabels, namespaceLabels: map[string]string{}}
		if p.own == nil {
			p.own = w.Labels
		}
		if ns := x.Namespaces[w.Ref.Namespace]; ns != nil {
			p.namespaceLabels = maps.Clone(ns.Labels)
		}
		if p.namespaceLabels == nil {
			p.namespaceLabels = map[string]string{}
		}
		p.namespaceLabels[corev1.LabelMetadataName] = w.Ref.Namespace
		out = append(out, p)
	}
	return out
}

// podSelection has the requirements of a policy's selector on namespaces and on pods.
type podSelection struct{ namespaces, pods endpoints.Selector }

// selectsNone reports whether a selector selects no pod, although the build has pods in its
// namespaces. In other namespaces, it may select unknown pods.
func (s podSelection) selectsNone(pods []labelledPod) bool {
	known := false
	for _, p := range pods {
		if !endpoints.Selects(s.namespaces, p.namespaceLabels) {
			continue
		}
		if known = true; endpoints.Selects(s.pods, p.own) {
			return false
		}
	}
	return known
}

func (s podSelection) String() string {
	text := "of every namespace"
	if !endpoints.SelectsAll(s.namespaces) {
		text = "in namespaces with " + metav1.FormatLabelSelector(&s.namespaces)
	}
	if name := s.namespaces.MatchLabels[corev1.LabelMetadataName]; name != "" && len(s.namespaces.MatchLabels) == 1 && len(s.namespaces.MatchExpressions) == 0 {
		text = "in namespace " + name
	}
	return "pods with " + metav1.FormatLabelSelector(&s.pods) + " " + text
}

// unknownReservedKey returns a key with a prefix of Cilium's own labels that Cilium does not have.
func (s podSelection) unknownReservedKey() string {
	for _, r := range endpoints.RequirementsOf(s.pods, endpoints.PodLabel) {
		if strings.HasPrefix(r.Key, "io.kubernetes.") || strings.HasPrefix(r.Key, "io.cilium.") {
			return r.Key
		}
	}
	return ""
}

type policyContext struct {
	// namespace is "" for a cluster-wide policy.
	namespace string
	cilium    bool
}

func (w policyContext) defaultNamespaces() endpoints.Selector {
	if w.namespace == "" {
		return endpoints.Selector{}
	}
	return endpoints.Selector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
}

// selectorOf reads the selector of a policy's subject, or of a peer of a Cilium policy. It reports
// false for a selector with unsupported labels.
func (w policyContext) selectorOf(written any) (podSelection, bool) {
	var all endpoints.Selector
	data, err := json.Marshal(written)
	if err != nil || json.Unmarshal(data, &all) != nil {
		return podSelection{}, false
	}
	if w.cilium {
		return w.ciliumSelectorOf(all)
	}
	return podSelection{namespaces: w.defaultNamespaces(), pods: all}, isValidSelector(all)
}

// ciliumSelectorOf splits a selector into its requirements on namespaces and on pods.
func (w policyContext) ciliumSelectorOf(all endpoints.Selector) (podSelection, bool) {
	var out podSelection
	for _, r := range endpoints.RequirementsOf(all, endpoints.PodLabel) {
		if !out.addRequirement(r.LabelSelectorRequirement) {
			return podSelection{}, false
		}
	}
	if endpoints.SelectsAll(out.namespaces) {
		out.namespaces = w.defaultNamespaces()
	}
	out.namespaces, out.pods = normalized(out.namespaces), normalized(out.pods)
	return out, isValidSelector(out.namespaces) && isValidSelector(out.pods)
}

// addRequirement adds a requirement of a Cilium policy. It reports false for labels that are not
// compared: of other sources, of service accounts and clusters, or added by agents.
func (s *podSelection) addRequirement(r metav1.LabelSelectorRequirement) bool {
	source, key, found := strings.Cut(r.Key, ":")
	if !found {
		source, key = "any", r.Key
	}
	of := &s.pods
	switch label, ofNamespace := strings.CutPrefix(key, namespaceLabels); {
	case source != "any" && source != "k8s":
		return false
	case ofNamespace:
		of, key = &s.namespaces, label
	case key == namespaceKey:
		of, key = &s.namespaces, corev1.LabelMetadataName
	case strings.HasPrefix(key, ciliumPolicyKeys), !v1alpha1.InIdentity(key) && !strings.HasPrefix(key, "io."):
		return false
	}
	r.Key = key
	of.MatchExpressions = append(of.MatchExpressions, r)
	return true
}

func isValidSelector(s endpoints.Selector) bool {
	_, err := metav1.LabelSelectorAsSelector(&s)
	return err == nil
}

// normalized writes requirements of one value as labels.
func normalized(s endpoints.Selector) endpoints.Selector {
	out := endpoints.Selector{MatchLabels: maps.Clone(s.MatchLabels)}
	for _, r := range s.MatchExpressions {
		if _, have := out.MatchLabels[r.Key]; r.Operator != metav1.LabelSelectorOpIn || len(r.Values) != 1 || have {
			out.MatchExpressions = append(out.MatchExpressions, r)
			continue
		}
		if out.MatchLabels == nil {
			out.MatchLabels = map[string]string{}
		}
		out.MatchLabels[r.Key] = r.Values[0]
	}
	return out
}

// peerOf reads a peer that selects pods. It reports false for other peers.
func (w policyContext) peerOf(peer any) (podSelection, bool) {
	if w.cilium {
		return w.selectorOf(peer)
	}
	var written struct{ PodSelector, NamespaceSelector *endpoints.Selector }
	data, err := json.Marshal(peer)
	if err != nil || json.Unmarshal(data, &written) != nil || written.PodSelector == nil && written.NamespaceSelector == nil {
		return podSelection{}, false
	}
	out := podSelection{namespaces: w.defaultNamespaces(), pods: endpoints.SelectorOf(written.PodSelector)}
	if written.NamespaceSelector != nil {
		out.namespaces = *written.NamespaceSelector
	}
	return out, isValidSelector(out.namespaces) && isValidSelector(out.pods)
}
