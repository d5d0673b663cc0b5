package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

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
