package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/k8s"
	"github.com/cilium/cilium/pkg/policy/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// parseClusterNetworkPolicy parses a ClusterNetworkPolicy as an agent does. Tier Admin is
// evaluated before all other policies, and tier Baseline after them.
func (p *Program) parseClusterNetworkPolicy(o object, doc []byte) (types.PolicyEntries, error) {
	if o.Name == "" {
		return nil, errNoName
	}
	var cnp v1alpha2.ClusterNetworkPolicy
	if err := decode(doc, &cnp); err != nil {
		return nil, err
	}
	if err := checkClusterNetworkPolicy(&cnp.Spec); err != nil {
		return nil, err
	}
	// The parser would report the policy under the name in an annotation.
	cnp.Annotations = nil
	return k8s.ParseClusterNetworkPolicy(discardLogger, p.cluster, &cnp)
}

// checkClusterNetworkPolicy refuses what the apiserver refuses. Cilium's parser relies on that
// validation: it reads an unknown action as Accept, and an unknown tier as Admin.
func checkClusterNetworkPolicy(s *v1alpha2.ClusterNetworkPolicySpec) error {
	spec := field.NewPath("spec")
	errs := []error{
		checkOneOf(spec.Child("tier"), string(s.Tier), string(v1alpha2.AdminTier), string(v1alpha2.BaselineTier)),
		checkRange(spec.Child("priority"), s.Priority, 0, 1000),
		checkPeer(spec.Child("subject"), s.Subject.Namespaces, s.Subject.Pods, nil, 0),
		checkRange(spec.Child("ingress"), int32(len(s.Ingress)), 0, 25), //nolint:gosec // A list is never that long.
		checkRange(spec.Child("egress"), int32(len(s.Egress)), 0, 25),   //nolint:gosec // A list is never that long.
	}
	for i, r := range s.Ingress {
		at := spec.Child("ingress").Index(i)
		errs = append(errs, checkAction(at, r.Action, len(r.From), "from"), checkProtocols(at.Child("protocols"), r.Protocols))
		for j, p := range r.From {
			errs = append(errs, checkPeer(at.Child("from").Index(j), p.Namespaces, p.Pods, nil, 0))
		}
	}
	for i, r := range s.Egress {
		at := spec.Child("egress").Index(i)
		errs = append(errs, checkAction(at, r.Action, len(r.To), "to"), checkProtocols(at.Child("protocols"), r.Protocols))
		for j, p := range r.To {
			errs = append(errs, checkEgressPeer(at.Child("to").Index(j), p))
		}
	}
	return errors.Join(errs...)
}

func checkAction(at *field.Path, action v1alpha2.ClusterNetworkPolicyRuleAction, peers int, list string) error {
	err := checkOneOf(at.Child("action"), string(action), string(v1alpha2.ClusterNetworkPolicyRuleActionAccept),
		string(v1alpha2.ClusterNetworkPolicyRuleActionDeny), string(v1alpha2.ClusterNetworkPolicyRuleActionPass))
	if peers == 0 || peers > 25 {
		err = errors.Join(err, fmt.Errorf("%s: must have 1 to 25 items", at.Child(list)))
	}
	return err
}

func checkEgressPeer(at *field.Path, p v1alpha2.ClusterNetworkPolicyEgressPeer) error {
	others := 0
	if len(p.Networks) > 0 {
		others++
	}
	if len(p.DomainNames) > 0 {
		others++
	}
	errs := []error{checkPeer(at, p.Namespaces, p.Pods, p.Nodes, others)}
	for i, cidr := range p.Networks {
		if _, err := netip.ParsePrefix(string(cidr)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at.Child("networks").Index(i), err))
		}
	}
	return errors.Join(errs...)
}

// checkPeer refuses a peer or subject that does not set exactly one field.
func checkPeer(at *field.Path, namespaces *metav1.LabelSelector, pods *v1alpha2.NamespacedPod, nodes *metav1.LabelSelector, others int) error {
	var errs []error
	check := func(at *field.Path, s *metav1.LabelSelector) {
		errs = append(errs, metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, at).ToAggregate())
	}
	if namespaces != nil {
		others++
		check(at.Child("namespaces"), namespaces)
	}
	if nodes != nil {
		others++
		check(at.Child("nodes"), nodes)
	}
	if pods != nil {
		others++
		check(at.Child("pods", "namespaceSelector"), &pods.NamespaceSelector)
		check(at.Child("pods", "podSelector"), &pods.PodSelector)
	}
	if others != 1 {
		errs = append(errs, fmt.Errorf("%s: must set exactly one field", at))
	}
	return errors.Join(errs...)
}

func checkProtocols(at *field.Path, protocols []v1alpha2.ClusterNetworkPolicyProtocol) error {
	var errs []error
	for i, p := range protocols {
		set := 0
		var port *v1alpha2.Port
		if p.TCP != nil {
			set, port = set+1, p.TCP.DestinationPort
		}
		if p.UDP != nil {
			set, port = set+1, p.UDP.DestinationPort
		}
		if p.SCTP != nil {
			set, port = set+1, p.SCTP.DestinationPort
		}
		if p.DestinationNamedPort != "" {
			set++
		}
		if set != 1 {
			errs = append(errs, fmt.Errorf("%s: must set exactly one field", at.Index(i)))
		}
		errs = append(errs, checkDestination(at.Index(i), port))
	}
	return errors.Join(errs...)
}

func checkDestination(at *field.Path, port *v1alpha2.Port) error {
	switch {
	case port == nil:
		return nil
	case port.Range == nil:
		return checkRange(at.Child("destinationPort", "number"), port.Number, 1, 65535)
	case port.Number != 0 || port.Range.Start >= port.Range.End:
		return fmt.Errorf("%s: set either number, or a range with end above start", at.Child("destinationPort"))
	}
	return errors.Join(checkRange(at.Child("destinationPort", "range", "start"), port.Range.Start, 1, 65535), checkRange(at.Child("destinationPort", "range", "end"), port.Range.End, 1, 65535))
}

func checkRange(at *field.Path, n, low, high int32) error {
	if n < low || n > high {
		return fmt.Errorf("%s: %d is not between %d and %d", at, n, low, high)
	}
	return nil
}

func checkOneOf(at *field.Path, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is not one of %q", at, value, values)
}
