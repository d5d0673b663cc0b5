package engine_test

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/testutils"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// simulator is Cilium's own naive engine, which its policy maps are tested against.
type simulator types.PolicyEntries

func readForSimulator(tb testing.TB, docs []json.RawMessage) simulator {
	tb.Helper()
	discardLogger := slog.New(slog.DiscardHandler)
	var out types.PolicyEntries
	for _, doc := range docs {
		var kind struct{ Kind string }
		var rules api.Rules
		var err error
		read := func(into any) {
			if err := json.Unmarshal(doc, into); err != nil {
				tb.Fatal(err)
			}
		}
		switch read(&kind); kind.Kind {
		case "NetworkPolicy":
			var np networkingv1.NetworkPolicy
			read(&np)
			entries, err := k8s.ParseNetworkPolicy(discardLogger, "default", &np)
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, entries...)
		case "CiliumNetworkPolicy":
			var cnp ciliumv2.CiliumNetworkPolicy
			read(&cnp)
			rules, err = cnp.Parse(discardLogger, "default")
		default:
			var ccnp ciliumv2.CiliumClusterwideNetworkPolicy
			read(&ccnp)
			rules, err = ccnp.Parse(discardLogger, "default")
		}
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, utils.RulesToPolicyEntries(rules)...)
	}
	// The simulator applies a rule without peers and ports to every peer, and an agent to none.
	for _, e := range out {
		if len(e.L3) == 0 && len(e.L4) == 0 {
			e.L3 = nil
		}
	}
	return simulator(out)
}

// side simulates one side of a flow. It reports false if the simulator cannot: it does not cover
// traffic of the node, L7 rules, and named ports of other protocols than TCP and UDP.
func (s simulator) side(dir flow.Direction, pod, peer endpoints.Endpoint, f flow.Flow) (flow.Decision, bool) {
	switch {
	case pod.Kind != endpoints.PodEndpoint || f.Port == 0 || f.HTTP != nil,
		dir == flow.Ingress && peer.Name == "host",
		peer.Name == "world", peer.Name == "kube-apiserver", s.namesPortsOfEveryProtocol():
		return "", false
	}
	owner := peer
	if dir == flow.Ingress {
		owner = pod
	}
	one := types.Flow{From: simulated(pod), To: simulated(peer), Dport: f.Port, Proto: u8proto.TCP, NamedPortsTCP: namesOfPorts(owner, v1alpha1.TCP), NamedPortsUDP: namesOfPorts(owner, v1alpha1.UDP)}
	if n, err := u8proto.ParseProtocol(string(f.Protocol)); err == nil {
		one.Proto = n
	}
	if dir == flow.Ingress {
		one.From, one.To = one.To, one.From
	}
	result, _, _ := testutils.IteratePolicy(types.PolicyEntries(s), one)
	decision := result.Egress
	if dir == flow.Ingress {
		decision = result.Ingress
	}
	if decision == types.DecisionAllowed {
		return flow.Allowed, true
	}
	return flow.Denied, true
}

func (s simulator) namesPortsOfEveryProtocol() bool {
	return slices.ContainsFunc(s, func(e *types.PolicyEntry) bool {
		return slices.ContainsFunc(e.L4, func(r api.PortRule) bool {
			return slices.ContainsFunc(r.Ports, func(p api.PortProtocol) bool {
				return p.Port[0] > '9' && p.Protocol != api.ProtoTCP && p.Protocol != api.ProtoUDP
			})
		})
	})
}

// namesOfPorts gives every name a number, because the simulator fails for an unknown name.
func namesOfPorts(ep endpoints.Endpoint, protocol v1alpha1.Protocol) map[string]uint16 {
	const never = 60000
	out := map[string]uint16{"http": never, "api": never, "nosuch": never}
	for _, p := range ep.Ports {
		if p.Protocol == protocol || p.Protocol == "" && protocol == v1alpha1.TCP {
			out[p.Name] = p.Port
		}
	}
	return out
}

// simulated returns the identity of an endpoint.
func simulated(ep endpoints.Endpoint) *identity.Identity {
	newIdentity := func(l labels.Labels) *identity.Identity { return identity.NewIdentity(1, l) }
	switch ep.Kind {
	case endpoints.AddressEndpoint:
		addr := netip.MustParseAddr(ep.Name)
		return newIdentity(labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen())))
	case endpoints.EntityEndpoint:
		return newIdentity(labels.NewLabelsFromModel([]string{"reserved:" + ep.Name}))
	}
	return newIdentity(labels.Map2Labels(naiveEndpoints(ep)[0].labels, labels.LabelSourceK8s))
}
