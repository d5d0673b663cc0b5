package reach

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// leak is one thing that policies allow and nothing declares, between subjects and peers for
// which the same policies allow it.
type leak struct {
	direction flow.Direction
	owner     *policy.Owner
	// namespace of the subjects, "" for nodes.
	namespace       string
	kind            peerKind
	opening         flow.Opening
	subjects, peers orderedSet
	// pairs are recorded where each of them is reported, and count is their number.
	pairs pairs
	count int
	// from and to are an example: an open pair, if one is open.
	from, to string
	open     bool
	// deployed reports that some subject is in the build.
	deployed bool
	// restricted and unrestricted are the declared flows with and without L7 rules, where the
	// opening shadows such rules.
	restricted, unrestricted []report.Reason
}

// leaks are grouped where they differ in their sources and destinations alone, in the order in
// which they were found.
type leaks struct {
	list []*leak
	at   map[string]*leak
}

// leakOf returns the leak that an opening to peers of one kind belongs to.
func (l *leaks) leakOf(v view, o flow.Opening, kind peerKind) *leak {
	o.Peers, o.Partial = nil, false
	key := endpoints.JSONKey([]any{v.direction, v.subject.Namespace, v.owner.String(), kind, o})
	out := l.at[key]
	if out == nil {
		out = &leak{direction: v.direction, owner: v.owner, namespace: v.subject.Namespace, kind: kind, opening: o}
		if l.at == nil {
			l.at = map[string]*leak{}
		}
		l.at[key] = out
		l.list = append(l.list, out)
	}
	return out
}

func (l *leak) add(v view, peer endpoints.Endpoint) {
	l.count++
	l.deployed = l.deployed || !v.subject.Representative
	l.subjects.add(v.subject.Name)
	l.peers.add(peer.Name)
	if l.from == "" {
		l.setExample(v, peer)
	}
}

// setExample makes a pair the example.
func (l *leak) setExample(v view, peer endpoints.Endpoint) {
	l.from, l.to = v.subject.Name, peer.Name
	if v.direction == flow.Ingress {
		l.from, l.to = l.to, l.from
	}
}

func (l *leak) subjectSet() *orderedSet { return &l.subjects }

func (l *leak) peerSet() *orderedSet { return &l.peers }

// subject and peer are those of the example.
func (l *leak) subject() string {
	if l.direction == flow.Egress {
		return l.from
	}
	return l.to
}

func (l *leak) peer() string {
	if l.direction == flow.Egress {
		return l.to
	}
	return l.from
}

// sources and destinations are the subjects and peers, by direction.
func (l *leak) sources() *orderedSet {
	if l.direction == flow.Egress {
		return &l.subjects
	}
	return &l.peers
}

func (l *leak) destinations() *orderedSet {
	if l.direction == flow.Egress {
		return &l.peers
	}
	return &l.subjects
}

func (l *leak) ports() flow.PortRange { return l.opening.Ports }

// portsAndL7 returns the ports, and the L7 rule that is allowed there.
func (l *leak) portsAndL7() string {
	if l.opening.L7.Unrestricted() {
		return l.ports().Text()
	}
	return l.ports().Text() + ", " + l.opening.L7.String()
}

// orderedSet is a set that keeps its order.
type orderedSet struct {
	list []string
	seen map[string]bool
}

func (n *orderedSet) add(names ...string) {
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	for _, name := range names {
		if !n.seen[name] {
			n.seen[name] = true
			n.list = append(n.list, name)
		}
	}
}

// moreSuffix counts the names after the first.
func (n *orderedSet) moreSuffix() string {
	if len(n.list) < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", len(n.list)-1)
}

// pairs are pairs of a subject and a peer. Subjects with the same peers share one list, so that
// many pods need little memory.
type pairs struct {
	groups  []*pairGroup
	byPeers map[[sha256.Size]byte]*pairGroup
	// current are the peers of the last subject.
	subject string
	current []string
}

// pairGroup is every pair of one of the subjects and one of the peers.
type pairGroup struct{ subjects, peers []string }

// add adds a pair. The pairs of a subject come one after the other.
func (p *pairs) add(subject, peer string) {
	if subject != p.subject {
		p.finish()
		p.subject = subject
	}
	p.current = append(p.current, peer)
}

// finish groups the last subject with those that have the same peers.
func (p *pairs) finish() {
	if len(p.current) == 0 {
		return
	}
	slices.Sort(p.current)
	peers := slices.Compact(p.current)
	key := sha256.Sum256([]byte(strings.Join(peers, "\n")))
	if p.byPeers[key] == nil {
		if p.byPeers == nil {
			p.byPeers = map[[sha256.Size]byte]*pairGroup{}
		}
		p.byPeers[key] = &pairGroup{peers: slices.Clone(peers)}
		p.groups = append(p.groups, p.byPeers[key])
	}
	p.byPeers[key].subjects = append(p.byPeers[key].subjects, p.subject)
	p.current = p.current[:0]
}

// all returns the groups of all pairs that were added.
func (p *pairs) all() []*pairGroup {
	p.finish()
	return p.groups
}
