package convert

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// rules rewrites the rules of a direction. A rule with endpoints and networks becomes two
// rules, because Cilium accepts one kind of peer in a rule.
func (w direction) rules(all *yaml.Node) {
	var out []*yaml.Node
	for _, rule := range all.Content {
		out = append(out, w.rule(rule)...)
	}
	all.Content = out
}

func (w direction) rule(rule *yaml.Node) []*yaml.Node {
	if isEmpty(rule) {
		replaceContent(rule, mapping(), rule)
	}
	ports := w.ports(rule)
	key, peers := pair(rule, w.peers)
	switch {
	case !isEmpty(peers):
		return w.peersOf(rule, key, peers)
	case ports == nil:
		// An empty rule allows nothing in Cilium.
		w.allowAll(rule)
	case key != nil:
		// Ports without peers are allowed for all peers.
		drop(rule, w.peers)
		moveComments(ports, key, peers)
	}
	return []*yaml.Node{rule}
}

// ports rewrites the ports of a rule and returns their key. It returns nil for a rule that
// allows every port of every protocol.
func (w direction) ports(rule *yaml.Node) *yaml.Node {
	key, ports := pair(rule, "ports")
	if key == nil {
		return nil
	}
	if !isEmpty(ports) {
		key.Value = "toPorts"
		rule.Content[keyIndex(rule, "toPorts")+1] = toPorts(ports)
		return key
	}
	drop(rule, "ports")
	if other, _ := pair(rule, w.peers); other != nil {
		moveComments(other, key, ports)
	} else {
		moveComments(rule, key, ports)
	}
	return nil
}

// allowAll sets all peers in a rule that has no peers.
func (w direction) allowAll(rule *yaml.Node) {
	key, peers := pair(rule, w.peers)
	if key == nil {
		rule.Content = append(rule.Content, scalar(w.entities), sequence(scalar("all")))
		return
	}
	key.Value = w.entities
	replaceContent(peers, sequence(scalar("all")), key)
}

// peersOf rewrites the peers of a rule, with one rule for each kind of peer. The first rule
// keeps the comments of the rule and its ports.
func (w direction) peersOf(rule, key, peers *yaml.Node) []*yaml.Node {
	byKind := map[string][]*yaml.Node{}
	var kinds []string
	for _, peer := range peers.Content {
		kind := w.peer(peer)
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		byKind[kind] = append(byKind[kind], peer)
	}
	key.Value, peers.Content = kinds[0], byKind[kinds[0]]
	out := []*yaml.Node{rule}
	for _, kind := range kinds[1:] {
		other := mapping(scalar(kind), sequence(byKind[kind]...))
		other.Style, other.Content[1].Style = rule.Style, peers.Style
		if ports := value(rule, "toPorts"); ports != nil {
			other.Content = append(other.Content, scalar("toPorts"), withoutComments(ports))
		}
		other.FootComment, rule.FootComment = rule.FootComment, ""
		out = append(out, other)
	}
	return out
}

// peer rewrites a peer and returns the field for its kind.
func (w direction) peer(peer *yaml.Node) string {
	if key, block := pair(peer, "ipBlock"); key != nil && !isNull(block) {
		network(peer)
		return w.networks
	}
	endpoints(peer)
	return w.endpoints
}

// network replaces a peer with the content of its ipBlock. Cilium uses the same field names.
func network(peer *yaml.Node) {
	var content []*yaml.Node
	for key, block := range pairs(peer) {
		moveOwnComments(peer, key)
		moveOwnComments(peer, block)
		content = append(content, nonEmptyPairs(block, peer)...)
	}
	peer.Content = content
}
