package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FlowTest says which flows must work and which must not.
//
// +kubebuilder:object:root=true
type FlowTest struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name names the FlowTest in what is reported.
	metav1.ObjectMeta `json:"metadata"`

	Spec FlowTestSpec `json:"spec"`
}

// FlowTestSpec is the body of a FlowTest.
type FlowTestSpec struct {
	// cases are decided one by one.
	// +kubebuilder:validation:MinItems=1
	Cases []FlowCase `json:"cases"`
}

// FlowCase says what must become of a flow, or of many: from each endpoint that from
// stands for to each that to stands for, on each of the ports. All of them must be as
// expected.
type FlowCase struct {
	// name says what the flow is for, unique in the FlowTest.
	Name string `json:"name"`

	// from is the endpoint that connects, or many:
	// a workload, "tenant-acme/Deployment/adapter", or "tenant-acme/adapter" where one
	// kind bears the name (a tenant's name stands for its namespaces), of a CloudNativePG
	// cluster "databases/Cluster/pg" for the primary and "databases/Replica/pg" for the
	// others;
	// "tenant/acme/*" or "namespace/x/*", every pod there, and one without labels that
	// nobody has deployed yet (hostNetwork pods are left out: they have their node's
	// identity);
	// "tenant/acme/app=web,tier=api" or "namespace/x/app=web", the pods there with these
	// labels or, where the build has none, one that is imagined with exactly these;
	// "service/x/web", the Service's pods;
	// "node/role=worker,tier=edge", a node with just these labels, or "node/NAME", a Node of
	// the build or its inventory: its host policies decide, and at the other end it is host
	// or remote-node, so that a pod always lets its own node in, and other nodes tell;
	// "cluster/west/x/app=web", a pod with just these labels in the namespace x of another
	// cluster of the mesh, whose own policies are not looked into;
	// an entity ("world"); an address; or "external", which is world here and, with expect:
	// Deny, each network that a policy opens to to. With cni: Kubernetes a node is one of the addresses
	// in nodeCIDRs, and pods of another cluster are an error.
	From string `json:"from"`

	// to is the endpoint that is reached, or many: as from, or a public name
	// ("api.openai.com"), which stands for the Service at which it ends where the
	// profile's clusterHostnames say so. A Service stands for its pods and their target ports,
	// without a selector for its EndpointSlices' addresses, as ExternalName for its
	// name; service/default/kubernetes for the apiserver. "external" is everything outside
	// the cluster but its apiserver: the entity world, each network and each name that a
	// policy opens to from. Only with expect: Deny. The entity world includes neither names
	// nor networks that a policy opens by themselves; with expect: Allow, it includes each
	// network that policies distinguish.
	To string `json:"to"`

	// port at the endpoint that is reached: a pod's own port, but where to is a Service,
	// or a name that ends at one, the Service's. Omitted: every port and, with expect: Deny,
	// every type of ICMP message that a policy can name; of a Service every port that it
	// has; beside dns: 53.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// protocol is TCP, UDP, SCTP or, for each of them, ANY. Omitted beside port, http or
	// serverName: TCP; beside dns: UDP and TCP, both; else: every protocol.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// http is one request that is made on the connection, over TCP. Only with port, or a
	// Service in to. At most one of http, dns and icmp. Omitted: it is enough that
	// something may be asked for.
	// +optional
	HTTP *HTTPRequest `json:"http,omitempty"`

	// serverName is the name of the server that a TLS connection is for, over TCP. Only with
	// port, or a Service in to; not with dns or icmp. Omitted: with http the name in its
	// host, where TLS is spoken; else it is enough that a connection may be for some name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	ServerName string `json:"serverName,omitempty"`

	// dns is the one name that is asked for, where to is a DNS server. Omitted: as
	// http.
	// +optional
	// +kubebuilder:validation:MinLength=1
	DNS string `json:"dns,omitempty"`

	// icmp is the type of message that is sent, instead of port and protocol, over IPv4
	// and IPv6. Not to a Service. Omitted: none.
	// +optional
	ICMP ICMPType `json:"icmp,omitempty"`

	// expect is Allow (every end that policies judge allows it) or Deny (an end
	// does not).
	Expect Expectation `json:"expect"`
}

// HTTPRequest is a request as it is made: no pattern.
type HTTPRequest struct {
	// method is in capitals: POST. Omitted: GET.
	// +optional
	Method string `json:"method,omitempty"`

	// path starts with "/", and holds the query if there is one. Omitted: "/".
	// +optional
	Path string `json:"path,omitempty"`

	// host is what the request calls the server, with the port where clients write it:
	// "api.example.com:8080". Omitted: the name in to or, where to is none, not known: a
	// rule that looks at it is an error then.
	// +optional
	// +kubebuilder:validation:MinLength=1
	Host string `json:"host,omitempty"`

	// headers are the request's, by name, besides Host. Omitted: none.
	// +optional
	Headers map[string]string `json:"headers,omitempty"`
}

// Expectation is what must become of a flow.
// +kubebuilder:validation:Enum=Allow;Deny
type Expectation string

// The expectations.
const (
	ExpectAllow Expectation = "Allow"
	ExpectDeny  Expectation = "Deny"
)
