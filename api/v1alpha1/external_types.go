package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ExternalResources declares what runs in the cluster and is not in the build: namespaces with
// their workloads and Services, and nodes. The proof and the flows of Tenants use them like those
// of the build. They are never emitted. "tenantfence import" writes one from a running cluster.
//
// A workload, Service, Namespace or node that is also in the build, or in other
// ExternalResources, is an error unless both declare the same. An equal one has no effect.
//
// It is trusted like every other resource of the build. It allows no traffic, but it states which
// pods and addresses exist. For what it has no field for, write the resource itself, with the
// annotation config.kubernetes.io/local-config.
//
// +kubebuilder:object:root=true
type ExternalResources struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the name of the ExternalResources in reports.
	metav1.ObjectMeta `json:"metadata"`

	Spec ExternalResourcesSpec `json:"spec"`
}

// ExternalResourcesSpec is the body of an ExternalResources. It has at least one namespace or
// node.
type ExternalResourcesSpec struct {
	// namespaces are namespaces of the cluster, with what runs in them. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Namespaces []ExternalNamespace `json:"namespaces,omitempty"`

	// nodes are nodes of the cluster, for host policies, their addresses, and FlowTests with
	// "node/NAME". Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Nodes []ExternalNode `json:"nodes,omitempty"`
}

// ExternalNamespace is a namespace and what runs in it.
type ExternalNamespace struct {
	// name is the name of the namespace, a DNS label of at most 63 characters, unique among
	// namespaces.
	Name string `json:"name"`

	// labels are the labels of the Namespace. Omitted: those of the Namespace in the build or in
	// other ExternalResources; without one, the namespace has none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Labels map[string]string `json:"labels,omitempty"`

	// workloads are the workloads of the namespace. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Workloads []ExternalWorkload `json:"workloads,omitempty"`

	// services are the Services of the namespace. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Services []ExternalService `json:"services,omitempty"`
}

// ExternalWorkload is a workload, reduced to what determines the traffic of its pods.
type ExternalWorkload struct {
	// name is the name of the workload, unique among the workloads of its kind in the namespace.
	Name string `json:"name"`

	// kind is the kind of the workload. It decides which labels its controller adds to the pods.
	// For the pods of any other controller, write Pod. Omitted: Deployment.
	// +optional
	Kind WorkloadKind `json:"kind,omitempty"`

	// labels are the labels of the pods, without those that the controller adds. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Labels map[string]string `json:"labels,omitempty"`

	// ports are the ports that the containers declare. Services and flows refer to their names.
	// Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []ExternalPort `json:"ports,omitempty"`

	// hostNetwork declares that the pods are in the network of their node, so that policies see
	// them as the node. Omitted: false.
	// +optional
	HostNetwork bool `json:"hostNetwork,omitempty"`

	// serviceAccount is the name of the pods' ServiceAccount. Omitted: default.
	// +optional
	ServiceAccount string `json:"serviceAccount,omitempty"`

	// dns declares how the pods resolve names. Omitted: by the DNS of the cluster alone.
	// +optional
	DNS *ExternalPodDNS `json:"dns,omitempty"`
}

// WorkloadKind is the kind of a workload.
// +kubebuilder:validation:Enum=Deployment;Pod;StatefulSet;DaemonSet;Job;CronJob;ReplicaSet;ReplicationController
type WorkloadKind string

// The kinds of workloads.
const (
	WorkloadDeployment            WorkloadKind = "Deployment"
	WorkloadPod                   WorkloadKind = "Pod"
	WorkloadStatefulSet           WorkloadKind = "StatefulSet"
	WorkloadDaemonSet             WorkloadKind = "DaemonSet"
	WorkloadJob                   WorkloadKind = "Job"
	WorkloadCronJob               WorkloadKind = "CronJob"
	WorkloadReplicaSet            WorkloadKind = "ReplicaSet"
	WorkloadReplicationController WorkloadKind = "ReplicationController"
)

// ExternalPort is a port that a container declares.
type ExternalPort struct {
	// name is the name of the port, of at most 15 characters. Several containers may have ports
	// of the same name. Omitted: the port has no name.
	// +optional
	Name string `json:"name,omitempty"`

	// port is the number of the port, from 1 to 65535.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`

	// protocol is TCP, UDP or SCTP. ANY is an error. Omitted: TCP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// hostPort is the port of the node that forwards to this port. It is an error with
	// hostNetwork. Omitted: none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	HostPort int32 `json:"hostPort,omitempty"`

	// sidecar declares that the container is a native sidecar, an init container that keeps
	// running. Services resolve the names of its ports, and policies do not. Omitted: false.
	// +optional
	Sidecar bool `json:"sidecar,omitempty"`
}

// ExternalPodDNS declares how pods resolve names, as in the spec of a pod. It is not empty.
type ExternalPodDNS struct {
	// policy is the dnsPolicy of the pods. Omitted: ClusterFirst.
	// +optional
	Policy DNSPolicy `json:"policy,omitempty"`

	// nameservers are the addresses in their dnsConfig.nameservers. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Nameservers []string `json:"nameservers,omitempty"`

	// searches are the domains in their dnsConfig.searches. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Searches []string `json:"searches,omitempty"`

	// hostAliases are names that they resolve without DNS. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	HostAliases []ExternalHostAlias `json:"hostAliases,omitempty"`
}

// DNSPolicy is the dnsPolicy of pods.
// +kubebuilder:validation:Enum=ClusterFirst;ClusterFirstWithHostNet;Default;None
type DNSPolicy string

