package reach

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// nearMiss returns the rule at an endpoint that differs least from one that allows a flow: in its
// requests, its port, its protocol, the labels of the peer, the namespace of the peer, or the peer.
// It returns nil if nothing is allowed in the direction.
func (q *Questions) nearMiss(at endpoints.Endpoint, f flow.Flow, d flow.Direction) (*report.NearMiss, error) {
	all, err := q.openings(at, d)
	if err != nil {
		return nil, err
	}
	// The enforcer's own rule is no policy that could be changed.
	all = slices.DeleteFunc(slices.Clone(all), func(o flow.Opening) bool { return len(o.Policies) == 0 })
	s := missSearch{Questions: q, flow: f, direction: d, openings: all}
	for _, find := range []func() (*report.NearMiss, error){s.otherRequest, s.otherPort, s.otherPeer} {
		if found, err := find(); err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil //nolint:nilnil // The policies allow nothing, which is no error.
}

// missSearch finds near misses of one side of a flow.
type missSearch struct {
	*Questions
	flow      flow.Flow
	direction flow.Direction
	openings  flow.Openings
}

// decideAs decides another flow at the same side.
func (s missSearch) decideAs(f flow.Flow) (flow.Side, error) {
	v, err := s.View.Decide(f)
	return sideOf(v, s.direction), err
}

func (s missSearch) miss(part report.MissPart, policies flow.Policies, format string, args ...any) *report.NearMiss {
	return &report.NearMiss{Differs: part, Policies: policies, DeclaredBy: s.reasonsOf(policies), Text: fmt.Sprintf(format, args...)}
}

// otherRequest finds a rule for the same peer and port that allows other requests, or a rule for the
// name without a DNS rule.
func (s missSearch) otherRequest() (*report.NearMiss, error) {
	side, err := s.decideAs(withoutRequest(s.flow))
	if err != nil {
		return nil, err
	}
	if side.Decision == flow.Allowed && !side.L7.Unrestricted() {
		return s.miss(report.MissRequest, side.Policies, "allows only %s on this port: only the request differs", side.L7), nil
	}
	if s.flow.To.Kind != endpoints.NameEndpoint || s.direction != flow.Egress || side.Decision != flow.Denied {
		return nil, nil //nolint:nilnil // No rule is found, which is no error.
	}
	for _, o := range s.openings {
		for ep := range o.Peers.All() {
			if ep.Kind == endpoints.NameEndpoint && flow.Covers(ep.Name, s.flow.To.Name) && s.includesPort(o) {
				return s.miss(report.MissDNS, o.Policies, "allows this name and port: only a DNS rule that allows the pod to query the name is missing"), nil
			}
		}
	}
	return nil, nil //nolint:nilnil // No rule is found, which is no error.
}

// includesPort reports whether an opening has some port of the flow.
func (s missSearch) includesPort(o flow.Opening) bool {
	asked, err := s.flow.PortRanges()
	return err == nil && slices.ContainsFunc(asked, o.Ports.Overlaps)
}

// otherPort finds a rule for the same peer on another port, or with another protocol. The enforcer
// decides each port that a rule at the endpoint has.
func (s missSearch) otherPort() (*report.NearMiss, error) {
	asked, err := s.flow.PortRanges()
	if err != nil {
		return nil, err
	}
	var best *report.NearMiss
	bestDistance := 0
	for _, o := range s.openings {
		ports, distance := o.Ports, distanceOf(asked, o.Ports)
		if o.Unrestricted() || best != nil && distance >= bestDistance || ports.Protocol == "" {
			continue
		}
		side, allowed := s.allowsOn(ports)
		if !allowed || !hasAny(o.Policies, side.Policies) {
			continue
		}
		part, what := report.MissPort, "port"
		if asked[0].Protocol != ports.Protocol {
			part, what = report.MissProtocol, "protocol"
		}
		best, bestDistance = s.miss(part, side.Policies, "allows %s with this peer: only the %s differs", withRules(ports, o.L7), what), distance
		if s.flow.Port == 0 && s.flow.ICMP == "" {
			best.Text = fmt.Sprintf("allows only %s with this peer", withRules(ports, o.L7))
		}
	}
	return best, nil
}

// allowsOn reports whether the side allows the flow on other ports. It does not if that is undecided.
func (s missSearch) allowsOn(ports flow.PortRange) (flow.Side, bool) {
	side, err := s.decideAs(s.flowOn(ports))
	return side, err == nil && side.Decision == flow.Allowed
}

// flowOn is the flow on the first port of a range, or on all of its ports.
func (s missSearch) flowOn(ports flow.PortRange) flow.Flow {
	out := flow.Flow{From: s.flow.From, To: s.flow.To, Protocol: ports.Protocol, Port: ports.First}
	if ports.IsAllPorts() {
		out.Port = 0
	}
	return out
}

// withRules is a range with its L7 rules.
func withRules(ports flow.PortRange, l7 flow.L7) string {
	if l7.Unrestricted() {
		return ports.Text()
	}
	return fmt.Sprintf("%s (%s)", ports.Text(), l7)
}

// otherProtocol is further away than every port.
const otherProtocol = 1 << 20

// distanceOf returns how far a range is from the ports of a flow.
func distanceOf(asked []flow.PortRange, ports flow.PortRange) int {
	out := 2 * otherProtocol
	for _, a := range asked {
		distance := max(int(ports.First)-int(a.Last), int(a.First)-int(ports.Last), 0)
		if a.Protocol != ports.Protocol {
			distance += otherProtocol
		}
		out = min(out, distance)
	}
	return out
}

// otherPeer finds a rule for the same port and another peer.
func (s missSearch) otherPeer() (*report.NearMiss, error) {
	var best *nearPeer
	for _, o := range s.openings {
		if o.Unrestricted() || !s.includesPort(o) {
			continue
		}
		for ep := range o.Peers.All() {
			if p := s.comparePeer(o, ep); p != nil && (best == nil || p.compare(best) < 0) {
				best = p
			}
		}
	}
	if best == nil {
		return nil, nil //nolint:nilnil // No rule is found, which is no error.
	}
	return s.miss(best.part, best.opening.Policies, "allows %s with %s: %s", withRules(best.opening.Ports, best.opening.L7), report.EndpointName(best.peer), best.differs), nil
}

// nearPeer is a peer that an opening allows, compared with the peer of the flow.
type nearPeer struct {
	opening flow.Opening
	peer    *endpoints.Endpoint
	part    report.MissPart
	// rank orders the parts, and labels is the number of labels that differ.
	rank, labels int
	differs      string
}

func (p *nearPeer) compare(o *nearPeer) int {
	return cmp.Or(cmp.Compare(p.rank, o.rank), cmp.Compare(p.labels, o.labels), cmp.Compare(rankOf(p.peer), rankOf(o.peer)),
		cmp.Compare(p.peer.Name, o.peer.Name), p.opening.Policies.Compare(o.opening.Policies))
}

// rankOf prefers pods of the build, which exist.
func rankOf(ep *endpoints.Endpoint) int {
	if ep.Representative {
		return 1
	}
	return 0
}

// comparePeer compares a peer of an opening with the peer of the flow. It returns nil for the peer itself,
// and if nothing is alike.
func (s missSearch) comparePeer(o flow.Opening, ep *endpoints.Endpoint) *nearPeer {
	own := peerOf(s.flow, s.direction)
	out := &nearPeer{opening: o, peer: ep}
	switch {
	case ep.Name == own.Name && ep.Kind == own.Kind, (ep.Kind == endpoints.PodEndpoint) != (own.Kind == endpoints.PodEndpoint), ep.Kind == endpoints.NodeEndpoint:
		return nil // A rule for pods is not near to one for what is no pod.
	case ep.Kind != own.Kind:
		out.part, out.rank, out.differs = report.MissPeer, 1, "the peer differs, and is of another kind"
		return out
	case ep.Kind != endpoints.PodEndpoint:
		out.part, out.rank, out.differs = report.MissPeer, 0, "only the peer differs"
		return out
	}
	there, here := differingLabels(ep.Labels, own.Labels)
	out.labels = max(len(there), len(here))
	switch {
	case ep.Cluster != own.Cluster:
		out.part, out.rank, out.differs = report.MissNamespace, 2, "the cluster of the peer differs"
	case ep.Namespace != own.Namespace:
		out.part, out.rank = report.MissNamespace, 1
		out.differs = fmt.Sprintf("the namespace of the peer differs: %s instead of %s", ep.Namespace, own.Namespace)
		if out.labels > 0 {
			out.differs += ", and its labels: " + labelsText(there, here)
		}
	case out.labels == 0:
		return nil
	default:
		out.part, out.differs = report.MissLabels, "only labels of the peer differ: "+labelsText(there, here)
	}
	return out
}

// differingLabels returns the labels of a pod that another one does not have with the same value, and
// what the other one has instead. If it has all of them, it returns those that it has in addition.
func differingLabels(there, here map[string]string) (missing, instead map[string]string) {
	missing, instead = map[string]string{}, map[string]string{}
	for key, value := range there {
		if own, has := here[key]; !has || own != value {
			missing[key] = value
			if has {
				instead[key] = own
			}
		}
	}
	if len(missing) == 0 {
		maps.Copy(instead, here)
		maps.DeleteFunc(instead, func(key, _ string) bool { _, common := there[key]; return common })
	}
	return missing, instead
}

func labelsText(there, here map[string]string) string {
	switch {
	case len(there) == 0:
		return "without " + endpoints.FormatLabels(here)
	case len(here) == 0:
		return endpoints.FormatLabels(there) + ", which this one does not have"
	}
	return endpoints.FormatLabels(there) + " instead of " + endpoints.FormatLabels(here)
}
