package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FlowTest declares which flows must be allowed and which must be denied. The engine decides
// them with the policies of the build.
//
// +kubebuilder:object:root=true
type FlowTest struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the name of the FlowTest in reports.
	metav1.ObjectMeta `json:"metadata"`

	Spec FlowTestSpec `json:"spec"`
}

// FlowTestSpec is the body of a FlowTest.
type FlowTestSpec struct {
	// cases are the flows, each with the expected result.
	// +kubebuilder:validation:MinItems=1
	Cases []FlowCase `json:"cases"`
}

// FlowCase declares the expected result of one flow or many: one flow for each source (from),
// destination (to) and port. All of them must have this result.
type FlowCase struct {
	// name states the purpose of the flow. It is unique in the FlowTest.
	Name string `json:"name"`

	// from is the source: one endpoint, or many.
	//
	// A workload: "tenant-acme/Deployment/adapter", or "tenant-acme/adapter" if the name exists for
	// one kind only. The first part is a namespace, or the name of a tenant, which means all of its
	// namespaces. Of a CloudNativePG cluster, "databases/Cluster/pg" is the primary and
	// "databases/Replica/pg" the replicas.
	//
	// All pods: "tenant/acme/*" or "namespace/x/*", and in addition a representative pod
	// without labels. hostNetwork pods are excluded, because they have their node's identity.
	//
	// Pods by their labels: "tenant/acme/app=web,tier=api" or "namespace/x/app=web". If no pod of
	// the build has these labels, a representative pod with exactly these labels is used.
	//
	// A Service: "service/x/web", for its pods.
	//
	// A node: "node/role=worker,tier=edge" with exactly these labels, or "node/NAME" for a Node of
	// the build or its external resources. Host policies decide at the node. Policies at the pod
	// see the node as host or remote-node. Cilium always allows a pod's own node, so the case is
	// decided for the other nodes.
	//
	// A pod of another cluster of the mesh: "cluster/west/x/app=web" with exactly these
	// labels, in the namespace x of the cluster west. The policies of that cluster are not
	// evaluated.
	//
	// An entity ("world"), an IP address, or "external". As a source, external means the entity
	// world. With expect: Deny, it also means each network that a policy at the destination allows.
	//
	// With cni: Kubernetes, a node is an address in nodeCIDRs, and pods of other clusters are not
	// supported.
	From string `json:"from"`

	// to is the destination: one endpoint or many, as in from, or a public name
	// ("api.openai.com").
	//
	// A name in the profile's clusterHostnames represents the Service that it resolves to.
	//
	// A Service represents its pods and their target ports. Without a selector it represents
	// the addresses of its EndpointSlices, and with type ExternalName its own DNS name, which
	// pods query.
	// "service/default/kubernetes" is the apiserver.
	//
	// As a destination, "external" is everything outside the cluster except its apiserver: the
	// entity world, and each network and name to which a policy allows egress from the source.
	// It needs expect: Deny.
	//
	// The entity world means the addresses that no policy lists by network or name. With expect:
	// Allow, the flow must also be allowed for each listed network.
	To string `json:"to"`

	// port is the port at the destination: the container port of a pod, or the Service's port if to
	// is a Service or a name that resolves to one. Omitted: 53 with dns; all ports of the Service
	// if to is a Service; otherwise every port. With expect: Deny, "every port" includes every type
	// of ICMP message that a policy can name.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// protocol is TCP, UDP, SCTP or ANY, which is each of them. Cilium's agents drop SCTP
	// unless the profile's ciliumConfig has enable-sctp: "true", so without it ANY with expect:
	// Allow fails. Omitted: TCP with port, http or serverName; UDP and TCP with dns; else every
	// protocol that agents forward.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// http is one request on the connection, over TCP. It needs port, or a Service in to. At
	// most one of http, dns and icmp is set. Omitted: the flow is allowed if any request may
	// be allowed.
	// +optional
	HTTP *HTTPRequest `json:"http,omitempty"`

	// serverName is the server name (SNI) of a TLS connection, over TCP. It needs port, or a
	// Service in to, and is an error with dns or icmp. Omitted: with http on a TLS connection, the
	// host of the request. Without http, any name: the flow is allowed if some server name may be.
	// +optional
	// +kubebuilder:validation:MinLength=1
	ServerName string `json:"serverName,omitempty"`

	// dns is one name to query, if to is a DNS server. At most one of http, dns and icmp is
	// set. Omitted: the flow is allowed if any query may be allowed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	DNS string `json:"dns,omitempty"`

	// icmp is the type of ICMP message, over IPv4 and IPv6. It replaces port and protocol, and
	// is an error with a Service in to. Omitted: none.
	// +optional
	ICMP ICMPType `json:"icmp,omitempty"`

	// expect is Allow (both sides allow the flow; a side without policies allows everything) or
	// Deny (at least one side denies it).
	Expect Expectation `json:"expect"`
}

// HTTPRequest is one HTTP request. Its fields are values, not patterns.
type HTTPRequest struct {
	// method is one HTTP method in capitals: POST. Omitted: GET.
	// +optional
	Method string `json:"method,omitempty"`

	// path is the path of the request, with its query. It starts with "/". Omitted: "/".
	// +optional
	Path string `json:"path,omitempty"`

	// host is the Host of the request, with the port if clients send it:
	// "api.example.com:8080". Omitted: the name in to, with the port unless it is 80 or 443.
	// If to is no name, or a name in clusterHostnames, the host is unknown, and the case is
	// undecided where a rule depends on it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	Host string `json:"host,omitempty"`

	// headers are the headers of the request by name, except Host. Omitted: none.
	// +optional
	Headers map[string]string `json:"headers,omitempty"`
}

// Expectation is the expected result of a flow.
// +kubebuilder:validation:Enum=Allow;Deny
type Expectation string

// The expectations.
const (
	ExpectAllow Expectation = "Allow"
	ExpectDeny  Expectation = "Deny"
)