// The policies.
const (
	DNSClusterFirst            DNSPolicy = "ClusterFirst"
	DNSClusterFirstWithHostNet DNSPolicy = "ClusterFirstWithHostNet"
	DNSDefault                 DNSPolicy = "Default"
	DNSNone                    DNSPolicy = "None"
)

// ExternalHostAlias has the names of an address.
type ExternalHostAlias struct {
	// ip is the address.
	IP string `json:"ip"`

	// hostnames are the names that resolve to it.
	// +kubebuilder:validation:MinItems=1
	Hostnames []string `json:"hostnames"`
}

// ExternalService is a Service, reduced to what determines its pods, ports and addresses. Exactly
// one of selector, externalName and endpoints is set.
type ExternalService struct {
	// name is the name of the Service, unique in the namespace.
	Name string `json:"name"`

	// selector are the labels of the Service's pods, in the same namespace. Omitted: it has no
	// selector.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Selector map[string]string `json:"selector,omitempty"`

	// externalName is the DNS name of a Service of type ExternalName. It is an error with any
	// field but name and ports. Omitted: the Service has another type.
	// +optional
	ExternalName string `json:"externalName,omitempty"`

	// endpoints are the addresses of a Service without selector, from its EndpointSlices.
	// Omitted: it has none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Endpoints []ExternalEndpoints `json:"endpoints,omitempty"`

	// ports are the ports of the Service. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []ExternalServicePort `json:"ports,omitempty"`

	// type is ClusterIP, NodePort or LoadBalancer. Omitted: ClusterIP. With externalName it is
	// an error.
	// +optional
	Type ServiceType `json:"type,omitempty"`

	// headless declares that clients connect to the pods directly (clusterIP: None). It is an
	// error with clusterIPs, and with another type than ClusterIP. Omitted: false.
	// +optional
	Headless bool `json:"headless,omitempty"`

	// clusterIPs are the addresses of the Service inside the cluster. Omitted: unknown.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ClusterIPs []string `json:"clusterIPs,omitempty"`

	// externalIPs are the addresses in spec.externalIPs of the Service. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ExternalIPs []string `json:"externalIPs,omitempty"`

	// loadBalancerIPs are the addresses that a load balancer has for the Service. They need
	// type: LoadBalancer. Omitted: unknown.
	// +optional
	// +kubebuilder:validation:MinItems=1
	LoadBalancerIPs []string `json:"loadBalancerIPs,omitempty"`

	// loadBalancerSourceRanges are the networks that the load balancer admits. They need type:
	// LoadBalancer. Omitted: all.
	// +optional
	// +kubebuilder:validation:MinItems=1
	LoadBalancerSourceRanges []string `json:"loadBalancerSourceRanges,omitempty"`

	// externalTrafficPolicy is Local if nodes keep the addresses of clients outside the cluster,
	// and Cluster if they may replace them with their own. It needs type: NodePort or
	// LoadBalancer. Omitted: Cluster.
	// +optional
	ExternalTrafficPolicy TrafficPolicy `json:"externalTrafficPolicy,omitempty"`
}

// ServiceType is how clients reach a Service.
// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
type ServiceType string

// The types of Services.
const (
	ServiceClusterIP    ServiceType = "ClusterIP"
	ServiceNodePort     ServiceType = "NodePort"
	ServiceLoadBalancer ServiceType = "LoadBalancer"
)

// TrafficPolicy is the externalTrafficPolicy of a Service.
// +kubebuilder:validation:Enum=Cluster;Local
type TrafficPolicy string

// The traffic policies.
const (
	TrafficCluster TrafficPolicy = "Cluster"
	TrafficLocal   TrafficPolicy = "Local"
)

// ExternalServicePort is a port of a Service.
type ExternalServicePort struct {
	// name is the name of the port, unique in the Service. It is required if the Service has
	// several ports. Omitted: the only port has no name.
	// +optional
	Name string `json:"name,omitempty"`

	// port is the number of the port, from 1 to 65535.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`

	// targetPort is the number or the name of the port at the pods. Omitted: port.
	// +optional
	TargetPort *intstr.IntOrString `json:"targetPort,omitempty"`

	// protocol is TCP, UDP or SCTP. ANY is an error. Omitted: TCP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// nodePort is the port of the nodes that forwards to the Service. It needs type: NodePort or
	// LoadBalancer. Omitted: unknown or none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	NodePort int32 `json:"nodePort,omitempty"`
}

// ExternalEndpoints are addresses behind a Service without selector, and their ports.
type ExternalEndpoints struct {
	// addresses are IP addresses.
	// +kubebuilder:validation:MinItems=1
	Addresses []string `json:"addresses"`

	// ports are the ports at the addresses. The name of each is that of the Service's port.
	// Omitted: the ports of the Service, whose targetPorts must be numbers.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []ExternalEndpointPort `json:"ports,omitempty"`
}

// ExternalEndpointPort is a port at addresses behind a Service.
type ExternalEndpointPort struct {
	// name is the name of the Service's port. Omitted: the Service's only port has no name.
	// +optional
	Name string `json:"name,omitempty"`

	// port is the number of the port, from 1 to 65535.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`

	// protocol is TCP, UDP or SCTP. ANY is an error. Omitted: TCP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`
}

// ExternalNode is a node of the cluster.
type ExternalNode struct {
	// name is the name of the Node, unique among nodes.
	Name string `json:"name"`

	// labels are the labels of the Node. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	Labels map[string]string `json:"labels,omitempty"`

	// addresses are its IP addresses. Omitted: unknown.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Addresses []string `json:"addresses,omitempty"`
}
