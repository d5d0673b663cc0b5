package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

func (s *FenceProfileSpec) validateClusterHostnames(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, l := range s.ClusterHostnames {
		at := at.Index(i)
		errs = append(errs, validateFQDNs(l.FQDNs, namesOnly, at.Child("fqdns"))...)
		for j, name := range l.FQDNs {
			errs = append(errs, errorIf(IsClusterDNSName(name), field.Forbidden(at.Child("fqdns").Index(j), "is a name of the cluster's own DNS, not a public name: remove it, and set the Service as the peer of the flow"))...)
		}
		errs = append(errs, l.validateTenant(at.Child("tenant"))...)
		if l.Entity != "" {
			errs = append(errs, l.validateEntity(s.Cluster.CNI, at)...)
		} else {
			errs = append(errs, l.validateService(at.Child("service"))...)
		}
	}
	return errs
}

func (l ClusterHostname) validateEntity(cni CNI, at *field.Path) field.ErrorList {
	switch at := at.Child("entity"); {
	case l.Service != "":
		return field.ErrorList{field.Forbidden(at, "is set together with service, but names resolve to one of the two: remove one")}
	case cni == CNIKubernetes:
		return field.ErrorList{field.Forbidden(at, "requires cni: Cilium: set service to the Service of the gateway's pods instead")}
	case l.Entity != EntityIngress:
		return field.ErrorList{field.NotSupported(at, l.Entity, []Entity{EntityIngress})}
	}
	return nil
}

func (l ClusterHostname) validateService(at *field.Path) field.ErrorList {
	switch {
	case l.Service == "":
		return field.ErrorList{field.Required(at, "set the Service that the names resolve to, as network/gateway, or set entity: ingress for Cilium's own Gateway")}
	case !strings.Contains(l.Service, "/"):
		return field.ErrorList{field.Invalid(at, l.Service, "must be the namespace and name of a Service, as in network/gateway")}
	case l.Service == "default/kubernetes":
		return field.ErrorList{field.Invalid(at, l.Service, "is the Service of the apiserver, which has no pods: remove it, and use entities: [kube-apiserver] in the flows")}
	default:
		return validateServicePeer(l.Service, at)
	}
}

func (l ClusterHostname) validateTenant(at *field.Path) field.ErrorList {
	switch {
	case l.Tenant == "":
		return nil
	case l.Entity != "":
		return field.ErrorList{field.Forbidden(at, "is only for a Service in a shared namespace, not for entity: remove it")}
	}
	return validateName(l.Tenant, at)
}

// IsClusterDNSName reports whether a name or pattern belongs to the cluster's own DNS. Its
// domain is cluster.local unless the cluster sets another.
func IsClusterDNSName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name == "kubernetes.default" || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local")
}

// setDefaults sets the defaults of omitted fields.
func (n *NodePolicy) setDefaults() {
	setDefault(&n.Enforcement, AllowOnly)
	setFlowProtocols(n.Ingress, n.Egress)
}

// validateNodes validates the flows of nodes.
func (s *FenceProfileSpec) validateNodes(at *field.Path) field.ErrorList {
	if len(s.Nodes) > 0 && (s.Cluster.CNI == CNIKubernetes || s.Policies == PoliciesKubernetes) {
		return field.ErrorList{field.Forbidden(at, "are host policies, which require cni: Cilium, and policies: Cilium or Both: remove them")}
	}
	var errs field.ErrorList
	seen := unique{}
	for i := range s.Nodes {
		n, at := &s.Nodes[i], at.Index(i)
		errs = append(errs, seen.name(n.Name, at.Child("name"))...)
		errs = append(errs, n.validate(at)...)
	}
	return errs
}

func (n *NodePolicy) validate(at *field.Path) field.ErrorList {
	errs := validateName(n.Name, at.Child("name"))
	errs = append(errs, validateSelector(&n.NodeSelector, at.Child("nodeSelector"))...)
	errs = append(errs, errorIf(len(n.NodeSelector.MatchLabels)+len(n.NodeSelector.MatchExpressions) == 0, field.Required(at.Child("nodeSelector"), "{} selects every node, and a mistake would cut all of them off: select the intended nodes by a label"))...)
	errs = append(errs, errorIf(len(n.Ingress)+len(n.Egress) == 0, field.Required(at, "an entry without flows has no effect: set ingress or egress"))...)
	errs = append(errs, validateFlows(n.Ingress, n.Egress, unique{}, at)...)
	errs = append(errs, forbidFullMesh(n.Ingress, n.Egress, at)...)
	for i := range n.Ingress {
		f, at := &n.Ingress[i], at.Child("ingress").Index(i)
		errs = append(errs, forbidPodFields(f.Pods, f.HTTP, at)...)
		errs = append(errs, validateNodePeers(f.From, at.Child("from"))...)
	}
	for i := range n.Egress {
		f, at := &n.Egress[i], at.Child("egress").Index(i)
		errs = append(errs, forbidPodFields(f.Pods, f.HTTP, at)...)
		errs = append(errs, errorIf(f.Via != "", field.Forbidden(at.Child("via"), "is not supported for nodes, which connect directly: remove it"))...)
		errs = append(errs, errorIf(f.TLS != nil, field.Forbidden(at.Child("tls"), "is not supported for nodes, because host policies inspect only DNS: remove it, which allows every connection"))...)
		errs = append(errs, validateNodePeers(f.To, at.Child("to"))...)
	}
	return errs
}

// forbidPodFields refuses fields that a flow of nodes cannot have.
func forbidPodFields(pods *metav1.LabelSelector, http []HTTPRule, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(pods != nil, field.Forbidden(at.Child("pods"), "is not supported for nodes, which nodeSelector selects: remove it"))...)
	errs = append(errs, errorIf(len(http) > 0, field.Forbidden(at.Child("http"), "is not supported for nodes, because host policies have no HTTP rules: remove it, which allows every request"))...)
	return errs
}

// validateNodePeers refuses peers that are relative to the flow's own tenant.
func validateNodePeers(peers []Peer, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range peers {
		p, at := &peers[i], at.Index(i)
		errs = append(errs, errorIf(p.Pods != nil && len(p.kinds()) == 0, field.Forbidden(at.Child("pods"), "without another field selects pods of the flow's own tenant, and nodes have none: add tenant or namespace"))...)
		for kind, set := range map[string]bool{"children": p.Children, "parent": p.Parent} {
			errs = append(errs, errorIf(set, field.Forbidden(at.Child(kind), "is relative to the flow's own tenant, and nodes have none: name the Tenant with tenant"))...)
		}
		errs = append(errs, errorIf(p.Service != "" && !strings.Contains(p.Service, "/"), field.Invalid(at.Child("service"), p.Service, "has no namespace, and nodes have none: write NAMESPACE/"+p.Service))...)
	}
	return errs
}
