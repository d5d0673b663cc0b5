package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// protocolText is what the ranges of one protocol include: all of its ports, all but a few, or a
// list.
type protocolText struct {
	ranges, gaps []flow.PortRange
	mostly       bool
}

func textOfProtocol(ranges []flow.PortRange) protocolText {
	all := flow.AllPorts(ranges[0].Protocol)
	t := protocolText{ranges: ranges, gaps: all.Without(ranges)}
	missing := 0
	for _, gap := range t.gaps {
		missing += int(gap.Last) - int(gap.First) + 1
	}
	t.mostly = missing < int(all.Last)/2
	return t
}

// text is "ports 80, 90-99/TCP" or "every port of TCP but 443". It lists up to limit ranges.
func (t protocolText) text(limit int) string {
	all := flow.AllPorts(t.ranges[0].Protocol)
	switch {
	case len(t.ranges) == 1:
		return t.ranges[0].Text()
	case t.mostly:
		return all.Text() + " but " + listUpTo(limit, ", ", numbers(t.gaps))
	case all.Last == 255:
		return string(all.Protocol) + " types " + listUpTo(limit, ", ", numbers(t.ranges))
	}
	listed, more := numbers(t.ranges), ""
	if limit != noLimit && len(listed) > limit {
		listed, more = listed[:limit], fmt.Sprintf(" and %d more", len(listed)-limit)
	}
	return "ports " + strings.Join(listed, ", ") + "/" + string(all.Protocol) + more
}

func numbers(ranges []flow.PortRange) []string {
	var out []string
	for _, r := range ranges {
		out = append(out, r.Number())
	}
	return out
}

// textOfPorts names a union of ranges: "every port but 443/TCP" if it includes most ports of each
// protocol that the enforcer handles.
func textOfPorts(ranges []flow.PortRange, handles func(v1alpha1.Protocol) bool, limit int) string {
	merged := flow.MergeRanges(ranges)
	if merged[0].Protocol == "" {
		return merged[0].Text()
	}
	byProtocol := map[v1alpha1.Protocol]protocolText{}
	var order []v1alpha1.Protocol
	for len(merged) > 0 {
		p := merged[0].Protocol
		n := slices.IndexFunc(merged, func(r flow.PortRange) bool { return r.Protocol != p })
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
	for _, p := range flow.Protocols() {
		if !handles(p) {
			continue
		}
		handled++
		t, ok := byProtocol[p]
		if !ok || !t.mostly {
			return "", false
		}
		for _, gap := range t.gaps {
			gaps = append(gaps, gap.Number()+"/"+string(p))
		}
	}
	switch {
	case handled < len(byProtocol):
		return "", false
	case len(gaps) == 0:
		return flow.AllPorts("").Text(), true
	}
	return "every port but " + listUpTo(limit, ", ", gaps), true
}

// allowedParts are the ports and L7 rules that leaks allow.
type allowedParts struct {
	unrestricted []flow.PortRange
	// l7 are rules in the order in which they were found, and ports those of each.
	l7    orderedSet
	ports map[string][]flow.PortRange
}

func (a *allowedParts) add(o flow.Opening) {
	r := o.Ports
	if o.L7.Unrestricted() {
		a.unrestricted = append(a.unrestricted, r)
		return
	}
	if a.ports == nil {
		a.ports = map[string][]flow.PortRange{}
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
