package proof_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/proof"
)

// naivePod is a pod of the random builds, with the labels of its namespace.
type naivePod struct {
	name, namespace, app string
	ports                map[string]int32
}

func (p naivePod) labels() labels.Set { return labels.Set{"app": p.app} }

func namespaceLabelsOf(namespace string) labels.Set {
	return labels.Set{"kubernetes.io/metadata.name": namespace, "team": strings.TrimPrefix(namespace, "team-")}
}

var naivePods = []naivePod{
	{"team-a/Pod/web", "team-a", "web", map[string]int32{"http": 8080}}, {"team-a/Pod/db", "team-a", "db", nil},
	{"team-b/Pod/web", "team-b", "web", map[string]int32{"http": 80}}, {"team-b/Pod/job", "team-b", "job", nil},
}

// TestConnectionsOfNetworkPolicies compares the connections under random NetworkPolicies with an evaluation that
// follows the documentation of NetworkPolicy and shares no code with the product.
func TestConnectionsOfNetworkPolicies(t *testing.T) {
	t.Parallel()
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	allowed, denied := 0, 0
	for seed := range seeds {
		policies := randomPolicies(rand.New(rand.NewPCG(seed, 7)))
		listed := connectionsUnder(t, policies)
		for _, from := range naivePods {
			for _, to := range naivePods {
				for _, port := range []int32{53, 79, 80, 81, 8080, 8081} {
					for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
						want := naiveAllows(policies, from, to, port, protocol)
						got := slices.ContainsFunc(listed[[2]string{from.name, to.name}], func(r flow.PortRange) bool {
							return r.Includes(flow.PortRange{Protocol: v1alpha1.Protocol(protocol), First: uint16(port), Last: uint16(port)})
						})
						if got != want {
							t.Fatalf("seed %d: %s -> %s on %d/%s: listed %t, and the policies allow %t", seed, from.name, to.name, port, protocol, got, want)
						}
						if want {
							allowed++
						} else {
							denied++
						}
					}
				}
			}
		}
	}
	if allowed < 100 || denied < 100 {
		t.Errorf("%d allowed and %d denied flows compare little", allowed, denied)
	}
}

// connectionsUnder returns the ports of each pair of pods.
func connectionsUnder(t *testing.T, policies []networkingv1.NetworkPolicy) map[[2]string][]flow.PortRange {
	t.Helper()
	var text strings.Builder
	for _, ns := range []string{"team-a", "team-b"} {
		fmt.Fprintf(&text, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {team: %s}}\n", ns, namespaceLabelsOf(ns)["team"])
	}
	for _, p := range naivePods {
		ports := ""
		for name, number := range p.ports {
			ports = fmt.Sprintf(", ports: [{name: %s, containerPort: %d}]", name, number)
		}
		fmt.Fprintf(&text, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: {app: %s}}\nspec: {containers: [{name: c%s}]}\n", p.app, p.namespace, p.app, ports)
	}
	for _, p := range policies {
		data, err := yaml.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n" + string(data))
	}
	items, err := kio.FromBytes([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := proof.Verification{Items: items}.Questions(proof.AsApplied)
	if err != nil {
		t.Fatalf("%v: %v", err, s.Findings)
	}
	q, err := s.Ask()
	if err != nil {
		t.Fatal(err)
	}
	out := map[[2]string][]flow.PortRange{}
	for _, ep := range q.View.Set.Pods() {
		all, err := q.Connections(ep, flow.Egress)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.To.Kind == endpoints.PodEndpoint {
				out[[2]string{c.From.Name, c.To.Name}] = append(out[[2]string{c.From.Name, c.To.Name}], c.Ports)
			}
		}
	}
	return out
}

func pickOne[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func randomPolicies(r *rand.Rand) []networkingv1.NetworkPolicy {
	var out []networkingv1.NetworkPolicy
	for i := range 1 + r.IntN(4) {
		p := networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}}
		p.Namespace, p.Name = pickOne(r, "team-a", "team-b"), fmt.Sprintf("p%d", i)
		p.Spec.PodSelector = *randomSelector(r, "app", "web", "db", "job")
		p.Spec.PolicyTypes = pickOne(r, []networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Egress"}, []networkingv1.PolicyType{"Ingress", "Egress"})
		for range r.IntN(3) {
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: randomPeers(r), Ports: randomPorts(r)})
			p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: randomPeers(r), Ports: randomPorts(r)})
		}
		if !slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) {
			p.Spec.Ingress = nil
		}
		if !slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			p.Spec.Egress = nil
		}
		out = append(out, p)
	}
	return out
}

