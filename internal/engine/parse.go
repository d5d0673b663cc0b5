package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	k8snetworkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/parallel"
)

// object is a policy before its kind is known.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// String is how errors name it.
func (o object) String() string { return flow.FullName(o.Kind, o.Namespace, o.Name) }

// isGroup reports whether an object is a CiliumCIDRGroup, in any version.
func isGroup(o object) bool {
	return strings.HasPrefix(o.APIVersion, "cilium.io/") && o.Kind == "CiliumCIDRGroup"
}

// enforces reports whether agents enforce policies of a kind. Unknown kinds are refused later.
func (p *Program) enforces(o object) bool {
	switch o.Kind {
	case "NetworkPolicy":
		return p.agent.Enabled(cilium.EnableNetworkPolicy)
	case "CiliumNetworkPolicy":
		return p.agent.Enabled(cilium.EnableCiliumPolicy)
	case "CiliumClusterwideNetworkPolicy":
		return p.agent.Enabled(cilium.EnableClusterwidePolicy)
	}
	return true
}

// load parses every policy, or returns an error that names each rejected one.
// It reads groups first, because policies refer to them.
func (p *Program) load(policies []json.RawMessage) error {
	documents, rejected := p.readAll(policies)
	rejected = append(rejected, p.parseAll(documents)...)
	// All groups and names are known from here on.
	for _, l := range p.loaded {
		if err := p.representPeers(l.entries); err != nil {
			rejected = append(rejected, flow.Rejected{Name: l.String(), Err: err})
		}
	}
	if len(rejected) > 0 {
		return rejected
	}
	return nil
}

// document is a policy in its original form.
type document struct {
	object
	data json.RawMessage
}

// readAll adds the groups, and returns the policies in order.
func (p *Program) readAll(policies []json.RawMessage) (documents []document, rejected flow.RejectedError) {
	for i, data := range policies {
		var o object
		err := decode(data, &o)
		switch {
		case err == nil && isGroup(o):
			err = p.addGroup(o, data)
		case err == nil:
			documents = append(documents, document{o, data})
		}
		if err != nil {
			rejected = append(rejected, flow.Rejected{Name: cmp.Or(strings.TrimSpace(o.String()), strconv.Itoa(i)), Err: err})
		}
	}
	return documents, rejected
}

// loaded is a policy with its rules.
type loaded struct {
	object
	kind    ipcachetypes.ResourceKind
	entries types.PolicyEntries
}

// namespace is that of the pods that the policy may select, "" for a cluster-wide policy.
func (l loaded) namespace() string {
	if l.kind == ipcachetypes.ResourceKindCCNP || l.kind == ipcachetypes.ResourceKindKCNP {
		return ""
	}
	return l.Namespace
}

// parseAll parses each policy that agents enforce. It rejects duplicates.
func (p *Program) parseAll(documents []document) (rejected flow.RejectedError) {
	documents = slices.DeleteFunc(documents, func(d document) bool { return !p.enforces(d.object) })
	parsed, errs := make([]loaded, len(documents)), make([]error, len(documents))
	parallel.For(len(documents), func(i int) {
		parsed[i].object = documents[i].object
		parsed[i].entries, parsed[i].kind, errs[i] = p.parse(documents[i].object, documents[i].data)
		errs[i] = stable(errs[i])
		clipL7Rules(parsed[i].entries)
	})
	seen := map[string]bool{}
	for i, l := range parsed {
		err := errs[i]
		if err == nil {
			err = p.collect(l.entries)
		}
		if seen[l.String()] {
			err = errors.New("another policy has the same kind, namespace and name")
		}
		if seen[l.String()] = true; err != nil {
			rejected = append(rejected, flow.Rejected{Name: l.String(), Err: err})
			continue
		}
		p.loaded = append(p.loaded, l)
	}
	return rejected
}

