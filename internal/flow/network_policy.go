package flow

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	policyTypes    = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	knownProtocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
)

// CheckNetworkPolicy returns all errors for which the apiserver would reject a NetworkPolicy. Enforcers rely
// on that validation: Cilium's parser panics on an invalid CIDR, and reads a port that is out of range as
// all ports.
func CheckNetworkPolicy(np *networkingv1.NetworkPolicy) field.ErrorList {
	metadata, spec := field.NewPath("metadata"), field.NewPath("spec")
	var errs field.ErrorList
	if np.Namespace == "" {
		errs = append(errs, field.Required(metadata.Child("namespace"), "it has no namespace"))
	}
	if np.Name == "" {
		errs = append(errs, field.Required(metadata.Child("name"), "it has no name"))
	}
	errs = append(errs, checkSelector(&np.Spec.PodSelector, spec.Child("podSelector"))...)
	for i, t := range np.Spec.PolicyTypes {
		if !slices.Contains(policyTypes, t) {
			errs = append(errs, field.NotSupported(spec.Child("policyTypes").Index(i), t, policyTypes))
		}
	}
	if n := len(np.Spec.PolicyTypes); n > len(policyTypes) {
		errs = append(errs, field.TooMany(spec.Child("policyTypes"), n, len(policyTypes)))
	}
	for i, rule := range np.Spec.Ingress {
		at := spec.Child("ingress").Index(i)
		errs = append(append(errs, checkPeers(rule.From, at.Child("from"))...), checkPorts(rule.Ports, at.Child("ports"))...)
	}
	for i, rule := range np.Spec.Egress {
		at := spec.Child("egress").Index(i)
		errs = append(append(errs, checkPeers(rule.To, at.Child("to"))...), checkPorts(rule.Ports, at.Child("ports"))...)
	}
	return errs
}

func checkSelector(s *metav1.LabelSelector, at *field.Path) field.ErrorList {
	return metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, at)
}

func checkPeers(peers []networkingv1.NetworkPolicyPeer, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range peers {
		at := at.Index(i)
		pods := p.PodSelector != nil || p.NamespaceSelector != nil
		switch {
		case !pods && p.IPBlock == nil:
			errs = append(errs, field.Required(at, "needs ipBlock, or podSelector and namespaceSelector"))
		case pods && p.IPBlock != nil:
			errs = append(errs, field.Forbidden(at, "has both ipBlock and a selector: make two peers of it"))
		case p.IPBlock != nil:
			errs = append(errs, checkBlock(p.IPBlock, at.Child("ipBlock"))...)
		default:
			errs = append(errs, checkSelector(p.PodSelector, at.Child("podSelector"))...)
			errs = append(errs, checkSelector(p.NamespaceSelector, at.Child("namespaceSelector"))...)
		}
	}
	return errs
}

func checkBlock(block *networkingv1.IPBlock, at *field.Path) field.ErrorList {
	cidr, errs := checkCIDR(block.CIDR, at.Child("cidr"))
	for i, except := range block.Except {
		at := at.Child("except").Index(i)
		exception, wrong := checkCIDR(except, at)
		errs = append(errs, wrong...)
		if cidr.IsValid() && exception.IsValid() && (exception.Bits() <= cidr.Bits() || !cidr.Contains(exception.Addr())) {
			errs = append(errs, field.Invalid(at, except, "does not lie strictly within "+block.CIDR))
		}
	}
	return errs
}

func checkCIDR(s string, at *field.Path) (netip.Prefix, field.ErrorList) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, field.ErrorList{field.Invalid(at, s, "must be a network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32")}
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, field.ErrorList{field.Invalid(at, s, "is an IPv4 network written as IPv6: write it as IPv4")}
	}
	return p, nil
}

func checkPorts(ports []networkingv1.NetworkPolicyPort, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range ports {
		at := at.Index(i)
		if p.Protocol != nil && !slices.Contains(knownProtocols, *p.Protocol) {
			errs = append(errs, field.NotSupported(at.Child("protocol"), *p.Protocol, knownProtocols))
		}
		errs = append(errs, checkPort(p.Port, at.Child("port"))...)
		errs = append(errs, checkEndPort(p, at.Child("endPort"))...)
	}
	return errs
}

func checkPort(port *intstr.IntOrString, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case port == nil:
	case port.Type == intstr.String:
		for _, msg := range validation.IsValidPortName(port.StrVal) {
			errs = append(errs, field.Invalid(at, port.StrVal, msg))
		}
	default:
		for _, msg := range validation.IsValidPortNum(port.IntValue()) {
			errs = append(errs, field.Invalid(at, port.IntVal, msg))
		}
	}
	return errs
}

func checkEndPort(p networkingv1.NetworkPolicyPort, at *field.Path) field.ErrorList {
	switch {
	case p.EndPort == nil:
		return nil
	case p.Port == nil || p.Port.Type == intstr.String:
		return field.ErrorList{field.Invalid(at, *p.EndPort, "needs a port that is a number")}
	case *p.EndPort < p.Port.IntVal || *p.EndPort > 65535:
		return field.ErrorList{field.Invalid(at, *p.EndPort, "is below port, or above 65535")}
	default:
		return nil
	}
}
