package v1alpha1

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/strict"
)

// kinds returns the names of the set fields that identify the peer. A peer has exactly one.
func (p *Peer) kinds() []string {
	var out []string
	for _, kind := range []struct {
		name string
		set  bool
	}{
		{"tenant", p.Tenant != ""},
		{"anyTenant", p.AnyTenant},
		{"children", p.Children},
		{"parent", p.Parent},
		{"namespace", p.Namespace != ""},
		{"namespaceLabels", p.NamespaceLabels != nil},
		{"service", p.Service != ""},
		{"entities", len(p.Entities) > 0},
		{"cidrs", len(p.CIDRs) > 0},
		{"fqdns", len(p.FQDNs) > 0},
	} {
		if kind.set {
			out = append(out, kind.name)
		}
	}
	return out
}

func (p *Peer) validate(at *field.Path) field.ErrorList {
	kinds := p.kinds()
	errs := p.validateFields(at)
	switch {
	case len(kinds) > 1:
		errs = append(errs, field.Invalid(at, strings.Join(kinds, ", "), "a peer has exactly one of these: write an item for each"))
	case len(kinds) == 0 && p.Pods == nil:
		errs = append(errs, field.Required(at, "set one of tenant, anyTenant, children, parent, namespace, namespaceLabels, service, entities, cidrs and fqdns, or only pods for the tenant's own pods"))
	case len(kinds) == 1 && p.Pods != nil:
		switch kinds[0] {
		case "service", "entities", "cidrs", "fqdns":
			errs = append(errs, field.Forbidden(at.Child("pods"), "narrows only tenant, anyTenant, children, parent, namespace and namespaceLabels, not "+kinds[0]+": remove it"))
		}
	}
	errs = append(errs, errorIf(len(p.Except) > 0 && len(p.CIDRs) == 0, field.Forbidden(at.Child("except"), "requires cidrs: add them, or remove it"))...)
	return errs
}

func (p *Peer) validateFields(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, optional(p.Tenant, at.Child("tenant"), validateName)...)
	errs = append(errs, optional(p.Namespace, at.Child("namespace"), validateName)...)
	errs = append(errs, withoutExpressions(metav1validation.ValidateLabels(p.NamespaceLabels, at.Child("namespaceLabels")))...)
	errs = append(errs, optional(p.Service, at.Child("service"), validateServicePeer)...)
	errs = append(errs, validateItems(p.Entities, at.Child("entities"), nil)...)
	errs = append(errs, validateCIDRs(p.CIDRs, at.Child("cidrs"))...)
	errs = append(errs, validateExcept(p.Except, p.CIDRs, at.Child("except"))...)
	errs = append(errs, validateFQDNs(p.FQDNs, namesOnly, at.Child("fqdns"))...)
	return append(errs, validateSelector(p.Pods, at.Child("pods"))...)
}

// validateServicePeer validates "name" and "namespace/name".
func validateServicePeer(service string, at *field.Path) field.ErrorList {
	namespace, name, qualified := strings.Cut(service, "/")
	if !qualified {
		return validateName(service, at)
	}
	return errorIf(len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Label(name)) > 0, field.Invalid(at, service, "must be the name of a Service, or its namespace and name, as in network/gateway"))
}

// validateOwnService validates the name of a Service that must be the tenant's.
func validateOwnService(service string, at *field.Path) field.ErrorList {
	if strings.Contains(service, "/") {
		return field.ErrorList{field.Invalid(at, service, "must be the name of a Service in one of the tenant's own namespaces: omit the namespace")}
	}
	return validateName(service, at)
}

func validatePorts(ports []Port, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, p := range ports {
		at := at.Index(i)
		errs = append(errs, p.validate(at)...)
		errs = append(errs, p.unique(seen, at)...)
	}
	return errs
}

// unique refuses a port that is already in the list, for one of its protocols.
func (p Port) unique(seen unique, at *field.Path) field.ErrorList {
	written := p.Port.String()
	if p.EndPort != 0 {
		written = fmt.Sprintf("%s-%d", written, p.EndPort)
	}
	protocols := []Protocol{p.Protocol}
	setDefault(&protocols[0], TCP)
	if p.Protocol == ANY {
		protocols = Protocols()
	}
	for _, protocol := range protocols {
		if errs := seen.item(written+"/"+string(protocol), at); len(errs) > 0 {
			return errs
		}
	}
	return nil
}

func (p Port) validate(at *field.Path) field.ErrorList {
	if p.Port.Type == intstr.String {
		return p.validateName(at)
	}
	errs := validatePortNumber(p.Port.IntVal, at.Child("port"))
	errs = append(errs, errorIf(p.EndPort != 0 && p.EndPort < p.Port.IntVal, field.Invalid(at.Child("endPort"), p.EndPort, fmt.Sprintf("must not be below port, which is %d", p.Port.IntVal)))...)
	return errs
}

