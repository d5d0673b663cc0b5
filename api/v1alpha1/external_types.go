package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ExternalResources declares what runs in the cluster and is not in the build: namespaces with
// their workloads and Services, and nodes. The proof and the flows of Tenants use them like those
// of the build. They are never emitted. "tenantfence import" writes one from a running cluster.
//
// A workload, Service, Namespace or node that is also in the build, or in other
// ExternalResources, is an error unless both declare the same. An equal one has no effect. Addresses
// and node ports that a Service of the build leaves to the cluster are no difference.
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

	// labels are the labels of the Namespace. The label kubernetes.io/metadata.name is added, and
	// is an error with another value than name. Omitted: the labels of the Namespace in the build
	// or in other ExternalResources; without one, the namespace has none.
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
