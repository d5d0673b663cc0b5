package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *Cluster) validate(at *field.Path) field.ErrorList {
	errs := c.validateAddresses(at)
	if c.CNI == CNIKubernetes {
		return append(errs, c.validateKubernetes(at)...)
	}
	errs = append(errs, validateVersion(c.CiliumVersion, at.Child("ciliumVersion"))...)
	if c.Name != "" && !ValidClusterName(c.Name) {
		errs = append(errs, field.Invalid(at.Child("name"), c.Name, "must be Cilium's cluster.name: at most 32 lower-case letters, digits and -, with no - at either end"))
	}
	return errs
}

// validateKubernetes is for enforcers of NetworkPolicy alone.
func (c *Cluster) validateKubernetes(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.CiliumVersion != "" {
		errs = append(errs, field.Forbidden(at.Child("ciliumVersion"), "is only for cni: Cilium: remove it"))
	}
	if c.Name != "" {
		errs = append(errs, field.Forbidden(at.Child("name"), "is only for cni: Cilium: remove it"))
	}
	if len(c.CiliumConfig) > 0 {
		errs = append(errs, field.Forbidden(at.Child("ciliumConfig"), "is only for cni: Cilium: remove it"))
	}
	if len(c.PodCIDRs) == 0 {
		errs = append(errs, field.Required(at.Child("podCIDRs"), "with cni: Kubernetes, where a network matches the pods in it: say the ranges of the pods' addresses"))
	}
	return errs
}

// ValidClusterName reports whether Cilium accepts a cluster.name.
func ValidClusterName(name string) bool { return len(name) <= 32 && clusterName.MatchString(name) }

var clusterName = regexp.MustCompile(`^([a-z0-9][-a-z0-9]*)?[a-z0-9]$`)

// ciliumVersion takes a version apart: its minor version, and what must not be there.
var ciliumVersion = regexp.MustCompile(`^v?(1\.(?:1[4-9]|20))(?:\.(?:\d+|x))?(?:[-+].*)?$`)

func validateVersion(version string, at *field.Path) field.ErrorList {
	parts := ciliumVersion.FindStringSubmatch(version)
	switch {
	case version == "":
		return field.ErrorList{field.Required(at, `with cni: Cilium: write the agents' minor version, from "1.14" to "1.20"`)}
	case parts == nil:
		return field.ErrorList{field.Invalid(at, version, `is not a version that is known: write the agents' minor version, from "1.14" to "1.20"`)}
	case parts[1] != version:
		return field.ErrorList{field.Invalid(at, version, fmt.Sprintf("must be the minor version alone: write %q", parts[1]))}
	}
	return nil
}

// validateAddresses validates the ranges of the cluster's addresses.
func (c *Cluster) validateAddresses(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, ranges := range []struct {
		name  string
		cidrs []string
	}{{"podCIDRs", c.PodCIDRs}, {"serviceCIDRs", c.ServiceCIDRs}, {"nodeCIDRs", c.NodeCIDRs}, {"tunnelCIDRs", c.TunnelCIDRs}} {
		errs = append(errs, validateRanges(ranges.cidrs, at.Child(ranges.name))...)
	}
	errs = append(errs, c.validateTunnels(at)...)
	if c.APIServer != nil {
		at := at.Child("apiServer")
		errs = append(errs, validateRanges(c.APIServer.CIDRs, at.Child("cidrs"))...)
		errs = append(errs, c.forbidServiceAddresses(at.Child("cidrs"))...)
		errs = append(errs, validatePortNumbers(c.APIServer.Ports, at.Child("ports"))...)
	}
	return errs
}

