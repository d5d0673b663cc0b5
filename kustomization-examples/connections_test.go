package examples_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestConnectionsAreThoseOfTheLookup decides every pair of endpoints of every example with Cilium's own lookup,
// on both sides and at each port where anything changes. Connections list exactly what it allows.
func TestConnectionsAreThoseOfTheLookup(t *testing.T) {
	t.Parallel()
	skipInShort(t, "decides every pair of endpoints of every example")
	for _, dir := range examples(t) {
		for _, as := range []proof.Enforcement{proof.AsApplied, proof.AsEnforced} {
			q := questionsOf(t, dir, as)
			oracle, ok := flowtest.NewOracle(q.View)
			if !ok {
				continue
			}
			c := connectionCheck{T: t, Questions: q, oracle: oracle, dir: dir, listed: map[[2]endpoints.ID][]report.Connection{}}
			c.list()
			if pairs, allowed := c.compare(); pairs == 0 || allowed == 0 {
				t.Errorf("%s: %d pairs and %d allowed flows were compared", dir, pairs, allowed)
			}
		}
	}
}

// questionsOf asks about an example.
func questionsOf(t *testing.T, dir string, as proof.Enforcement) *reach.Questions {
	t.Helper()
	b := buildExample(t, dir)
	s, err := proof.Verification{Items: b.items, Runs: []proof.Run{{Config: b.config, Items: b.items}}}.Questions(as)
	if err != nil {
		t.Fatalf("%s: %v: %v", dir, err, s.Findings)
	}
	q, err := s.Ask()
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// connectionCheck compares connections with an oracle.
type connectionCheck struct {
	*testing.T
	*reach.Questions
	oracle *flowtest.Oracle
	dir    string
	// listed are the connections of each pair, and ends are the endpoints.
	listed map[[2]endpoints.ID][]report.Connection
	ends   []endpoints.Endpoint
	ports  []flow.PortRange
}

// list asks for the connections of all pods, in both directions, which must agree.
func (c *connectionCheck) list() {
	c.Helper()
	bounds := []flow.PortRange{}
	fromIngress := map[[2]endpoints.ID]int{}
	for _, ep := range c.View.Set.Known() {
		if ep.Representative || ep.Kind == endpoints.NodeEndpoint || ep.Kind == endpoints.NameEndpoint {
			continue
		}
		c.ends = append(c.ends, ep)
		if ep.Kind != endpoints.PodEndpoint {
			continue
		}
		for _, d := range flow.Directions() {
			all, err := c.Connections(ep, d)
			if err != nil {
				c.Fatal(err)
			}
			for _, one := range all {
				pair := [2]endpoints.ID{one.From.ID, one.To.ID}
				if bounds = append(bounds, one.Ports); d == flow.Ingress {
					fromIngress[pair]++
				}
				if d == flow.Egress || one.From.Kind != endpoints.PodEndpoint {
					c.listed[pair] = append(c.listed[pair], one)
				}
			}
		}
	}
	for pair, all := range c.listed {
		if to := c.View.Set.Of(pair[1]); to.Kind == endpoints.PodEndpoint && fromIngress[pair] != len(all) {
			c.Errorf("%s: %s -> %s has %d connections, and %d seen from the destination", c.dir, c.View.Set.Of(pair[0]).Name, to.Name, len(all), fromIngress[pair])
		}
	}
	for _, protocol := range []v1alpha1.Protocol{v1alpha1.TCP, v1alpha1.UDP, flow.ICMP} {
		for _, r := range flow.AllPorts(protocol).Split(bounds) {
			c.ports = append(c.ports, flow.PortRange{Protocol: protocol, First: r.First, Last: r.First})
		}
	}
}

// compare decides each pair with the oracle.
func (c *connectionCheck) compare() (pairs, allowed int) {
	c.Helper()
	for _, from := range c.ends {
		for _, to := range c.ends {
			if from.ID == to.ID || !from.IsSelected() && !to.IsSelected() {
				continue
			}
			pairs++
			for _, ports := range c.ports {
				want := c.decide(from, to, ports)
				if want == flow.Allowed {
					allowed++
				}
				if got := c.connection(from, to, ports); got != want {
					c.Errorf("%s: %s -> %s on %s: connections have %q, and the lookup decides %q", c.dir, from.Name, to.Name, ports, got, want)
				}
			}
		}
	}
	return pairs, allowed
}

func (c *connectionCheck) connection(from, to endpoints.Endpoint, ports flow.PortRange) flow.Decision {
	for _, one := range c.listed[[2]endpoints.ID{from.ID, to.ID}] {
		if one.Ports.Includes(ports) {
			return one.Decision()
		}
	}
	return flow.Denied
}

func (c *connectionCheck) decide(from, to endpoints.Endpoint, ports flow.PortRange) flow.Decision {
	c.Helper()
	var sides []flow.Decision
	for _, s := range []struct {
		at, peer endpoints.Endpoint
		d        flow.Direction
	}{{from, to, flow.Egress}, {to, from, flow.Ingress}} {
		one, err := c.oracle.Decide(s.at.ID, s.peer.ID, s.d, ports)
		if err != nil {
			c.Fatal(err)
		}
		sides = append(sides, one)
	}
	for _, d := range []flow.Decision{flow.Denied, flow.Depends} {
		if slices.Contains(sides, d) {
			return d
		}
	}
	return flow.Allowed
}
