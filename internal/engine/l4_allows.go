package engine

import (
	"strconv"

	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// mergeKey identifies the rules that Cilium merges: those for one peer on one port. The merged
// rule does not record which policies had L7 rules and which had none.
type mergeKey struct {
	dir flow.Direction
	// namespace is that of the policy, "" for cluster-wide policies.
	namespace string
	peer      string
	port      string
	endPort   int32
	protocol  u8proto.U8proto
}

// collectL4Allows records the peers and ports for which an entry allows all L7 traffic.
func (p *Program) collectL4Allows(entry *types.PolicyEntry) {
	if !entry.IsAllow() || entry.L3 == nil {
		return
	}
	dir := flow.Egress
	if entry.Ingress {
		dir = flow.Ingress
	}
	peers := entry.L3
	if len(peers) == 0 {
		peers = types.WildcardSelectors
	}
	for _, rule := range entry.L4 {
		if restrictsL7(rule) {
			continue
		}
		for _, port := range rule.Ports {
			for _, peer := range peers {
				at := mergeKey{dir: dir, namespace: policyID(entry.Labels).Namespace, peer: peer.Key(), port: port.Port, endPort: port.EndPort}
				if n, err := u8proto.ParseProtocol(string(port.Protocol)); err == nil {
					at.protocol = n
				}
				p.l4Allows[at] = append(p.l4Allows[at], entry)
			}
		}
	}
}

// restrictsL7 reports whether a rule has L7 rules for its ports.
func restrictsL7(rule api.PortRule) bool {
	return !rule.Rules.IsEmpty() || rule.Listener != nil || len(rule.ServerNames) > 0 ||
		rule.TerminatingTLS != nil || rule.OriginatingTLS != nil
}

// l4AllowsAt returns the pod's policies that allow all L7 traffic where others
// have L7 rules.
func (d *policyMap) l4AllowsAt(f *ciliumpolicy.L4Filter, peer ciliumpolicy.CachedSelector) flow.Policies {
	at := mergeKey{dir: flow.Egress, peer: ownKey(peer), port: f.PortName, endPort: int32(f.EndPort), protocol: f.U8Proto}
	if f.Ingress {
		at.dir = flow.Ingress
	}
	if f.PortName == "" {
		at.port = strconv.Itoa(int(f.Port))
	}
	var policies flow.Policies
	for _, of := range []struct {
		namespace string
		protocol  u8proto.U8proto
	}{{"", f.U8Proto}, {"", u8proto.ANY}, {d.subject.namespace, f.U8Proto}, {d.subject.namespace, u8proto.ANY}} {
		at.namespace, at.protocol = of.namespace, of.protocol
		for _, entry := range d.l4Allows[at] {
			if id := policyID(entry.Labels); id.Name != "" && entry.Node == d.subject.node && entry.Subject.Matches(d.subject.labels) {
				policies = append(policies, id)
			}
		}
	}
	return policies
}
