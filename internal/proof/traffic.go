package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// traffic reports the connections that this run allows or denies in addition: compared with an earlier
// run, if it is known, and with hand-written policies that are adopted or patched.
func (c Build) traffic() (report.Findings, error) {
	var out report.Findings
	for _, a := range c.After.Adopted {
		how := "the fence generates its spec from now on"
		if a.By != a.Policy {
			how = "the generated policy " + a.By.Kind + "/" + a.By.Name + " replaces it"
		}
		out = append(out, report.New(report.PolicyAdopted, report.Info, a.Policy, "", "is adopted: %s", how))
	}
	t, err := newTrafficComparison(c)
	if err != nil || len(t.changed) == 0 {
		return out, err
	}
	current, err := t.compare(syntheticDefaultDeny{})
	if err != nil {
		return out, err
	}
	enforced, err := t.compareAsEnforced()
	return slices.Concat(out, current, enforced), err
}

// trafficComparison is the policies before and after this run.
type trafficComparison struct {
	Build
	oldItems, newItems []*yaml.RNode
	// changed are the policies that differ, with whether they are hand-written.
	changed []changedPolicy
}

type changedPolicy struct {
	ref report.Ref
	// handWritten reports that the fence did not write it. addsDefaultDeny reports that it is a new
	// default-deny.
	handWritten, addsDefaultDeny bool
}

// newTrafficComparison collects the policies before and after. If the host has no result of an earlier run,
// as with kustomize, only hand-written policies are compared: generated policies are part of both
// sides. The policies of other runs, stages and fences are the same on both sides.
func newTrafficComparison(c Build) (trafficComparison, error) {
	t := trafficComparison{Build: c, newItems: c.After.Existing}
	o := generate.MergeOptions(c.In, c.Fence)
	inPlace := len(c.PreviousPolicies) > 0 || resource.InPlace(c.Before) && slices.ContainsFunc(c.Before, o.Owns)
	earlier := t.addPrevious(o)
	_, replacing := adoptions(c.After.Adopted)
	t.oldItems = append(t.oldItems, withoutIDs(c.Before, earlier)...)
	if inPlace {
		created, err := c.created()
		if err != nil {
			return t, err
		}
		t.newItems = slices.Concat(t.newItems, created)
		t.oldItems = append(t.oldItems, c.unknownBefore(o, t.oldItems, t.newItems)...)
	}
	t.changed = changedPolicies(o, t.oldItems, t.newItems)
	for i := range t.changed {
		t.changed[i].handWritten = t.changed[i].handWritten || replacing[resource.IDOf(t.changed[i].ref)]
	}
	if inPlace || len(t.changed) == 0 {
		return t, nil
	}
	created, err := c.created()
	t.oldItems, t.newItems = append(t.oldItems, created...), slices.Concat(t.newItems, created)
	return t, err
}

// addPrevious adds the policies that the host keeps separate from the items, and returns those that this run changes.
func (t *trafficComparison) addPrevious(o merge.Options) map[report.Ref]bool {
	if len(t.PreviousPolicies) == 0 {
		return nil
	}
	earlier, present := map[report.Ref]bool{}, resource.ByID(t.Before)
	for _, n := range t.PreviousPolicies {
		switch id := resource.ID(n); {
		case o.Owns(n) && o.Touches(resource.MetadataOf(n)):
			earlier[id] = true
			t.oldItems = append(t.oldItems, n)
		case present[id] == nil:
			t.oldItems, t.newItems = append(t.oldItems, n), append(slices.Clone(t.newItems), n)
		}
	}
	return earlier
}

// adoptions are the policies that generated policies of other names replace, and these.
func adoptions(all []merge.Adoption) (replaced map[report.Ref]report.Ref, replacing map[report.Ref]bool) {
	replaced, replacing = map[report.Ref]report.Ref{}, map[report.Ref]bool{}
	for _, a := range all {
		if a.By != a.Policy {
			replaced[resource.IDOf(a.Policy)] = resource.IDOf(a.By)
			replacing[resource.IDOf(a.By)] = true
		}
	}
	return replaced, replacing
}

// changedPolicies are the policies that differ between two builds, sorted.
func changedPolicies(o merge.Options, oldItems, newItems []*yaml.RNode) []changedPolicy {
	one, other := policiesByID(without(oldItems, newItems)), policiesByID(without(newItems, oldItems))
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
			addsDefaultDeny: one[id] == nil && resource.ObjectOf(n).Family == policy.DefaultDeny,
		})
		if one[id] != nil {
			out[len(out)-1].ref = resource.RefOf(one[id])
		}
	}
	slices.SortFunc(out, func(a, b changedPolicy) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	return out
}

// withoutIDs are the items with other identities.
func withoutIDs(items []*yaml.RNode, ids map[report.Ref]bool) []*yaml.RNode {
	if len(ids) == 0 {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return ids[resource.ID(n)] })
}

// without are the items that are not among others.
func without(items, others []*yaml.RNode) []*yaml.RNode {
	has := make(map[*yaml.RNode]bool, len(others))
	for _, n := range others {
		has[n] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return has[n] })
}

