package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
)

// object is a policy before its kind is known.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// String is how errors name it.
func (o object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// load puts every policy into the repository, or says which it cannot.
func (e *Engine) load(policies []json.RawMessage) error {
	var errs []error
	seen := map[string]bool{}
	for i, doc := range policies {
		var o object
		if err := decode(doc, &o); err != nil {
			errs = append(errs, fmt.Errorf("parse policy %d: %w", i, err))
			continue
		}
		if seen[o.String()] {
			errs = append(errs, fmt.Errorf("parse policy %s: it is given twice", o))
			continue
		}
		seen[o.String()] = true
		entries, kind, err := e.parse(o, doc)
		if err != nil {
			errs = append(errs, fmt.Errorf("parse policy %s: %w", o, err))
			continue
		}
		namespace := o.Namespace
		if kind == ipcachetypes.ResourceKindCCNP {
			namespace = ""
		}
		e.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID(kind, namespace, o.Name))
		errs = append(errs, e.collectNames(entries))
	}
	return errors.Join(errs...)
}

func (e *Engine) parse(o object, doc []byte) (_ types.PolicyEntries, _ ipcachetypes.ResourceKind, err error) {
	defer recovered(&err)
	switch o.APIVersion + " " + o.Kind {
	case "cilium.io/v2 CiliumNetworkPolicy":
		entries, err := e.parseNamespaced(o, doc)
		return entries, ipcachetypes.ResourceKindCNP, err
	case "cilium.io/v2 CiliumClusterwideNetworkPolicy":
		var ccnp ciliumv2.CiliumClusterwideNetworkPolicy
		if err := decode(doc, &ccnp); err != nil {
			return nil, "", err
		}
		rules, err := ccnp.Parse(quiet, e.cluster)
		return entriesOf(rules, err), ipcachetypes.ResourceKindCCNP, errors.Join(err, unsupported(rules))
	case "networking.k8s.io/v1 NetworkPolicy":
		entries, err := e.parseKubernetes(o, doc)
		return entries, ipcachetypes.ResourceKindNetpol, err
	default:
		return nil, "", fmt.Errorf("apiVersion %q, kind %q is no policy that Cilium enforces as known here", o.APIVersion, o.Kind)
	}
}

func (e *Engine) parseNamespaced(o object, doc []byte) (types.PolicyEntries, error) {
	// Without a namespace Cilium would take it for a cluster-wide policy.
	if o.Namespace == "" {
		return nil, errors.New("it has no namespace")
	}
	var cnp ciliumv2.CiliumNetworkPolicy
	if err := decode(doc, &cnp); err != nil {
		return nil, err
	}
	rules, err := cnp.Parse(quiet, e.cluster)
	return entriesOf(rules, err), errors.Join(err, unsupported(rules))
}

func (e *Engine) parseKubernetes(o object, doc []byte) (types.PolicyEntries, error) {
	if o.Namespace == "" {
		return nil, errors.New("it has no namespace")
	}
	if o.Name == "" {
		return nil, errors.New("it has no name")
	}
	var np networkingv1.NetworkPolicy
	if err := decode(doc, &np); err != nil {
		return nil, err
	}
	if err := checkNetworkPolicy(&np); err != nil {
		return nil, err
	}
	// An annotation may rename the policy in what the engine reports.
	np.Annotations = nil
	return k8s.ParseNetworkPolicy(quiet, e.cluster, &np)
}

func entriesOf(rules api.Rules, err error) types.PolicyEntries {
	if err != nil {
		return nil
	}
	return utils.RulesToPolicyEntries(rules)
}

// decode reads JSON as the apiserver does: by the exact case of the fields, and
// dropping those that it does not know.
func decode(doc []byte, into any) error {
	return kjson.UnmarshalCaseSensitivePreserveInts(doc, into)
}

// unsupported refuses the peers that an agent looks up in the cluster, which the
// parser leaves as if they were not there: an unresolved toServices would allow
// everything on its ports.
func unsupported(rules api.Rules) error {
	var errs []error
	cidrs := func(field string, set api.CIDRRuleSlice) {
		for _, c := range set {
			if c.CIDRGroupRef != "" || c.CIDRGroupSelector.LabelSelector != nil {
				errs = append(errs, fmt.Errorf("%s refers to a CiliumCIDRGroup, whose addresses are not known here", field))
			}
		}
	}
	ingress := func(common api.IngressCommonRule) {
		cidrs("fromCIDRSet", common.FromCIDRSet)
		if len(common.FromGroups) > 0 {
			errs = append(errs, errors.New("fromGroups refers to a cloud provider's groups, which are not known here"))
		}
	}
	egress := func(common api.EgressCommonRule) {
		cidrs("toCIDRSet", common.ToCIDRSet)
		if len(common.ToGroups) > 0 {
			errs = append(errs, errors.New("toGroups refers to a cloud provider's groups, which are not known here"))
		}
		if len(common.ToServices) > 0 {
			errs = append(errs, errors.New("toServices refers to Services, which are not known here: name their pods in toEndpoints"))
		}
	}
	for _, r := range rules {
		for i := range r.Ingress {
			ingress(r.Ingress[i].IngressCommonRule)
		}
		for i := range r.IngressDeny {
			ingress(r.IngressDeny[i].IngressCommonRule)
		}
		for i := range r.Egress {
			egress(r.Egress[i].EgressCommonRule)
		}
		for i := range r.EgressDeny {
			egress(r.EgressDeny[i].EgressCommonRule)
		}
	}
	return errors.Join(errs...)
}