// clipL7Rules leaves no free memory behind lists of L7 rules. Cilium appends the rules of other policies to them, for each
// peer and port, and an agent copies a policy before, so that each list has its own memory.
func clipL7Rules(entries types.PolicyEntries) {
	for _, entry := range entries {
		for _, ports := range entry.L4 {
			if ports.Rules != nil {
				ports.Rules.HTTP, ports.Rules.DNS = slices.Clip(ports.Rules.HTTP), slices.Clip(ports.Rules.DNS)
			}
		}
	}
}

// representPeers adds representative endpoints for everything that the selectors of a policy
// match.
func (p *Program) representPeers(entries types.PolicyEntries) error {
	for _, entry := range entries {
		for _, s := range append([]types.Selector{entry.Subject}, entry.L3...) {
			selector, ok := s.(*types.LabelSelector)
			if key := fmt.Sprint(entry.IsDeny(), s.Key()); ok && !p.represented[key] {
				p.represented[key] = true
				if err := p.represent(entry, selector); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *Program) parse(o object, doc []byte) (_ types.PolicyEntries, _ ipcachetypes.ResourceKind, err error) {
	defer recoverError(&err)
	switch o.APIVersion + " " + o.Kind {
	case "cilium.io/v2 CiliumNetworkPolicy":
		entries, err := p.parseNamespaced(o, doc)
		return entries, ipcachetypes.ResourceKindCNP, err
	case "cilium.io/v2 CiliumClusterwideNetworkPolicy":
		var ccnp ciliumv2.CiliumClusterwideNetworkPolicy
		if err := decode(doc, &ccnp); err != nil {
			return nil, "", err
		}
		rules, err := ccnp.Parse(discardLogger, p.localCluster())
		entries, err := p.entriesOf(rules, err)
		return entries, ipcachetypes.ResourceKindCCNP, err
	case "networking.k8s.io/v1 NetworkPolicy":
		entries, err := p.parseKubernetes(doc)
		return entries, ipcachetypes.ResourceKindNetpol, err
	case "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy":
		if !p.agent.Enabled(cilium.EnableClusterNetworkPolicy) {
			return nil, "", errors.New("agents enforce it only with enable-k8s-cluster-network-policy: true")
		}
		entries, err := p.parseClusterNetworkPolicy(o, doc)
		return entries, ipcachetypes.ResourceKindKCNP, err
	default:
		return nil, "", fmt.Errorf("apiVersion %q, kind %q is not a policy that this version of tenantfence can decide", o.APIVersion, o.Kind)
	}
}

var (
	errNoNamespace = errors.New("metadata.namespace is missing")
	errNoName      = errors.New("metadata.name is missing")
)

func (p *Program) parseNamespaced(o object, doc []byte) (types.PolicyEntries, error) {
	// Cilium would read a policy without a namespace as a cluster-wide one.
	if o.Namespace == "" {
		return nil, errNoNamespace
	}
	var cnp ciliumv2.CiliumNetworkPolicy
	if err := decode(doc, &cnp); err != nil {
		return nil, err
	}
	rules, err := cnp.Parse(discardLogger, p.localCluster())
	return p.entriesOf(rules, err)
}

func (p *Program) parseKubernetes(doc []byte) (types.PolicyEntries, error) {
	var checked k8snetworkingv1.NetworkPolicy
	if err := decode(doc, &checked); err != nil {
		return nil, err
	}
	if errs := flow.CheckNetworkPolicy(&checked); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	var np networkingv1.NetworkPolicy
	if err := decode(doc, &np); err != nil {
		return nil, err
	}
	// The parser would report the policy under the name in an annotation.
	np.Annotations = nil
	return k8s.ParseNetworkPolicy(discardLogger, p.localCluster(), &np)
}

func (p *Program) entriesOf(rules api.Rules, err error) (types.PolicyEntries, error) {
	if err != nil {
		return nil, err
	}
	if err := p.expand(rules); err != nil {
		return nil, err
	}
	return utils.RulesToPolicyEntries(rules), nil
}
