package resource

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// coverageTable has the coverage of each known kind. The first matching entry applies, so the entry
// for the rest of a group follows its kinds. The last entry of another enforcer's group has no
// names, so kinds of its next release are not decided either.
var coverageTable = slices.Concat(kubernetesKinds, ciliumKinds, enforcerKinds, meshKinds, toolKinds)

var (
	decided  = Coverage{Class: Decided}
	harmless = Coverage{Class: NoEffect}
)

func noEffect(reason string) Coverage { return Coverage{Class: NoEffect, Reason: reason} }

func clusterwide(c Coverage) Coverage {
	c.Clusterwide = true
	return c
}

// notDecidedClusterwide is for cluster-scoped kinds that affect traffic everywhere.
func notDecidedClusterwide(reason string) Coverage { return clusterwide(notDecided(reason)) }

// notDecided is for kinds that affect traffic everywhere.
func notDecided(reason string) Coverage { return Coverage{Class: NotDecided, Reason: reason} }

// notDecidedInNamespace is for kinds that affect traffic of pods in their own namespace.
func notDecidedInNamespace(reason string) Coverage {
	return Coverage{Class: NotDecided, OwnNamespaceOnly: true, Reason: reason}
}

var kubernetesKinds = []kindCoverage{
	{group: "", names: "Namespace Node", Coverage: clusterwide(decided)},
	{group: "", names: "Service Endpoints", Coverage: decided},
	{group: "", names: "PersistentVolume", Coverage: clusterwide(harmless)},
	{group: "", names: "ConfigMap Secret ServiceAccount PersistentVolumeClaim LimitRange ResourceQuota PodTemplate Event List", Coverage: harmless},
	{group: "discovery.k8s.io", names: "EndpointSlice", Coverage: decided},
	{group: "networking.k8s.io", names: "NetworkPolicy", Coverage: decided},
	{group: "networking.k8s.io", names: "Ingress IngressClass ServiceCIDR IPAddress", Coverage: noEffect("traffic that a controller admits passes the policies of the controller's pods and of the destination pods")},
	{group: "gateway.networking.k8s.io", Coverage: notDecided("routes connections to a Service to other pods"), where: routesService},
	{group: "gateway.networking.k8s.io", Coverage: noEffect("traffic that a gateway admits passes the policies of the gateway and of the destination pods")},
	{group: "gateway.networking.x-k8s.io", Coverage: noEffect("traffic that a gateway admits passes the policies of the gateway and of the destination pods")},
	{group: "policy", names: "PodDisruptionBudget PodSecurityPolicy", Coverage: harmless},
	{group: "autoscaling", Coverage: harmless},
	{group: "autoscaling.k8s.io", Coverage: harmless},
	{group: "rbac.authorization.k8s.io", names: "ClusterRole ClusterRoleBinding", Coverage: clusterwide(harmless)},
	{group: "rbac.authorization.k8s.io", Coverage: harmless},
	{group: "apiextensions.k8s.io", Coverage: clusterwide(harmless)},
	{group: "apiregistration.k8s.io", Coverage: clusterwide(harmless)},
	{group: "admissionregistration.k8s.io", Coverage: clusterwide(noEffect("acts on requests to the apiserver"))},
	{group: "flowcontrol.apiserver.k8s.io", Coverage: clusterwide(harmless)},
	{group: "storage.k8s.io", Coverage: harmless},
	{group: "snapshot.storage.k8s.io", Coverage: harmless},
	{group: "scheduling.k8s.io", Coverage: harmless},
	{group: "node.k8s.io", Coverage: clusterwide(harmless)},
	{group: "certificates.k8s.io", Coverage: clusterwide(harmless)},
	{group: "coordination.k8s.io", Coverage: harmless},
	{group: "resource.k8s.io", Coverage: harmless},
	{group: "events.k8s.io", Coverage: harmless},
}

// routesService reports whether a Gateway API route applies to connections to a Service, which a
// mesh then routes.
func routesService(n *yaml.RNode) bool {
	parents, err := n.Pipe(yaml.Lookup("spec", "parentRefs"))
	if err != nil || parents == nil {
		return false
	}
	routed := false
	_ = parents.VisitElements(func(p *yaml.RNode) error {
		kind, _ := p.GetString("kind")
		routed = routed || kind == "Service" || kind == "ServiceEntry"
		return nil
	})
	return routed
}

func hasField(path ...string) func(*yaml.RNode) bool {
	return func(n *yaml.RNode) bool {
		found, err := n.Pipe(yaml.Lookup(path...))
		return err != nil || found != nil
	}
}

