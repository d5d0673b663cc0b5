package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
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
func (e *Engine) enforces(o object) bool {
	switch o.Kind {
	case "NetworkPolicy":
		return e.agent.Enabled(cilium.EnableNetworkPolicy)
	case "CiliumNetworkPolicy":
		return e.agent.Enabled(cilium.EnableCiliumPolicy)
	case "CiliumClusterwideNetworkPolicy":
		return e.agent.Enabled(cilium.EnableClusterwidePolicy)
	}
	return true
}

// load adds every policy to the repository, or returns an error that names each rejected one.
// It reads groups first, because policies refer to them.
func (e *Engine) load(policies []json.RawMessage) error {
	documents, rejected := e.readAll(policies)
	put, refused := e.putAll(documents)
	rejected = append(rejected, refused...)
	// All groups and names are known from here on.
	for _, l := range put {
		if err := e.representPeers(l.entries); err != nil {
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
func (e *Engine) readAll(policies []json.RawMessage) (documents []document, rejected flow.RejectedError) {
	for i, data := range policies {
		var o object
		err := decode(data, &o)
		switch {
		case err == nil && isGroup(o):
			err = e.addGroup(o, data)
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
	entries types.PolicyEntries
}

// putAll adds each policy that agents enforce to the repository. It rejects duplicates.
func (e *Engine) putAll(documents []document) (put []loaded, rejected flow.RejectedError) {
	seen := map[string]bool{}
	for _, d := range documents {
		if !e.enforces(d.object) {
			continue
		}
		entries, err := e.put(d.object, d.data)
		if seen[d.String()] {
			err = errors.New("another policy has the same kind, namespace and name")
		}
		if seen[d.String()] = true; err != nil {
			rejected = append(rejected, flow.Rejected{Name: d.String(), Err: err})
			continue
		}
		put = append(put, loaded{d.object, entries})
	}
	return put, rejected
}

// representPeers adds representative endpoints for everything that the selectors of a policy
// match.
func (e *Engine) representPeers(entries types.PolicyEntries) error {
	for _, entry := range entries {
		for _, s := range append([]types.Selector{entry.Subject}, entry.L3...) {
			selector, ok := s.(*types.LabelSelector)
			if key := fmt.Sprint(entry.IsDeny(), s.Key()); ok && !e.represented[key] {
				e.represented[key] = true
				if err := e.represent(entry, selector); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (e *Engine) put(o object, doc []byte) (types.PolicyEntries, error) {
	entries, kind, err := e.parse(o, doc)
	if err != nil {
		return nil, err
	}
	namespace := o.Namespace
	if kind == ipcachetypes.ResourceKindCCNP || kind == ipcachetypes.ResourceKindKCNP {
		namespace = ""
	}
	if err := e.collect(entries); err != nil {
		return nil, err
	}
	if e.transform != nil {
		e.transform(entries)
	}
	e.subjects.add(namespace, entries)
	e.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID(kind, namespace, o.Name))
	return entries, nil
}

func (e *Engine) parse(o object, doc []byte) (_ types.PolicyEntries, _ ipcachetypes.ResourceKind, err error) {
	defer recoverError(&err)
	switch o.APIVersion + " " + o.Kind {
	case "cilium.io/v2 CiliumNetworkPolicy":
		entries, err := e.parseNamespaced(o, doc)
		return entries, ipcachetypes.ResourceKindCNP, err
	case "cilium.io/v2 CiliumClusterwideNetworkPolicy":
		var ccnp ciliumv2.CiliumClusterwideNetworkPolicy
		if err := decode(doc, &ccnp); err != nil {
			return nil, "", err
		}
		rules, err := ccnp.Parse(discardLogger, e.localCluster())
		entries, err := e.entriesOf(rules, err)
		return entries, ipcachetypes.ResourceKindCCNP, err
	case "networking.k8s.io/v1 NetworkPolicy":
		entries, err := e.parseKubernetes(o, doc)
		return entries, ipcachetypes.ResourceKindNetpol, err
	case "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy":
		if !e.agent.Enabled(cilium.EnableClusterNetworkPolicy) {
			return nil, "", errors.New("agents enforce it only with enable-k8s-cluster-network-policy: true")
		}
		entries, err := e.parseClusterNetworkPolicy(o, doc)
		return entries, ipcachetypes.ResourceKindKCNP, err
	default:
		return nil, "", fmt.Errorf("apiVersion %q, kind %q is not a policy that this version of tenantfence can decide", o.APIVersion, o.Kind)
	}
}

var (
	errNoNamespace = errors.New("metadata.namespace is missing")
	errNoName      = errors.New("metadata.name is missing")
)

func (e *Engine) parseNamespaced(o object, doc []byte) (types.PolicyEntries, error) {
	// Cilium would read a policy without a namespace as a cluster-wide one.
	if o.Namespace == "" {
		return nil, errNoNamespace
	}
	var cnp ciliumv2.CiliumNetworkPolicy
	if err := decode(doc, &cnp); err != nil {
		return nil, err
	}
	rules, err := cnp.Parse(discardLogger, e.localCluster())
	return e.entriesOf(rules, err)
}

func (e *Engine) parseKubernetes(o object, doc []byte) (types.PolicyEntries, error) {
	if o.Namespace == "" {
		return nil, errNoNamespace
	}
	if o.Name == "" {
		return nil, errNoName
	}
	var np networkingv1.NetworkPolicy
	if err := decode(doc, &np); err != nil {
		return nil, err
	}
	if err := checkNetworkPolicy(&np); err != nil {
		return nil, err
	}
	// The parser would report the policy under the name in an annotation.
	np.Annotations = nil
	return k8s.ParseNetworkPolicy(discardLogger, e.localCluster(), &np)
}

func (e *Engine) entriesOf(rules api.Rules, err error) (types.PolicyEntries, error) {
	if err != nil {
		return nil, err
	}
	if err := e.expand(rules); err != nil {
		return nil, err
	}
	return utils.RulesToPolicyEntries(rules), nil
}