// validateTunnels validates the addresses of nodes in an overlay, which are some of the
// pods' ranges.
func (c *Cluster) validateTunnels(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(c.TunnelCIDRs) > 0 && len(c.NodeCIDRs) == 0 {
		errs = append(errs, field.Required(at.Child("nodeCIDRs"), "beside tunnelCIDRs: set the ranges of the nodes' own addresses"))
	}
	for i, tunnel := range c.TunnelCIDRs {
		outer, problem := parseCIDR(tunnel)
		holds := func(pods string) bool {
			inner, bad := parseCIDR(pods)
			return bad == "" && contains(outer, inner)
		}
		if problem == "" && slices.ContainsFunc(c.PodCIDRs, holds) {
			errs = append(errs, field.Invalid(at.Child("tunnelCIDRs").Index(i), tunnel, "holds a whole range of podCIDRs, and no pod may have such an address: list the nodes' tunnel addresses alone"))
		}
	}
	return errs
}

// validateRanges validates networks of which none is everything.
func validateRanges(cidrs []string, at *field.Path) field.ErrorList {
	errs := validateCIDRs(cidrs, at)
	for i, cidr := range cidrs {
		if prefix, problem := parseCIDR(cidr); problem == "" && prefix.Bits() == 0 {
			errs = append(errs, field.Invalid(at.Index(i), cidr, "is every address, which leaves no world outside the cluster: write the range itself"))
		}
	}
	return errs
}

// forbidServiceAddresses refuses an address of a Service where the apiserver's own is
// meant: a policy is decided behind the Service.
func (c *Cluster) forbidServiceAddresses(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, cidr := range c.APIServer.CIDRs {
		own, problem := parseCIDR(cidr)
		inService := func(service string) bool {
			prefix, bad := parseCIDR(service)
			return bad == "" && contains(prefix, own)
		}
		if problem == "" && slices.ContainsFunc(c.ServiceCIDRs, inService) {
			errs = append(errs, field.Invalid(at.Index(i), cidr, "is in serviceCIDRs, and a policy is decided behind the Service: write the apiserver's own addresses, which kubectl get endpointslices -n default shows"))
		}
	}
	return errs
}

// validateForm holds the form of policies against what enforces them.
func (s *FenceProfileSpec) validateForm(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Policies != PoliciesKubernetes {
		if s.Cluster.CNI == CNIKubernetes {
			errs = append(errs, field.Invalid(at.Child("policies"), s.Policies, "needs cni: Cilium, and no other enforcer looks at Cilium's policies: write Kubernetes, or leave policies out"))
		}
		if s.EgressProxy != nil && s.Policies == PoliciesCilium {
			errs = append(errs, field.Forbidden(at.Child("egressProxy"), "is only for policies: Kubernetes and Both, since Cilium's know names themselves: remove it"))
		}
	}
	if s.Policies != PoliciesCilium && s.Scope == ScopeCluster {
		errs = append(errs, field.Invalid(at.Child("scope"), s.Scope, "needs policies: Cilium, since a NetworkPolicy is never cluster-wide: write Namespace, or leave scope out"))
	}
	if s.Policies == PoliciesBoth && len(s.Cluster.PodCIDRs) == 0 {
		errs = append(errs, field.Required(at.Child("cluster", "podCIDRs"), "with policies: Both, since another enforcer than Cilium matches pods by their addresses: say their ranges"))
	}
	if s.Policies != PoliciesCilium && !slices.Contains(s.Baseline.DNS.Names, "*") {
		errs = append(errs, field.Forbidden(at.Child("baseline", "dns", "names"), `cannot be narrowed with NetworkPolicies, since a NetworkPolicy does not look into DNS: write ["*"], or leave names out`))
	}
	return append(errs, s.validateEgressProxy(at.Child("egressProxy"))...)
}

func (s *FenceProfileSpec) validateEgressProxy(at *field.Path) field.ErrorList {
	if s.EgressProxy == nil {
		return nil
	}
	errs := s.EgressProxy.validate(at)
	if slices.Contains(s.SharedNamespaces, s.EgressProxy.Namespace) {
		errs = append(errs, field.Invalid(at.Child("namespace"), s.EgressProxy.Namespace, "is one of sharedNamespaces, and the proxy needs one of its own: move it"))
	}
	return errs
}

func (p *EgressProxyPods) validate(at *field.Path) field.ErrorList {
	errs := validateName(p.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(p.Pods, at.Child("pods"))...)
	return append(errs, validatePortNumber(p.Port, at.Child("port"))...)
}
