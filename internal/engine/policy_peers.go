package engine

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// PolicyPeers are what a policy selects.
type PolicyPeers struct {
	// Namespace is that of the policy, "" for a cluster-wide one.
	Namespace string
	// Subjects are the pods that a cluster-wide policy selects. Nodes reports that it selects nodes.
	Subjects []endpoints.Selection
	Nodes    bool
	// Pods are the pods that are peers. AllPods reports that any pod may be one.
	Pods    []endpoints.Selection
	AllPods bool
	// Networks and Names are those that are peers. AllNetworks and AllNames report that any may be one.
	Networks              []netip.Prefix
	Names                 []string
	AllNetworks, AllNames bool
}

// Peers returns what each policy selects, as it was parsed.
func (p *Program) Peers() (_ []PolicyPeers, err error) {
	unlock, err := p.enter(newUser())
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	r := peerReader{p, map[string]selected{}}
	var out []PolicyPeers
	for _, l := range p.loaded {
		one := PolicyPeers{Namespace: l.namespace()}
		for _, entry := range l.entries {
			if err := r.add(&one, entry); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// peerReader reads each selector once.
type peerReader struct {
	*Program
	known map[string]selected
}

// selected is what a selector selects.
type selected struct {
	// pods are those that it selects. selectsPods is false if it selects none, and anyPod reports that it requires nothing.
	pods                endpoints.Selection
	selectsPods, anyPod bool
	// outside reports that it may select what is outside of the cluster, and apiServer that it selects the apiserver alone.
	outside, apiServer bool
}

func (r peerReader) add(out *PolicyPeers, entry *types.PolicyEntry) error {
	if out.Nodes = out.Nodes || entry.Node; !entry.Node && out.Namespace == "" {
		s, err := r.selected(entry.Subject)
		if err != nil {
			return err
		}
		if s.selectsPods {
			out.Subjects = append(out.Subjects, s.pods)
		}
	}
	// An allow rule without peers and ports is a default-deny.
	if isDefaultDeny := entry.IsAllow() && len(entry.L4) == 0; entry.L3 != nil && len(entry.L3) == 0 && !isDefaultDeny {
		out.AllPods, out.AllNetworks, out.AllNames = true, true, true
	}
	for _, peer := range entry.L3 {
		if err := r.addPeer(out, peer); err != nil {
			return err
		}
	}
	return nil
}

func (r peerReader) addPeer(out *PolicyPeers, peer types.Selector) error {
	switch s := peer.(type) {
	case *types.FQDNSelector:
		name, _ := s.GetFQDNSelector()
		out.Names = append(out.Names, cmp.Or(name.MatchName, name.MatchPattern))
		out.AllNames = out.AllNames || name.MatchPattern != ""
	case *types.CIDRSelector:
		out.Networks = append(out.Networks, s.GetCIDRPrefixes()...)
		// All addresses of a family include those of names. A group has any.
		all := !networkOf(s).IsValid()
		out.AllNetworks, out.AllNames = out.AllNetworks || all, out.AllNames || all
	case *types.LabelSelector:
		return r.addSelector(out, s)
	default:
		out.AllPods, out.AllNetworks, out.AllNames = true, true, true
	}
	return nil
}

func (r peerReader) addSelector(out *PolicyPeers, selector *types.LabelSelector) error {
	s, err := r.selected(selector)
	if err != nil {
		return err
	}
	if out.AllPods = out.AllPods || s.anyPod; s.selectsPods {
		out.Pods = append(out.Pods, s.pods)
	}
	if s.apiServer {
		out.Networks = append(out.Networks, r.options.APIServer...)
		return nil
	}
	out.AllNetworks, out.AllNames = out.AllNetworks || s.outside, out.AllNames || s.outside
	return nil
}

func (r peerReader) selected(s *types.LabelSelector) (selected, error) {
	if out, known := r.known[s.Key()]; known {
		return out, nil
	}
	all, err := requirementsOf(s)
	if err != nil {
		return selected{}, err
	}
	var out selected
	if out.pods, out.selectsPods, err = r.selection(s); err != nil {
		return selected{}, err
	}
	// Cilium compares a selector that requires nothing of a pod with all identities at once.
	out.anyPod = !slices.ContainsFunc(all, requirement.positive)
	entity := slices.IndexFunc(all, func(q requirement) bool { return q.positive() && q.source == labels.LabelSourceReserved })
	switch {
	case entity < 0:
		out.outside = r.mayMatchOutside(all)
	case v1alpha1.Entity(all[entity].Key) == v1alpha1.EntityKubeAPIServer:
		out.apiServer = true
	default:
		out.outside = strings.HasPrefix(all[entity].Key, labels.IDNameWorld)
	}
	r.known[s.Key()] = out
	return out, nil
}