var ciliumKinds = []kindCoverage{
	{group: "cilium.io", names: KindCilium + " CiliumNodeConfig", Coverage: decided},
	{group: "cilium.io", names: KindClusterwide + " " + KindCIDRGroup, Coverage: clusterwide(decided)},
	{group: "cilium.io", names: "CiliumEnvoyConfig", Coverage: notDecided("redirects connections to Services to a proxy, which routes them")},
	{group: "cilium.io", names: "CiliumClusterwideEnvoyConfig", Coverage: notDecidedClusterwide("redirects connections to Services to a proxy, which routes them")},
	{group: "cilium.io", names: "CiliumLocalRedirectPolicy", Coverage: notDecided("redirects connections to an address or a Service to pods of the same node")},
	{group: "cilium.io", names: "CiliumEgressGatewayPolicy", Coverage: notDecidedClusterwide("routes connections of pods through another node, which replaces their source address")},
	{group: "cilium.io", names: "CiliumEndpoint", Coverage: notDecided("may assign an address to a pod with another identity")},
	{group: "cilium.io", names: "CiliumEndpointSlice", Coverage: notDecidedClusterwide("may assign addresses to pods with another identity")},
	{group: "cilium.io", names: "CiliumIdentity", Coverage: notDecidedClusterwide("declares the labels of an identity")},
	{group: "cilium.io", names: "CiliumNode", Coverage: notDecidedClusterwide("assigns addresses to a node")},
	{group: "cilium.io", names: "CiliumDatapathPlugin", Coverage: notDecidedClusterwide("lets a plugin change how agents process packets")},
	{group: "cilium.io", names: "CiliumLoadBalancerIPPool", Coverage: clusterwide(noEffect("assigns addresses to Services, and policies apply after translation to pods"))},
	{group: "cilium.io", names: "CiliumL2AnnouncementPolicy CiliumBGPPeeringPolicy CiliumBGPClusterConfig CiliumBGPPeerConfig CiliumBGPAdvertisement CiliumBGPNodeConfig CiliumBGPNodeConfigOverride", Coverage: clusterwide(noEffect("announces addresses, and policies apply to the traffic to them"))},
	{group: "cilium.io", names: "CiliumPodIPPool", Coverage: clusterwide(noEffect("assigns addresses to pods, and Cilium identifies pods by labels"))},
	{group: "cilium.io", names: "CiliumGatewayClassConfig", Coverage: noEffect("configures the Service of a gateway")},
	{group: "cilium.io", Coverage: notDecided("is a kind of Cilium that tenantfence does not know")},
}

const administratorEffect = "allows or denies connections before, or after, all other policies"