func (p Port) validateName(at *field.Path) field.ErrorList {
	if p.EndPort != 0 {
		return field.ErrorList{field.Forbidden(at.Child("endPort"), "is not supported with a named port: remove it, or write port as a number")}
	}
	if p.Protocol == ANY {
		return field.ErrorList{field.Invalid(at.Child("protocol"), p.Protocol, "is not supported with a named port, which has one protocol: set that protocol, or write port as a number")}
	}
	at, name := at.Child("port"), p.Port.StrVal
	if strict.IsDigits(name) {
		return field.ErrorList{field.Invalid(at, name, "is a port name because it is in quotes: write "+name+" without quotes")}
	}
	return validatePortName(name, at)
}

func validatePortNumber(port int32, at *field.Path) field.ErrorList {
	return errorIf(port < 1 || port > 65535, field.Invalid(at, port, "must be a number from 1 to 65535: for every port, omit ports"))
}

func validateCIDRs(cidrs []string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, cidr := range cidrs {
		prefix, problem := parseCIDR(cidr)
		if problem != "" {
			errs = append(errs, field.Invalid(at.Index(i), cidr, problem))
			continue
		}
		errs = append(errs, seen.item(prefix.String(), at.Index(i))...)
	}
	return errs
}

// parseCIDR returns the network of cidr, or what is wrong with it.
func parseCIDR(cidr string) (network netip.Prefix, problem string) {
	if addr, err := netip.ParseAddr(cidr); err == nil && addr.Zone() == "" {
		return network, fmt.Sprintf("has no mask: for one address, write %s", netip.PrefixFrom(addr, addr.BitLen()))
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return network, "must be a network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32"
	}
	if addr := prefix.Addr(); addr.Is4In6() {
		return network, "is an IPv4 network written as IPv6: write it as IPv4"
	}
	if masked := prefix.Masked(); masked != prefix {
		return network, fmt.Sprintf("has host bits, and would match all of %s: write this network, or %s for one address",
			masked, netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen()))
	}
	return prefix, ""
}

func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// validateExcept validates networks that are excluded from cidrs.
func validateExcept(except, cidrs []string, at *field.Path) field.ErrorList {
	errs := validateCIDRs(except, at)
	var from []netip.Prefix
	for _, cidr := range cidrs {
		prefix, problem := parseCIDR(cidr)
		if problem != "" {
			return errs // reported for cidrs
		}
		from = append(from, prefix)
	}
	for i, cidr := range except {
		if exception, problem := parseCIDR(cidr); problem == "" && len(from) > 0 {
			errs = append(errs, validateException(exception, from, at.Index(i))...)
		}
	}
	return errs
}

func validateException(exception netip.Prefix, from []netip.Prefix, at *field.Path) field.ErrorList {
	inside := false
	for _, network := range from {
		if contains(exception, network) {
			return field.ErrorList{field.Invalid(at, exception.String(), fmt.Sprintf("excludes all of %s: remove that from cidrs, or narrow this network", network))}
		}
		inside = inside || contains(network, exception)
	}
	return errorIf(!inside, field.Invalid(at, exception.String(), "is not within cidrs, and excludes nothing: remove it, or correct it"))
}

// AnyNamespace reports whether the peer is every namespace of the cluster.
func (p *Peer) AnyNamespace() bool { return p.NamespaceLabels != nil && len(p.NamespaceLabels) == 0 }

// AllTenants reports whether the peer includes every tenant of the build.
func (p *Peer) AllTenants() bool { return p.AnyTenant || p.AnyNamespace() }

// forbidFullMesh refuses fullMesh in a Tenant and for nodes, which declare only one side of a
// flow.
func forbidFullMesh(ingress []IngressFlow, egress []EgressFlow, at *field.Path) field.ErrorList {
	return eachFullMesh(ingress, egress, at, func(_ []Peer, at *field.Path) *field.Error {
		return field.Forbidden(at, "is only for flows of the profile's allTenants: remove it, and declare the flow in each tenant on the other side")
	})
}

// validateFullMesh refuses fullMesh on flows whose peers do not include all tenants.
func (e *AllTenantsFlows) validateFullMesh(at *field.Path) field.ErrorList {
	return eachFullMesh(e.Ingress, e.Egress, at, func(peers []Peer, at *field.Path) *field.Error {
		if slices.ContainsFunc(peers, func(p Peer) bool { return p.AllTenants() }) {
			return nil
		}
		return field.Forbidden(at, "has no effect, because no peer of the flow is anyTenant: true or namespaceLabels: {}: remove it, or add such a peer")
	})
}

// eachFullMesh calls check for each flow that sets fullMesh.
func eachFullMesh(ingress []IngressFlow, egress []EgressFlow, at *field.Path, check func([]Peer, *field.Path) *field.Error) field.ErrorList {
	var errs field.ErrorList
	add := func(fullMesh bool, peers []Peer, at *field.Path) {
		if !fullMesh {
			return
		}
		if err := check(peers, at.Child("fullMesh")); err != nil {
			errs = append(errs, err)
		}
	}
	for i, f := range ingress {
		add(f.FullMesh, f.From, at.Child("ingress").Index(i))
	}
	for i, f := range egress {
		add(f.FullMesh, f.To, at.Child("egress").Index(i))
	}
	return errs
}
