package document

// Verify is the output of tenantfence verify -o json. Empty lists are written. Parts that were not
// inspected are omitted.
type Verify struct {
	// Outcome is the outcome. The exit status is 0 for "verified" and "verified in part", 1 for "not
	// verified", and 2 for "nothing to verify against". Only the slice is verified if it is "verified in part".
	// +enum=verified;verified in part;not verified;nothing to verify against
	Outcome string `json:"outcome"`
	// Passed reports whether the outcome is "verified" or, for a slice, "verified in part".
	Passed bool `json:"passed"`
	// Slice is the part of the fence that is verified. Omitted: the whole fence.
	Slice *Slice `json:"slice,omitempty"`
	// Reasons state why it is not, in addition to findings and FlowTests.
	Reasons   []string   `json:"reasons"`
	FlowTests []FlowTest `json:"flowTests"`
	// Isolation is omitted if it was not inspected.
	Isolation *Isolation `json:"isolation,omitempty"`
	// Openings are what policies allow at the pods of each tenant and at nodes. Omitted: isolation was
	// not inspected.
	Openings []Opening `json:"openings,omitzero"`
	// Policies is omitted if the generated policies are unknown.
	Policies *Policies `json:"policies,omitempty"`
	// Assumptions are the settings of Cilium's agents. With another enforcer the list is empty.
	Assumptions []Assumption `json:"assumptions"`
	Findings    []Finding    `json:"findings"`
}

// Assumption is a setting of Cilium's agents that the proof depends on.
type Assumption struct {
	// Key is the key in the ConfigMap cilium-config.
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is the source of the value. Omitted: the default of the Helm chart.
	From string `json:"from,omitempty"`
}

// FlowTest is a decided FlowTest.
type FlowTest struct {
	Name   string `json:"name"`
	File   string `json:"file,omitempty"`
	Passed bool   `json:"passed"`
	// Omitted counts the cases outside of the slice, which are not decided.
	Omitted int    `json:"omitted,omitempty"`
	Cases   []Case `json:"cases"`
}

// Case is a decided case of a FlowTest.
type Case struct {
	Name string `json:"name"`
	// Expect is the expected decision.
	// +enum=Allow;Deny
	Expect string `json:"expect"`
	Passed bool   `json:"passed"`
	// Problem states why the case could not be decided.
	Problem string `json:"problem,omitempty"`
	Flows   []Flow `json:"flows"`
}

// Flow is a decided flow.
type Flow struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Port is the destination port. Omitted: every port.
	Port uint16 `json:"port,omitempty"`
	// Protocol is the protocol. Omitted: TCP or, without a port, every protocol with ports.
	Protocol string `json:"protocol,omitempty"`
	ICMP     string `json:"icmp,omitempty"`
	HTTP     *HTTP  `json:"http,omitempty"`
	DNS      string `json:"dns,omitempty"`
	// ServerName is the server name (SNI) of a TLS connection.
	ServerName string `json:"serverName,omitempty"`
	Passed     bool   `json:"passed"`
	// Decision is the decision of both sides together.
	// +enum=allowed;denied;depends
	Decision string `json:"decision"`
	Egress   Side   `json:"egress"`
	Ingress  Side   `json:"ingress"`
	Note     string `json:"note,omitempty"`
	// DeclaredBy are the fields that declare the deciding policies.
	DeclaredBy []string `json:"declaredBy"`
}

// HTTP is a request on a flow.
type HTTP struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Host is omitted if the case does not set it.
	Host string `json:"host,omitempty"`
	// Headers are omitted if the case does not set them.
	Headers map[string]string `json:"headers,omitempty"`
}

// Side is the decision of one side of a flow.
type Side struct {
	// Decision is "not enforced" if no policy selects this side.
	// +enum=allowed;denied;depends;not enforced
	Decision string `json:"decision"`
	// Policies are the deciding policies, as "namespace/name".
	Policies []string `json:"policies"`
	// L7 are the L7 rules that narrow the allowed traffic. Omitted: none.
	L7 string `json:"l7,omitempty"`
}