func randomSelector(r *rand.Rand, key string, values ...string) *metav1.LabelSelector {
	return pickOne(r, &metav1.LabelSelector{}, &metav1.LabelSelector{MatchLabels: map[string]string{key: pickOne(r, values...)}},
		&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{pickOne(r, values...)}}}})
}

func randomPeers(r *rand.Rand) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range r.IntN(3) {
		pods, namespaces := randomSelector(r, "app", "web", "db", "job"), randomSelector(r, "team", "a", "b")
		out = append(out, pickOne(r, networkingv1.NetworkPolicyPeer{PodSelector: pods}, networkingv1.NetworkPolicyPeer{NamespaceSelector: namespaces},
			networkingv1.NetworkPolicyPeer{PodSelector: pods, NamespaceSelector: namespaces}))
	}
	return out
}

func randomPorts(r *rand.Rand) []networkingv1.NetworkPolicyPort {
	udp, number, name, last := corev1.ProtocolUDP, intstr.FromInt32(80), intstr.FromString("http"), int32(8080)
	var out []networkingv1.NetworkPolicyPort
	for range r.IntN(3) {
		out = append(out, pickOne(r, networkingv1.NetworkPolicyPort{Port: &number}, networkingv1.NetworkPolicyPort{Port: &name}, networkingv1.NetworkPolicyPort{Port: &number, EndPort: &last},
			networkingv1.NetworkPolicyPort{Protocol: &udp}, networkingv1.NetworkPolicyPort{}))
	}
	return out
}

// naiveAllows reports whether both sides allow a flow.
func naiveAllows(policies []networkingv1.NetworkPolicy, from, to naivePod, port int32, protocol corev1.Protocol) bool {
	side := func(at, peer naivePod, direction networkingv1.PolicyType) bool {
		isolated := false
		for _, p := range policies {
			if p.Namespace != at.namespace || !selects(&p.Spec.PodSelector, at.labels()) || !slices.Contains(p.Spec.PolicyTypes, direction) {
				continue
			}
			isolated = true
			for _, rule := range p.Spec.Ingress {
				if direction == networkingv1.PolicyTypeIngress && naivePeers(rule.From, p.Namespace, peer) && naivePorts(rule.Ports, to, port, protocol) {
					return true
				}
			}
			for _, rule := range p.Spec.Egress {
				if direction == networkingv1.PolicyTypeEgress && naivePeers(rule.To, p.Namespace, peer) && naivePorts(rule.Ports, to, port, protocol) {
					return true
				}
			}
		}
		return !isolated
	}
	return side(from, to, networkingv1.PolicyTypeEgress) && side(to, from, networkingv1.PolicyTypeIngress)
}

func selects(s *metav1.LabelSelector, set labels.Set) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(set)
}

func naivePeers(peers []networkingv1.NetworkPolicyPeer, namespace string, peer naivePod) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		inNamespace := peer.namespace == namespace
		if p.NamespaceSelector != nil {
			inNamespace = selects(p.NamespaceSelector, namespaceLabelsOf(peer.namespace))
		}
		return inNamespace && (p.PodSelector == nil || selects(p.PodSelector, peer.labels()))
	})
}

func naivePorts(ports []networkingv1.NetworkPolicyPort, to naivePod, port int32, protocol corev1.Protocol) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		want := corev1.ProtocolTCP
		if p.Protocol != nil {
			want = *p.Protocol
		}
		switch {
		case want != protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			number, named := to.ports[p.Port.StrVal]
			return named && number == port
		case p.EndPort != nil:
			return p.Port.IntVal <= port && port <= *p.EndPort
		}
		return p.Port.IntVal == port
	})
}
