package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// traffic reports what this run opens and closes: of what an earlier run wrote, where that
// is known, and of hand-written policies that are adopted or patched.
func (c checker) traffic() (policy.Findings, error) {
	var out policy.Findings
	for _, ref := range c.after.Adopted {
		out = append(out, policy.Finding{
			Check: "policy-adopted", Severity: policy.Info, Resource: ref, Message: "is taken over: its spec is generated from now on",
		})
	}
	t := trafficOf(c)
	if len(t.changed) == 0 {
		return out, nil
	}
	asIs, err := t.compare(closing{})
	if err != nil {
		return out, err
	}
	enforced, err := t.onceEnforced()
	return slices.Concat(out, asIs, enforced), err
}

// comparedTraffic is the policies before and after this run.
type comparedTraffic struct {
	checker
	was, now []*yaml.RNode
	// changed are the policies that differ, with whether they are hand-written.
	changed []changedPolicy
}

type changedPolicy struct {
	ref policy.Ref
	// handWritten reports that the fence did not write it, and closes that it is a default-deny
	// that did not exist before.
	handWritten, closes bool
}

// trafficOf collects what was there and what differs. Where the host shows nothing of an
// earlier run, as kustomize does, only hand-written policies are compared: those that this
// build generates count as if they were there before. What other runs write, of other stages
// and fences, is the same on both sides.
func trafficOf(c checker) comparedTraffic {
	t := comparedTraffic{checker: c, now: c.after.Items}
	o := mergeOptions(c.in, c.fence)
	inPlace := len(c.Before) > 0 || resource.InPlace(c.before) && slices.ContainsFunc(c.before, o.Owns)
	there, earlier := byID(c.before), map[policy.Ref]bool{}
	for _, n := range c.Before {
		switch id := resource.ID(n); {
		case o.Owns(n) && o.Touches(n):
			earlier[id] = true
			t.was = append(t.was, n)
		case there[id] == nil:
			t.was, t.now = append(t.was, n), append(slices.Clone(t.now), n)
		}
	}
	for _, n := range c.before {
		if !earlier[resource.ID(n)] {
			t.was = append(t.was, n)
		}
	}
	if !inPlace {
		t.was = append(t.was, slices.DeleteFunc(slices.Clone(c.after.Items), func(n *yaml.RNode) bool { return !o.Owns(n) || there[resource.ID(n)] != nil })...)
	}
	t.changed = differing(o, t.was, t.now)
	return t
}

