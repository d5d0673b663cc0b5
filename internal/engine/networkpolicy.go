package engine

import (
	"errors"
	"fmt"
	"net/netip"

	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	slimv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/util/intstr"
	"github.com/cilium/cilium/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkNetworkPolicy refuses what the apiserver refuses. Cilium's parser relies on that
// validation: it panics on an invalid CIDR, and reads a port that is out of range as all ports.
func checkNetworkPolicy(np *networkingv1.NetworkPolicy) error {
	spec := field.NewPath("spec")
	errs := []error{checkSelector(spec.Child("podSelector"), &np.Spec.PodSelector)}
	for i, t := range np.Spec.PolicyTypes {
		if t != networkingv1.PolicyTypeIngress && t != networkingv1.PolicyTypeEgress {
			errs = append(errs, fmt.Errorf("%s: %q is neither Ingress nor Egress", spec.Child("policyTypes").Index(i), t))
		}
	}
	for i, rule := range np.Spec.Ingress {
		path := spec.Child("ingress").Index(i)
		errs = append(errs, checkPeers(path.Child("from"), rule.From), checkPorts(path.Child("ports"), rule.Ports))
	}
	for i, rule := range np.Spec.Egress {
		path := spec.Child("egress").Index(i)
		errs = append(errs, checkPeers(path.Child("to"), rule.To), checkPorts(path.Child("ports"), rule.Ports))
	}
	return errors.Join(errs...)
}

func checkPeers(path *field.Path, peers []networkingv1.NetworkPolicyPeer) error {
	var errs []error
	for i, p := range peers {
		path := path.Index(i)
		pods := p.PodSelector != nil || p.NamespaceSelector != nil
		if pods == (p.IPBlock != nil) {
			errs = append(errs, fmt.Errorf("%s: set either ipBlock, or podSelector and namespaceSelector", path))
			continue
		}
		errs = append(errs,
			checkSelector(path.Child("podSelector"), p.PodSelector),
			checkSelector(path.Child("namespaceSelector"), p.NamespaceSelector),
			checkIPBlock(path.Child("ipBlock"), p.IPBlock))
	}
	return errors.Join(errs...)
}

func checkSelector(path *field.Path, s *slimv1.LabelSelector) error {
	return labels.ValidateLabelSelector(s, labels.LabelSelectorValidationOptions{}, path).ToAggregate()
}

func checkIPBlock(path *field.Path, block *networkingv1.IPBlock) error {
	if block == nil {
		return nil
	}
	cidr, err := netip.ParsePrefix(block.CIDR)
	if err != nil {
		return fmt.Errorf("%s: %w", path.Child("cidr"), err)
	}
	var errs []error
	for i, except := range block.Except {
		path := path.Child("except").Index(i)
		switch inner, err := netip.ParsePrefix(except); {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		case inner.Bits() <= cidr.Bits() || !cidr.Contains(inner.Addr()):
			errs = append(errs, fmt.Errorf("%s: %s is not a smaller network within %s", path, inner, cidr))
		}
	}
	return errors.Join(errs...)
}

func checkPorts(path *field.Path, ports []networkingv1.NetworkPolicyPort) error {
	var errs []error
	for i, p := range ports {
		if err := checkPort(p); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path.Index(i), err))
		}
	}
	return errors.Join(errs...)
}

func checkEndPort(p networkingv1.NetworkPolicyPort) error {
	switch {
	case p.EndPort == nil:
		return nil
	case p.Port == nil || p.Port.Type == intstr.String:
		return errors.New("endPort requires a numeric port")
	case *p.EndPort < p.Port.IntVal || *p.EndPort > 65535:
		return fmt.Errorf("endPort %d is below port %d or above 65535", *p.EndPort, p.Port.IntVal)
	}
	return nil
}

func checkPort(p networkingv1.NetworkPolicyPort) error {
	if p.Protocol != nil && *p.Protocol != "TCP" && *p.Protocol != "UDP" && *p.Protocol != "SCTP" {
		return fmt.Errorf("protocol %q is not TCP, UDP or SCTP", *p.Protocol)
	}
	if err := checkEndPort(p); err != nil {
		return err
	}
	switch {
	case p.Port == nil:
		return nil
	case p.Port.Type == intstr.String:
		if msgs := validation.IsValidPortName(p.Port.StrVal); len(msgs) > 0 {
			return fmt.Errorf("port %q: %s", p.Port.StrVal, msgs[0])
		}
	case p.Port.IntVal < 1 || p.Port.IntVal > 65535:
		return fmt.Errorf("port %d is not between 1 and 65535", p.Port.IntVal)
	}
	return nil
}
