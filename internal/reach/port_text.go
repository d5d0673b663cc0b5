package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// String is "port 80/TCP", "ports 80-90/TCP" or "every port of TCP", and for ICMP the same with
// types.
func (o portRange) String() string {
	if o.protocol == "" {
		return "every port of every protocol"
	}
	icmp := o.protocol == flow.ICMP || o.protocol == flow.ICMPv6
	switch all := o.isAllPorts(); {
	case icmp && all:
		return "every " + string(o.protocol) + " type"
	case icmp && o.first == o.last:
		return fmt.Sprintf("%s type %d", o.protocol, o.first)
	case icmp:
		return fmt.Sprintf("%s types %d-%d", o.protocol, o.first, o.last)
	case all:
		return "every port of " + string(o.protocol)
	case o.first == o.last:
		return fmt.Sprintf("port %d/%s", o.first, o.protocol)
	default:
		return fmt.Sprintf("ports %d-%d/%s", o.first, o.last, o.protocol)
	}
}

func (o portRange) isAllPorts() bool {
	return flow.PortRange{Protocol: o.protocol, First: o.first, Last: o.last}.IsAllPorts()
}

// number returns the range without its protocol.
func (o portRange) number() string {
	if o.first == o.last {
		return fmt.Sprint(o.first)
	}
	return fmt.Sprintf("%d-%d", o.first, o.last)
}

// mergeRanges returns the union of ranges, sorted by protocol, in as few ranges as possible.
func mergeRanges(ranges []portRange) []portRange {
	if slices.ContainsFunc(ranges, func(r portRange) bool { return r.protocol == "" && r.first <= 1 && r.last == 65535 }) {
		return []portRange{{"", 1, 65535}}
	}
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b portRange) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	var out []portRange
	for _, r := range sorted {
		if n := len(out); n > 0 && out[n-1].protocol == r.protocol && int(r.first) <= int(out[n-1].last)+1 {
			out[n-1].last = max(out[n-1].last, r.last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// protocolText is what the ranges of one protocol include: all of its ports, all but a few, or a
// list.
type protocolText struct {
	ranges, gaps []portRange
	mostly       bool
}

func textOfProtocol(ranges []portRange) protocolText {
	all := flow.AllPorts(ranges[0].protocol)
	t := protocolText{ranges: ranges, gaps: subtractRanges(portRange{all.Protocol, all.First, all.Last}, ranges)}
	missing := 0
	for _, gap := range t.gaps {
		missing += int(gap.last) - int(gap.first) + 1
	}
	t.mostly = missing < int(all.Last)/2
	return t
}

// text is "ports 80, 90-99/TCP" or "every port of TCP but 443". It lists up to limit ranges.
func (t protocolText) text(limit int) string {
	all := flow.AllPorts(t.ranges[0].protocol)
	switch {
	case len(t.ranges) == 1:
		return t.ranges[0].String()
	case t.mostly:
		return portRange{all.Protocol, all.First, all.Last}.String() + " but " + listUpTo(limit, ", ", numbers(t.gaps))
	case all.Last == 255:
		return string(all.Protocol) + " types " + listUpTo(limit, ", ", numbers(t.ranges))
	}
	listed, more := numbers(t.ranges), ""
	if limit != noLimit && len(listed) > limit {
		listed, more = listed[:limit], fmt.Sprintf(" and %d more", len(listed)-limit)
	}
	return "ports " + strings.Join(listed, ", ") + "/" + string(all.Protocol) + more
}

func numbers(ranges []portRange) []string {
	var out []string
	for _, r := range ranges {
		out = append(out, r.number())
	}
	return out
}

// textOfPorts names a union of ranges: "every port but 443/TCP" if it includes most ports of each
// protocol that the enforcer handles.
func textOfPorts(ranges []portRange, handles func(v1alpha1.Protocol) bool, limit int) string {
	merged := mergeRanges(ranges)
	if merged[0].protocol == "" {
		return merged[0].String()
	}
	byProtocol := map[v1alpha1.Protocol]protocolText{}
	var order []v1alpha1.Protocol
	for len(merged) > 0 {
		p := merged[0].protocol
		n := slices.IndexFunc(merged, func(r portRange) bool { return r.protocol != p })
		if n < 0 {
			n = len(merged)
		}
		byProtocol[p] = textOfProtocol(merged[:n])
		order, merged = append(order, p), merged[n:]
	}
	if text, ok := textOfAllProtocols(byProtocol, handles, limit); ok {
		return text
	}
	var out []string
	for _, p := range order {
		out = append(out, byProtocol[p].text(limit))
	}
	return strings.Join(out, ", ")
}

// textOfAllProtocols is "every port but 443/TCP", if that is what the protocols include.
func textOfAllProtocols(byProtocol map[v1alpha1.Protocol]protocolText, handles func(v1alpha1.Protocol) bool, limit int) (string, bool) {
	var gaps []string
	handled := 0
	for _, p := range append(v1alpha1.Protocols(), flow.ICMP, flow.ICMPv6) {
		if !handles(p) {
			continue
		}
		handled++
		t, ok := byProtocol[p]
		if !ok || !t.mostly {
			return "", false
		}
		for _, gap := range t.gaps {
			gaps = append(gaps, gap.number()+"/"+string(p))
		}
	}
	switch {
	case handled < len(byProtocol):
		return "", false
	case len(gaps) == 0:
		return portRange{"", 1, 65535}.String(), true
	}
	return "every port but " + listUpTo(limit, ", ", gaps), true
}

// allowedParts are the ports and L7 rules that leaks allow.
type allowedParts struct {
	unrestricted []portRange
	// l7 are rules in the order in which they were found, and ports those of each.
	l7    orderedSet
	ports map[string][]portRange
}

func (a *allowedParts) add(o flow.Opening) {
	r := portRange{o.Protocol, o.First, o.Last}
	if o.L7.Unrestricted() {
		a.unrestricted = append(a.unrestricted, r)
		return
	}
	if a.ports == nil {
		a.ports = map[string][]portRange{}
	}
	rule := o.L7.String()
	a.l7.add(rule)
	a.ports[rule] = append(a.ports[rule], r)
}

// text is "port 80/TCP; port 8080/TCP, GET /a". It lists up to limit of each.
func (a *allowedParts) text(handles func(v1alpha1.Protocol) bool, limit int) string {
	var out []string
	if len(a.unrestricted) > 0 {
		out = append(out, textOfPorts(a.unrestricted, handles, limit))
	}
	var ports orderedSet
	rules := map[string][]string{}
	for _, rule := range a.l7.list {
		at := textOfPorts(a.ports[rule], handles, limit)
		ports.add(at)
		rules[at] = append(rules[at], rule)
	}
	for _, at := range ports.list {
		out = append(out, at+", "+listUpTo(limit, "; ", rules[at]))
	}
	return listUpTo(limit, "; ", out)
}

// The limits of listUpTo: a message is short, and details have all.
const (
	inMessage = 4
	noLimit   = 0
)

// listUpTo joins texts, and counts those above a limit.
func listUpTo(limit int, separator string, texts []string) string {
	if limit == noLimit || len(texts) <= limit {
		return strings.Join(texts, separator)
	}
	return strings.Join(texts[:limit], separator) + fmt.Sprintf("%sand %d more", separator, len(texts)-limit)
}