// differing are the policies that are not the same in two builds, in order.
func differing(o merge.Options, was, is []*yaml.RNode) []changedPolicy {
	one, other := policiesByID(was), policiesByID(is)
	all := maps.Clone(one)
	maps.Copy(all, other)
	var out []changedPolicy
	for id, n := range all {
		// A policy that cannot be read is rejected by the engine, with its name.
		if same, err := sameContent(one[id], other[id]); err == nil && same {
			continue
		}
		out = append(out, changedPolicy{
			ref: resource.RefOf(n), handWritten: one[id] != nil && !o.Owns(one[id]),
			closes: one[id] == nil && n.GetLabels()[resource.LabelFamily] == string(policy.DefaultDeny),
		})
		if one[id] != nil {
			out[len(out)-1].ref = resource.RefOf(one[id])
		}
	}
	slices.SortFunc(out, func(a, b changedPolicy) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	return out
}

func policiesByID(items []*yaml.RNode) map[policy.Ref]*yaml.RNode {
	out := byID(items)
	maps.DeleteFunc(out, func(_ policy.Ref, n *yaml.RNode) bool { return !resource.IsPolicy(n) || resource.Local(n) })
	return out
}

// compare finds what opens and closes, as things are or with some tenants default-denied.
func (t comparedTraffic) compare(closed closing) (policy.Findings, error) {
	before, err := newEngine(t.fence, t.index, t.was, closed)
	if err != nil {
		return t.unknown(err)
	}
	after, err := newEngine(t.fence, t.index, t.now, closed)
	if err != nil {
		return t.unknown(err)
	}
	p := reach.Proof{Engine: before, Fence: t.fence, Endpoints: reach.Endpoints{Index: t.index, Fence: t.fence}, Progress: t.Progress}
	found, err := p.Traffic(after, t.affects)
	if err != nil {
		return t.unknown(err)
	}
	var out policy.Findings
	for _, d := range found {
		if f := t.finding(d); closed.empty() {
			out = append(out, f)
		} else if d.Effect == reach.Closed {
			f.Check, f.Message = "adopted-flow-lost", "once these tenants are in Enforce, "+f.Message
			out = append(out, f)
		}
	}
	return out, nil
}

// onceEnforced finds what is open in Audit by what was there, and closes later.
func (t comparedTraffic) onceEnforced() (policy.Findings, error) {
	later := audited(t.fence)
	if later.empty() || len(t.after.Adopted) == 0 {
		return nil, nil
	}
	return t.compare(later)
}

// affects reports whether a policy that changed selects pods of a namespace or, for "",
// nodes.
func (t comparedTraffic) affects(namespace string) bool {
	return slices.ContainsFunc(t.changed, func(c changedPolicy) bool { return c.ref.Namespace == "" || c.ref.Namespace == namespace })
}

// finding names the policy that a difference comes from.
func (t comparedTraffic) finding(d reach.Difference) policy.Finding {
	from := t.causes(d)
	f := policy.Finding{Check: "traffic-" + string(d.Effect), Severity: policy.Info, Resource: from[0].ref, Message: d.Text}
	if slices.ContainsFunc(from, func(c changedPolicy) bool { return c.handWritten }) {
		f.Severity = policy.Warning
	}
	if d.OneSided {
		f.Check, f.Severity = "traffic-one-sided", policy.Info
		f.Message += "; the other side denies them"
	}
	var others []string
	for _, c := range from[1:] {
		others = append(others, c.ref.String())
	}
	f.Message += alongside(others)
	return f
}

// causes are the changed policies that a difference comes from: those that allow it or,
// where it has none, those that may select the pods, hand-written ones first.
func (t comparedTraffic) causes(d reach.Difference) []changedPolicy {
	find := func(is func(changedPolicy) bool) []changedPolicy {
		return slices.DeleteFunc(slices.Clone(t.changed), func(c changedPolicy) bool { return !is(c) })
	}
	if by := find(func(c changedPolicy) bool { return slices.Contains(d.By, resource.PolicyName(c.ref)) }); len(by) > 0 {
		return by
	}
	near := find(func(c changedPolicy) bool { return c.ref.Namespace == "" || c.ref.Namespace == d.Namespace })
	// What closes is rather a default-deny that is new, and what opens a policy that changed.
	first := func(c changedPolicy) bool { return c.handWritten }
	if d.Effect == reach.Closed {
		first = func(c changedPolicy) bool { return c.closes }
	}
	if likely := slices.DeleteFunc(slices.Clone(near), func(c changedPolicy) bool { return !first(c) }); len(likely) > 0 {
		return likely
	}
	return near
}

// unknown reports that what cannot be decided cannot be compared.
func (t comparedTraffic) unknown(err error) (policy.Findings, error) {
	if !undecidable(err) {
		return nil, fmt.Errorf("compare with earlier policies: %w", err)
	}
	var out policy.Findings
	for _, c := range t.changed {
		if c.handWritten {
			out = append(out, policy.Finding{
				Check: "traffic-unknown", Severity: policy.Warning, Resource: c.ref,
				Message: fmt.Sprintf("changes, and what that opens or closes cannot be decided: %v", err),
			})
		}
	}
	if len(out) == 0 {
		out = append(out, policy.Finding{
			Check: "traffic-unknown", Severity: policy.Warning, Resource: t.in.FenceRef,
			Message: fmt.Sprintf("what this run opens or closes cannot be decided: %v", err),
		})
	}
	return out, nil
}
