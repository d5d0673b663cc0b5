package v1alpha1

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

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