var enforcerKinds = []kindCoverage{
	{group: "policy.networking.k8s.io", Coverage: notDecidedClusterwide(administratorEffect)},

	{group: "projectcalico.org", names: "NetworkPolicy", Coverage: notDecidedInNamespace("allows or denies connections by rules in Calico's order")},
	{group: "projectcalico.org", names: "GlobalNetworkPolicy", Coverage: notDecidedClusterwide("allows or denies connections by rules in Calico's order")},
	{group: "projectcalico.org", names: "Tier", Coverage: notDecidedClusterwide("orders policies, and denies what none of its policies matches")},
	{group: "projectcalico.org", names: "GlobalNetworkSet HostEndpoint Profile FelixConfiguration BGPConfiguration KubeControllersConfiguration ClusterInformation Node", Coverage: notDecidedClusterwide("configures which endpoints Calico's policies select, and how it enforces them")},
	{group: "projectcalico.org", names: "NetworkSet WorkloadEndpoint", Coverage: notDecidedInNamespace("configures which endpoints Calico's policies select")},
	{group: "projectcalico.org", names: "StagedNetworkPolicy StagedKubernetesNetworkPolicy", Coverage: noEffect("is staged: Calico does not enforce it")},
	{group: "projectcalico.org", names: "StagedGlobalNetworkPolicy BGPPeer BGPFilter IPPool IPReservation CalicoNodeStatus", Coverage: clusterwide(noEffect("is staged, or distributes addresses and routes"))},
	{group: "projectcalico.org", Coverage: notDecided("is a kind of Calico that tenantfence does not know")},
	{group: "crd.projectcalico.org", names: "NetworkPolicy", Coverage: notDecidedInNamespace("allows or denies connections by rules in Calico's order")},
	{group: "crd.projectcalico.org", names: "StagedNetworkPolicy StagedKubernetesNetworkPolicy", Coverage: noEffect("is staged: Calico does not enforce it")},
	{group: "crd.projectcalico.org", names: "NetworkSet", Coverage: notDecidedInNamespace("configures which endpoints Calico's policies select")},
	{group: "crd.projectcalico.org", names: "StagedGlobalNetworkPolicy BGPPeer BGPFilter IPPool IPReservation CalicoNodeStatus BlockAffinity IPAMBlock IPAMConfig IPAMHandle", Coverage: clusterwide(noEffect("is staged, or distributes addresses and routes"))},
	{group: "crd.projectcalico.org", names: "GlobalNetworkPolicy Tier GlobalNetworkSet HostEndpoint FelixConfiguration BGPConfiguration KubeControllersConfiguration ClusterInformation", Coverage: notDecidedClusterwide("allows or denies connections, or configures how Calico does")},
	{group: "crd.projectcalico.org", Coverage: notDecided("is a kind of Calico that tenantfence does not know")},
	{group: "operator.tigera.io", names: "Installation APIServer Goldmane Whisker", Coverage: clusterwide(noEffect("installs Calico"))},

	{group: "crd.antrea.io", names: "NetworkPolicy", Coverage: notDecidedInNamespace("allows or denies connections in Antrea's tiers, before NetworkPolicies")},
	{group: "crd.antrea.io", names: "ClusterNetworkPolicy Tier", Coverage: notDecidedClusterwide("allows or denies connections in Antrea's tiers, before NetworkPolicies")},
	{group: "crd.antrea.io", names: "Egress", Coverage: notDecidedClusterwide("routes connections of pods through another node, which replaces their source address")},
	{group: "crd.antrea.io", names: "IPPool ExternalIPPool Traceflow AntreaAgentInfo AntreaControllerInfo SupportBundleCollection PacketCapture", Coverage: clusterwide(noEffect("distributes addresses, or reports"))},
	{group: "crd.antrea.io", Coverage: notDecided("configures what Antrea enforces")},

	{group: "networking.k8s.aws", names: "ClusterNetworkPolicy ClusterPolicyEndpoint", Coverage: notDecidedClusterwide(administratorEffect)},
	{group: "networking.k8s.aws", names: "ApplicationNetworkPolicy PolicyEndpoint", Coverage: notDecidedInNamespace("allows or denies connections in the AWS network policy agent")},
	{group: "networking.k8s.aws", Coverage: notDecided("configures the AWS network policy agent")},
	{group: "vpcresources.k8s.aws", names: "SecurityGroupPolicy", Coverage: notDecidedInNamespace("assigns AWS security groups to pods, which allow or deny connections")},
	{group: "vpcresources.k8s.aws", names: "CNINode", Coverage: clusterwide(noEffect("is written by AWS's controller"))},
	{group: "vpcresources.k8s.aws", Coverage: notDecided("configures security groups of pods")},

	{group: "networking.gke.io", names: "FQDNNetworkPolicy", Coverage: notDecidedInNamespace("allows connections to DNS names")},
	{group: "networking.gke.io", names: "GKENetworkPolicy RedirectService", Coverage: notDecided("redirects connections, or allows or denies them")},
	{group: "networking.gke.io", names: "EgressNATPolicy", Coverage: notDecidedClusterwide("changes the source addresses of connections of pods")},
	{group: "networking.gke.io", names: "Network GKENetworkParamSet", Coverage: notDecidedClusterwide("gives pods more network interfaces")},
	{group: "networking.gke.io", names: "ManagedCertificate FrontendConfig MultiClusterIngress MultiClusterService ServiceAttachment GCPGatewayPolicy HealthCheckPolicy NetworkLogging NetworkEndpointGroup ServiceNetworkEndpointGroup GCPBackendPolicy", Coverage: noEffect("configures load balancers, or logs")},
	{group: "networking.gke.io", Coverage: notDecided("is a kind of GKE networking that tenantfence does not know")},

	{group: "k8s.ovn.org", names: "EgressFirewall", Coverage: notDecidedInNamespace("allows or denies connections to the outside")},
	{group: "k8s.ovn.org", names: "EgressQoS", Coverage: noEffect("marks packets")},
	{group: "k8s.ovn.org", Coverage: notDecided("changes the networks of pods, or the routes of their connections")},
	{group: "network.openshift.io", names: "EgressNetworkPolicy", Coverage: notDecidedInNamespace("allows or denies connections to the outside")},
	{group: "network.openshift.io", Coverage: notDecided("configures how OpenShift isolates namespaces")},
	{group: "kubeovn.io", Coverage: notDecided("configures networks, and the traffic between them")},
	{group: "crd.nsx.vmware.com", Coverage: notDecided("allows or denies connections in NSX")},
	{group: "k8s.cni.cncf.io", Coverage: notDecided("gives pods more network interfaces, where these policies are not enforced")},
}
