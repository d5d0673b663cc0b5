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
	errs = append(errs, errorIf(c.Name != "" && !ValidClusterName(c.Name), field.Invalid(at.Child("name"), c.Name, "must be a Cilium cluster.name: at most 32 lower-case letters, digits and -, not beginning or ending with -"))...)
	return errs
}

// validateKubernetes validates a cluster whose enforcer supports NetworkPolicies only.
func (c *Cluster) validateKubernetes(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(c.CiliumVersion != "", field.Forbidden(at.Child("ciliumVersion"), "requires cni: Cilium: remove it"))...)
	errs = append(errs, errorIf(c.Name != "", field.Forbidden(at.Child("name"), "requires cni: Cilium: remove it"))...)
	errs = append(errs, errorIf(len(c.CiliumConfig) > 0, field.Forbidden(at.Child("ciliumConfig"), "requires cni: Cilium: remove it"))...)
	errs = append(errs, errorIf(len(c.PodCIDRs) == 0, field.Required(at.Child("podCIDRs"), "with cni: Kubernetes, because a network in a NetworkPolicy also matches pods: set the address ranges of the pods"))...)
	return errs
}

// ValidClusterName reports whether Cilium accepts a cluster.name.
func ValidClusterName(name string) bool { return len(name) <= 32 && clusterName.MatchString(name) }

var clusterName = regexp.MustCompile(`^([a-z0-9][-a-z0-9]*)?[a-z0-9]$`)

// ciliumVersion matches a version. Its group is the minor version.
var ciliumVersion = regexp.MustCompile(`^v?(1\.(?:1[4-9]|20))(?:\.(?:\d+|x))?(?:[-+].*)?$`)

func validateVersion(version string, at *field.Path) field.ErrorList {
	parts := ciliumVersion.FindStringSubmatch(version)
	switch {
	case version == "":
		return field.ErrorList{field.Required(at, `with cni: Cilium: set the minor version of the agents, from "1.14" to "1.20"`)}
	case parts == nil:
		return field.ErrorList{field.Invalid(at, version, `is not a supported version: set the minor version of the agents, from "1.14" to "1.20"`)}
	case parts[1] != version:
		return field.ErrorList{field.Invalid(at, version, fmt.Sprintf("must be the minor version only: write %q", parts[1]))}
	}
	return nil
}

// validateAddresses validates the address ranges of the cluster.
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

// validateTunnels validates the overlay addresses of nodes, which are within the ranges of the
// pods.
func (c *Cluster) validateTunnels(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(len(c.TunnelCIDRs) > 0 && len(c.NodeCIDRs) == 0, field.Required(at.Child("nodeCIDRs"), "with tunnelCIDRs: set the address ranges of the nodes"))...)
	for i, tunnel := range c.TunnelCIDRs {
		outer, problem := parseCIDR(tunnel)
		containsPods := func(pods string) bool {
			inner, invalid := parseCIDR(pods)
			return invalid == "" && contains(outer, inner)
		}
		errs = append(errs, errorIf(problem == "" && slices.ContainsFunc(c.PodCIDRs, containsPods), field.Invalid(at.Child("tunnelCIDRs").Index(i), tunnel, "contains a whole range of podCIDRs, and no pod may have such an address: list only the tunnel addresses of nodes"))...)
	}
	return errs
}

// validateRanges validates networks, and refuses 0.0.0.0/0 and ::/0.
func validateRanges(cidrs []string, at *field.Path) field.ErrorList {
	errs := validateCIDRs(cidrs, at)
	for i, cidr := range cidrs {
		if prefix, problem := parseCIDR(cidr); problem == "" && prefix.Bits() == 0 {
			errs = append(errs, field.Invalid(at.Index(i), cidr, "contains every address, which leaves none outside the cluster: write the range of the cluster"))
		}
	}
	return errs
}

// forbidServiceAddresses refuses the address of a Service for the apiserver: policies are
// enforced after the address of a Service is translated.
func (c *Cluster) forbidServiceAddresses(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, cidr := range c.APIServer.CIDRs {
		own, problem := parseCIDR(cidr)
		inService := func(service string) bool {
			prefix, invalid := parseCIDR(service)
			return invalid == "" && contains(prefix, own)
		}
		errs = append(errs, errorIf(problem == "" && slices.ContainsFunc(c.ServiceCIDRs, inService), field.Invalid(at.Index(i), cidr, "is in serviceCIDRs, and policies are enforced behind the Service: set the apiserver's own addresses, which kubectl get endpointslices -n default shows"))...)
	}
	return errs
}

// validateForm validates that the cluster's enforcer supports the form of the policies.
func (s *FenceProfileSpec) validateForm(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Policies != PoliciesKubernetes {
		errs = append(errs, errorIf(s.Cluster.CNI == CNIKubernetes, field.Invalid(at.Child("policies"), s.Policies, "requires cni: Cilium, because no other enforcer supports CiliumNetworkPolicies: set policies: Kubernetes, or omit policies"))...)
		errs = append(errs, errorIf(s.EgressProxy != nil && s.Policies == PoliciesCilium, field.Forbidden(at.Child("egressProxy"), "requires policies: Kubernetes or Both, because CiliumNetworkPolicies support names: remove it"))...)
	}
	errs = append(errs, errorIf(s.Policies != PoliciesCilium && s.Scope == ScopeCluster, field.Invalid(at.Child("scope"), s.Scope, "requires policies: Cilium, because a NetworkPolicy is never cluster-wide: set scope: Namespace, or omit scope"))...)
	errs = append(errs, errorIf(s.Policies == PoliciesBoth && len(s.Cluster.PodCIDRs) == 0, field.Required(at.Child("cluster", "podCIDRs"), "with policies: Both, because a network in a NetworkPolicy also matches pods: set the address ranges of the pods"))...)
	errs = append(errs, errorIf(s.Policies != PoliciesCilium && !slices.Contains(s.Baseline.DNS.Names, "*"), field.Forbidden(at.Child("baseline", "dns", "names"), `cannot be restricted by NetworkPolicies, which do not inspect DNS: set names: ["*"], or omit names`))...)
	return append(errs, s.validateEgressProxy(at.Child("egressProxy"))...)
}

func (s *FenceProfileSpec) validateEgressProxy(at *field.Path) field.ErrorList {
	if s.EgressProxy == nil {
		return nil
	}
	errs := s.EgressProxy.validate(at)
	errs = append(errs, errorIf(slices.Contains(s.SharedNamespaces, s.EgressProxy.Namespace), field.Invalid(at.Child("namespace"), s.EgressProxy.Namespace, "is one of sharedNamespaces, and the proxy needs a namespace of its own: move the proxy"))...)
	return errs
}

func (p *EgressProxyPods) validate(at *field.Path) field.ErrorList {
	errs := validateName(p.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(p.Pods, at.Child("pods"))...)
	return append(errs, validatePortNumber(p.Port, at.Child("port"))...)
}