func policiesByID(items []*yaml.RNode) map[report.Ref]*yaml.RNode {
	out := resource.ByID(slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return !resource.IsPolicy(n) }))
	maps.DeleteFunc(out, func(_ report.Ref, n *yaml.RNode) bool { return resource.IsLocalConfig(n) })
	return out
}

// compare finds connections that become allowed or denied, optionally with a synthetic default-deny.
func (t trafficComparison) compare(synthetic syntheticDefaultDeny) (report.Findings, error) {
	before, err := newProgram(t.Fence, t.Index, t.oldItems, synthetic)
	if err != nil {
		return t.unknownFindings(err)
	}
	after, err := newProgram(t.Fence, t.Index, t.newItems, synthetic)
	if err != nil {
		return t.unknownFindings(err)
	}
	p := reach.Proof{Fence: t.Fence, Slice: t.Slice, Endpoints: reach.Endpoints{Index: t.Index, Fence: t.Fence}, Progress: t.Progress}
	views, err := p.Compile(nil, reach.WithRepresentatives, before, after)
	if err != nil {
		return t.unknownFindings(err)
	}
	p.View = views[0]
	found, err := p.ConnectionChanges(views[1], t.affects)
	if err != nil {
		return t.unknownFindings(err)
	}
	var out report.Findings
	for _, d := range found {
		if f := t.finding(d); len(synthetic) == 0 {
			out = append(out, f)
		} else if d.Effect == reach.NowDenied {
			f.Check, f.Message = report.AdoptedFlowLost, "once these tenants are in Enforce: "+f.Message
			out = append(out, f)
		}
	}
	return out, nil
}

// compareAsEnforced finds connections of adopted policies that Enforce will deny.
func (t trafficComparison) compareAsEnforced() (report.Findings, error) {
	allowOnlySubjects := allowOnly(t.Fence)
	if len(allowOnlySubjects) == 0 || len(t.After.Adopted) == 0 {
		return nil, nil
	}
	return t.compare(allowOnlySubjects)
}

// affects reports whether a changed policy may select pods of a namespace. Nodes have an empty namespace.
func (t trafficComparison) affects(namespace string) bool {
	return slices.ContainsFunc(t.changed, func(c changedPolicy) bool { return c.ref.Namespace == "" || c.ref.Namespace == namespace })
}

// finding reports a difference on the policy that causes it.
func (t trafficComparison) finding(d reach.Difference) report.Finding {
	from := t.causes(d)
	check := report.TrafficOpened
	if d.Effect == reach.NowDenied {
		check = report.TrafficClosed
	}
	f := report.New(check, report.Info, from[0].ref, "", "%s", d.Text)
	if slices.ContainsFunc(from, func(c changedPolicy) bool { return c.handWritten }) {
		f.Severity = report.Warning
	}
	if d.OneSided {
		f.Check, f.Severity = report.TrafficOneSided, report.Info
		f.Message += "; the other side denies them"
	}
	var others []string
	for _, c := range from[1:] {
		others = append(others, c.ref.String())
	}
	f.Message += togetherWith(others)
	return f
}

// causes are the changed policies that cause a difference: those that allow it, or else those that may
// select the pods. Hand-written ones come first.
func (t trafficComparison) causes(d reach.Difference) []changedPolicy {
	find := func(is func(changedPolicy) bool) []changedPolicy {
		return slices.DeleteFunc(slices.Clone(t.changed), func(c changedPolicy) bool { return !is(c) })
	}
	if by := find(func(c changedPolicy) bool { return slices.Contains(d.Policies, resource.PolicyID(c.ref)) }); len(by) > 0 {
		return by
	}
	near := find(func(c changedPolicy) bool { return c.ref.Namespace == "" || c.ref.Namespace == d.Namespace })
	// A new default-deny is the likely cause of denied connections, a changed policy of allowed ones.
	first := func(c changedPolicy) bool { return c.handWritten }
	if d.Effect == reach.NowDenied {
		first = func(c changedPolicy) bool { return c.addsDefaultDeny }
	}
	if preferred := slices.DeleteFunc(slices.Clone(near), func(c changedPolicy) bool { return !first(c) }); len(preferred) > 0 {
		return preferred
	}
	return near
}

// unknownFindings reports policies whose changes cannot be compared, because they cannot be decided.
func (t trafficComparison) unknownFindings(err error) (report.Findings, error) {
	if !undecidable(err) {
		return nil, fmt.Errorf("compare with earlier policies: %w", err)
	}
	var out report.Findings
	for _, c := range t.changed {
		if c.handWritten {
			out = append(out, report.New(report.TrafficUndecided, report.Warning, c.ref, "", "changes, and its effect on traffic cannot be decided: %v", err))
		}
	}
	if len(out) == 0 {
		out = append(out, report.New(report.TrafficUndecided, report.Warning, t.In.FenceRef, "", "the effect of this run on traffic cannot be decided: %v", err))
	}
	return out, nil
}
