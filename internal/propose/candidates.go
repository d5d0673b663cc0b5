package propose

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Candidate is a set of changes that may allow what is wanted. Whether it does, and allows nothing else,
// is for an engine to decide.
type Candidate struct {
	changes []change
	limits  []limitChange
}

// fields returns the number of fields that the candidate adds.
func (c Candidate) fields() int {
	n := 0
	for _, one := range c.changes {
		n += countFields(one.value())
	}
	return n
}

// Candidates returns the sets of changes that may allow what is wanted: first those within the limits, and
// of these first those with the fewest fields. Without a candidate, it returns the problem.
func Candidates(in *resource.Inputs, w Wanted) (all []Candidate, problem string) {
	source, destination := w.tenantOf(in, w.From), w.tenantOf(in, w.To)
	var sets [][]change
	switch {
	case source == nil && destination == nil:
		return nil, w.unknownSides()
	case destination == nil:
		sets, problem = single(w.options(in, source, flow.Egress))
	case source == nil:
		sets, problem = single(w.options(in, destination, flow.Ingress))
	case source == destination:
		sets, problem = single(w.options(in, source, flow.Egress))
		more, _ := single(w.options(in, source, flow.Ingress))
		sets = append(sets, more...)
	default:
		sets, problem = w.bothSides(in, source, destination)
	}
	if problem != "" {
		return nil, problem
	}
	for _, changes := range sets {
		c := Candidate{changes: changes}
		if c.limits, problem = w.limitsFor(in, changes); problem != "" {
			return nil, problem
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(len(a.limits), len(b.limits)), cmp.Compare(a.fields(), b.fields()))
	})
	return all, ""
}

// tenantOf returns the Tenant that has a pod, or nil.
func (w Wanted) tenantOf(in *resource.Inputs, s Side) *resource.Tenant {
	if s.Owner == nil {
		return nil
	}
	if i := slices.IndexFunc(in.Tenants, func(t resource.Tenant) bool { return t.Name == s.Owner.Name }); i >= 0 {
		return &in.Tenants[i]
	}
	return nil
}

// unknownSides is why nothing can be proposed where no side is a pod of a Tenant.
func (w Wanted) unknownSides() string {
	switch {
	case w.From.Kind == endpoints.NodeEndpoint || w.To.Kind == endpoints.NodeEndpoint:
		return "flows of nodes are declared in the nodes of the profile, for which no entries are proposed"
	case len(w.fence.Tenants()) == 0:
		return "no Tenant is known, so the policies are hand-written: change the policies that the answer names, or name the folder of the Tenants with --inputs"
	}
	return fmt.Sprintf("neither %s nor %s is a pod of a Tenant: change the hand-written policies that the answer names", w.From.Name, w.To.Name)
}

// single is each change as a set.
func single(options []change, problem string) ([][]change, string) {
	var out [][]change
	for _, o := range options {
		out = append(out, []change{o})
	}
	return out, problem
}

// bothSides are the changes at two Tenants. One of them may declare its side already.
func (w Wanted) bothSides(in *resource.Inputs, source, destination *resource.Tenant) ([][]change, string) {
	egress, problem := w.options(in, source, flow.Egress)
	ingress, other := w.options(in, destination, flow.Ingress)
	if problem = cmp.Or(problem, other); problem != "" {
		return nil, problem
	}
	var out [][]change
	if w.mayDeclare(in, source, flow.Egress) {
		out, _ = single(ingress, "")
	}
	if w.mayDeclare(in, destination, flow.Ingress) {
		more, _ := single(egress, "")
		out = append(out, more...)
	}
	for _, one := range egress {
		for _, another := range ingress {
			out = append(out, []change{one, another})
		}
	}
	return out, ""
}

// sides returns the Tenant's own side of a direction, and the other side.
func (w Wanted) sides(d flow.Direction) (own, other Side) {
	if d == flow.Ingress {
		return w.To, w.From
	}
	return w.From, w.To
}

// mayDeclare reports whether a Tenant, or the profile for it, may declare its side already.
func (w Wanted) mayDeclare(in *resource.Inputs, t *resource.Tenant, d flow.Direction) bool {
	own, other := w.sides(d)
	profile := in.Profile.Spec.AllTenants
	all := append(flowsOf(t.Spec.Egress, t.Spec.Ingress, d), flowsOf(profile.Egress, profile.Ingress, d)...)
	return slices.ContainsFunc(all, func(a addition) bool {
		return endpoints.Selects(endpoints.SelectorOf(a.pods), own.Labels) && len(w.missingPorts(a)) == 0 &&
			slices.ContainsFunc(a.peers, func(p peer) bool { return w.matches(p, own.Owner, other) != never })
	})
}

// options are the changes of one Tenant that may declare a side: an existing flow with more in one of its
// lists, or a new flow.
func (w Wanted) options(in *resource.Inputs, t *resource.Tenant, d flow.Direction) ([]change, string) {
	own, other := w.sides(d)
	whole, problem := w.newFlow(own, other, d, namesOf(t.Spec))
	if problem != "" {
		return nil, problem
	}
	base := change{tenant: *t, direction: d, fence: in.FenceRef}
	var out []change
	for _, a := range flowsOf(t.Spec.Egress, t.Spec.Ingress, d) {
		if a.unusual || !w.selectsOnly(a, own) {
			continue
		}
		for _, more := range w.extensions(a, whole, own.Owner, other) {
			one := base
			one.extended, one.addition = a.name, more
			out = append(out, one)
		}
	}
	base.addition = whole
	return append(out, base), ""
}

// selectsOnly reports whether a flow selects the pods of a side, by the same labels or more.
func (w Wanted) selectsOnly(a addition, own Side) bool {
	pods := endpoints.SelectorOf(a.pods)
	return endpoints.Selects(pods, own.Labels) && endpoints.Narrows(pods, own.Pods)
}

// extensions are what a flow lacks in one of its lists: ports, peers or L7 rules.
func (w Wanted) extensions(a, whole addition, own *policy.Owner, other Side) []addition {
	missing := w.missingPorts(a)
	samePeer := len(a.peers) == 1 && w.matches(a.peers[0], own, other) == always
	samePorts := len(missing) == 0 && w.hasOnlyPorts(a)
	switch {
	case samePeer && samePorts:
		return otherRules(a, whole)
	case samePeer && a.isPorts() && whole.isPorts() && len(missing) > 0:
		return []addition{{ports: missing}}
	case !samePeer && samePorts && sameRules(a, whole):
		return []addition{{peers: whole.peers}}
	}
	return nil
}

// otherRules are the L7 rules that a flow lacks, if it has rules of the same kind.
func otherRules(a, whole addition) []addition {
	switch {
	case len(a.http) > 0 && len(whole.http) > 0:
		return []addition{{http: whole.http}}
	case len(a.dns) > 0 && len(whole.dns) > 0:
		return []addition{{dns: whole.dns}}
	case len(a.servers) > 0 && len(whole.servers) > 0:
		return []addition{{servers: whole.servers}}
	}
	return nil
}

func sameRules(a, b addition) bool {
	return endpoints.JSONKey([]any{a.http, a.dns, a.servers}) == endpoints.JSONKey([]any{b.http, b.dns, b.servers})
}