// Opening is what the same policies allow at some pods or nodes, in one direction.
type Opening struct {
	// Owner has the pods or nodes: "Tenant/acme", "nodes workers", or "unclaimed".
	Owner string `json:"owner"`
	// Namespace is the namespace of the pods. Omitted for nodes.
	Namespace string `json:"namespace,omitempty"`
	// Direction is seen from the subjects.
	// +enum=egress;ingress
	Direction string `json:"direction"`
	// Subjects are the pods or nodes of the build. Without one, they are representative.
	Subjects []string `json:"subjects"`
	// Peers are the endpoints on the other side, representative ones included. The other side may deny
	// the traffic.
	Peers []string `json:"peers"`
	// Ports are the destination ports.
	Ports []Ports `json:"ports"`
	// L7 are the L7 rules that narrow the allowed traffic. Omitted: none.
	L7 string `json:"l7,omitempty"`
	// Policies are the policies that allow the traffic. An empty list: no policy isolates the subjects.
	Policies []string `json:"policies"`
	// DeclaredBy are the fields that declare the policies. An empty list: the policies are hand-written.
	DeclaredBy []string `json:"declaredBy"`
}

// Ports is a range of ports of a protocol.
type Ports struct {
	// Protocol is omitted for every protocol. ICMP and ICMPv6 have types of message as ports.
	Protocol string `json:"protocol,omitempty"`
	// First is the first port. Omitted: every port.
	First uint16 `json:"first,omitempty"`
	// Last is the last port. Omitted: every port.
	Last uint16 `json:"last,omitempty"`
}

// Isolation counts what the proof of isolation inspected.
type Isolation struct {
	// Namespaces counts the inspected namespaces, and those in AllowOnly without generated policies.
	Namespaces int `json:"namespaces"`
	// ByNamespace counts namespaces by their result.
	ByNamespace Isolated `json:"byNamespace"`
	Pods        int      `json:"pods"`
	// Nodes counts the inspected nodes, as Namespaces.
	Nodes int `json:"nodes"`
	// ByNode counts nodes by their result.
	ByNode   Isolated `json:"byNode"`
	Openings int      `json:"openings"`
	// Declared is the number of declared flows.
	Declared int `json:"declared"`
	// ByDeclared counts declared flows by decision.
	ByDeclared Declared `json:"byDeclared"`
	// AllowOnlyOwners are the tenants and nodes in AllowOnly, decided as if they were in Enforce.
	AllowOnlyOwners []string `json:"allowOnlyOwners"`
}

// Isolated counts namespaces or nodes by their result.
type Isolated struct {
	Isolated    int `json:"isolated"`
	NotIsolated int `json:"notIsolated"`
	// AllowOnly are isolated once they are in Enforce.
	AllowOnly int `json:"allowOnly"`
	// AllowOnlyNotIsolated are not isolated once they are in Enforce.
	AllowOnlyNotIsolated int `json:"allowOnlyNotIsolated"`
	// AllowOnlyNotProved are not decided.
	AllowOnlyNotProved int `json:"allowOnlyNotProved"`
	// IsolatedInPart are namespaces in which only the selected pods are isolated.
	IsolatedInPart int `json:"isolatedInPart"`
	// AllowOnlyInPart are namespaces in which only the selected pods are isolated, once they are in Enforce.
	AllowOnlyInPart int `json:"allowOnlyInPart"`
	// SelectedPods are the selectors of the pods in such namespaces. Omitted: no such namespace exists.
	SelectedPods []string `json:"selectedPods,omitempty"`
}

// Declared counts declared flows. Each flow is in one field. Flows that are not fully allowed are
// listed, as "Tenant/acme spec.egress[llm]".
type Declared struct {
	Allowed       int      `json:"allowed"`
	PartlyAllowed []string `json:"partlyAllowed"`
	Denied        []string `json:"denied"`
	WithoutEffect []string `json:"withoutEffect"`
	Undecided     []string `json:"undecided"`
	// Elsewhere are flows that only another slice decides. Omitted: no such flow exists.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// Policies counts generated policies, compared with those that the inputs generate.
type Policies struct {
	Expected    int `json:"expected"`
	AsGenerated int `json:"asGenerated"`
	Missing     int `json:"missing"`
	Changed     int `json:"changed"`
	Moved       int `json:"moved"`
	Unexpected  int `json:"unexpected"`
}
