package reach

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// isExternal reports whether a text is the endpoint that represents everything outside the cluster.
func isExternal(text string) bool {
	f, err := v1alpha1.ParseEndpoint(text)
	return err == nil && f.Form == v1alpha1.ExternalForm
}

// isWorld reports whether a text is the entity world, or one of its two families.
func isWorld(text string) bool {
	return slices.Contains([]v1alpha1.Entity{v1alpha1.EntityWorld, v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6}, v1alpha1.Entity(text))
}

func isOutside(text string) bool { return isExternal(text) || isWorld(text) }

// MentionsOutside reports whether a case of some FlowTests is about what is outside the cluster, so
// that its world needs the names and networks that policies distinguish.
func MentionsOutside(tests []resource.FlowTest) bool {
	return slices.ContainsFunc(tests, func(t resource.FlowTest) bool {
		return slices.ContainsFunc(t.Test.Spec.Cases, func(c v1alpha1.FlowCase) bool { return isOutside(c.From) || isOutside(c.To) })
	})
}

// OutsideAddresses returns the addresses that policies distinguish, where a case of some FlowTests needs
// them.
func (p Proof) OutsideAddresses(tests []resource.FlowTest) []endpoints.Endpoint {
	if !MentionsOutside(tests) {
		return nil
	}
	return newKnownEndpoints(p.View.Set.Known()).addresses
}

// outsideTargets are flows without a source to everything outside the cluster that the
// policies at a source distinguish: the world, and each network and name that they open.
func outsideTargets(asked *flow.View, c v1alpha1.FlowCase, from endpoints.Endpoint) ([]flow.Flow, error) {
	opened, err := openedOutside(asked, from, flow.Egress)
	if err != nil {
		return nil, err
	}
	opened = append(opened, endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityWorld)})
	var out []flow.Flow
	for _, to := range opened {
		out = append(out, flowsPerProtocol(c, to)...)
		out = append(out, icmpFlows(c, to)...)
	}
	return out, nil
}

// impliedICMPTypes returns the types of ICMP message that a case is about which states nothing
// else: a message is a way out as any connection is.
func impliedICMPTypes(c v1alpha1.FlowCase) []v1alpha1.ICMPType {
	if c.Port != 0 || c.Protocol != "" || c.ICMP != "" || c.HTTP != nil || c.DNS != "" || c.ServerName != "" {
		return nil
	}
	return v1alpha1.ICMPTypes()
}

// openedNetworks are the networks that policies open to destinations, where a case is about
// everything outside the cluster as the source.
type openedNetworks struct {
	asked   *flow.View
	enabled bool
	// destination finds them by the destination, whose flows are one after the other.
	destination string
	last        []endpoints.Endpoint
}

// add adds a flow and the same one from each of the networks.
func (o *openedNetworks) add(all []flow.Flow, f flow.Flow) ([]flow.Flow, error) {
	networks, err := o.networks(f.To)
	all = append(all, f)
	for _, f.From = range networks {
		all = append(all, f)
	}
	return all, err
}

func (o *openedNetworks) networks(to endpoints.Endpoint) ([]endpoints.Endpoint, error) {
	if !o.enabled {
		return nil, nil
	}
	if o.destination == "" || o.destination != to.Name {
		networks, err := openedOutside(o.asked, to, flow.Ingress)
		if err != nil {
			return nil, err
		}
		o.destination, o.last = to.Name, networks
	}
	return o.last, nil
}

// openedOutside are the names, each of them one, and the addresses outside the cluster that
// policies at a pod open in one direction, on some port. The apiserver is none, wherever it is.
func openedOutside(asked *flow.View, at endpoints.Endpoint, d flow.Direction) ([]endpoints.Endpoint, error) {
	if !at.IsSelected() {
		return nil, nil
	}
	openings, err := asked.Openings(at, d)
	if err != nil {
		return nil, err
	}
	var out []endpoints.Endpoint
	seen := map[string]bool{}
	for _, o := range openings {
		for peer := range o.Peers.All() {
			if !isOutsideEndpoint(peer) {
				continue
			}
			ep := *peer
			if ep.Kind == endpoints.NameEndpoint {
				ep = endpoints.Endpoint{Kind: ep.Kind, Name: exampleName(ep.Name)}
			}
			if !seen[ep.Name] {
				seen[ep.Name] = true
				out = append(out, ep)
			}
		}
	}
	return out, nil
}

func isOutsideEndpoint(ep *endpoints.Endpoint) bool {
	switch ep.Kind {
	case endpoints.NameEndpoint:
		return true
	case endpoints.AddressEndpoint:
		return slices.Contains(ep.Entities, v1alpha1.EntityWorld) && !slices.Contains(ep.Entities, v1alpha1.EntityKubeAPIServer)
	}
	return false
}

// ExclusionFindings reports what cases to the outside do not include: names and single networks, where
// a case denies world, and what an egress proxy serves.
func (e Endpoints) ExclusionFindings(asked *flow.View, result report.FlowTestResult) report.Findings {
	var out report.Findings
	for _, c := range result.Cases {
		if !c.Passed || c.Case.Expect != v1alpha1.ExpectDeny {
			continue
		}
		at := field.NewPath("spec", "cases").Index(c.Position).Child("to")
		for _, endpoint := range []struct {
			name, text string
			direction  flow.Direction
		}{{"to", c.Case.To, flow.Egress}, {"from", c.Case.From, flow.Ingress}} {
			if found, ok := allowedOutsideWorld(asked, c, endpoint.text, endpoint.direction); ok {
				out = append(out, report.New(report.WorldExcludesNames, report.Info, result.Test, field.NewPath("spec", "cases").Index(c.Position).Child(endpoint.name).String(), "%q holds for the entity %s, which does not include the names and networks that policies allow separately, as %s: write external to include these", c.Case.Name, endpoint.text, found))
			}
		}
		if proxy := e.Fence.EgressProxy; proxy != nil && (isExternal(c.Case.To) || isWorld(c.Case.To)) {
			if names := e.proxiedNames(proxy, c); names != "" {
				out = append(out, report.New(report.ExternalExcludesEgressProxy, report.Info, result.Test, at.String(), "%q does not include names that pods reach through the egress proxy in namespace %s, which is a flow to the proxy's pods: the proxy serves %s to them", c.Case.Name, proxy.Namespace, names))
			}
		}
	}
	return out
}

// allowedOutsideWorld is a flow to a name or an address, or from an address, that is allowed where a
// case denies world.
func allowedOutsideWorld(asked *flow.View, c report.CaseResult, world string, d flow.Direction) (found string, ok bool) {
	if !isWorld(world) {
		return "", false
	}
	for _, f := range c.Flows {
		at := f.Flow.From
		if d == flow.Ingress {
			at = f.Flow.To
		}
		found, err := openedOutside(asked, at, d)
		if err != nil {
			// The case itself, or isolation, reports what cannot be decided.
			continue
		}
		for _, endpoint := range found {
			if isOtherFamily(world, endpoint) {
				continue
			}
			other := f.Flow
			if d == flow.Ingress {
				other.From = endpoint
			} else {
				other.To = endpoint
			}
			if c.Case.HTTP != nil {
				other.HTTP = request(c.Case, other)
			}
			if v, err := asked.Decide(other); err == nil && v.Decision() != flow.Denied {
				return other.String(), true
			}
		}
	}
	return "", false
}

// isOtherFamily reports whether a destination is an address of the IP family that world-ipv4
// or world-ipv6 leaves out.
func isOtherFamily(world string, to endpoints.Endpoint) bool {
	family := v1alpha1.EntityWorldIPv4
	if v1alpha1.Entity(world) == v1alpha1.EntityWorldIPv4 {
		family = v1alpha1.EntityWorldIPv6
	}
	return to.Kind == endpoints.AddressEndpoint && v1alpha1.Entity(world) != v1alpha1.EntityWorld && slices.Contains(to.Entities, family)
}

// proxiedNames returns the names that an egress proxy serves to the tenants of those sources of a
// case that may reach it.
func (e Endpoints) proxiedNames(proxy *policy.EgressProxy, c report.CaseResult) string {
	var names []string
	for _, f := range c.Flows {
		from := f.Flow.From
		reaches := slices.ContainsFunc(e.Fence.Grants, func(g policy.Grant) bool {
			return g.Family == policy.FQDNEgress && g.To.Kind == policy.Pods && g.To.Namespace == proxy.Namespace &&
				g.From.Kind == policy.Pods && from.Kind == endpoints.PodEndpoint && g.From.Namespace == from.Namespace && endpoints.Selects(g.From.Pods, from.Labels)
		})
		owner := e.Fence.OwnerOfPod(from.Namespace, from.Labels)
		for _, a := range proxy.Allowed {
			if reaches && owner != nil && a.Tenant == owner.Name {
				names = append(names, a.Names...)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
