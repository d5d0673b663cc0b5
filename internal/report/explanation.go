package report

import "github.com/tenantfence/tenantfence/internal/flow"

// Explanation is why the policies decide some flows as they do.
type Explanation struct {
	// From and To are the texts that name the endpoints.
	From, To string
	Flows    []ExplainedFlow
	// Proposals are what to add, so that denied flows are allowed.
	Proposals []Proposal
	// AsEnforced reports that every tenant counts as one in Enforce.
	AsEnforced bool
	Findings   Findings
}

// Decision is the one decision of all flows, and Depends if they differ.
func (e Explanation) Decision() flow.Decision {
	out := flow.Decision("")
	for _, f := range e.Flows {
		if d := f.Verdict.Decision(); out == "" || out == d {
			out = d
			continue
		}
		return flow.Depends
	}
	return out
}

// ExplainedFlow is a decided flow, and why each side decides as it does.
type ExplainedFlow struct {
	Flow            flow.Flow
	Verdict         flow.Verdict
	Egress, Ingress ExplainedSide
}

// Side returns the side of a direction.
func (f *ExplainedFlow) Side(d flow.Direction) *ExplainedSide {
	if d == flow.Ingress {
		return &f.Ingress
	}
	return &f.Egress
}

// ExplainedSide is what one side of a flow decides.
type ExplainedSide struct {
	flow.Side
	// Subject is the pod or node at this side, with the policies that select it.
	Subject ReachSubject
	// DeclaredBy are the fields behind the policies that decide.
	DeclaredBy []string
	// DenyRule reports that a deny rule of the policies denies the flow.
	DenyRule bool
	// Nearest is the rule that differs least from one that allows the flow. Nil: the side allows the flow,
	// or its policies allow nothing in this direction.
	Nearest *NearMiss
}

// MissPart is what a near miss and a flow differ in.
type MissPart string

// The parts, from the least difference to the largest.
const (
	// MissRequest: the rule is for other requests, DNS queries or server names on the same port.
	MissRequest MissPart = "request"
	// MissDNS: the rule is for this DNS name, and the pod may not query the name.
	MissDNS MissPart = "dns"
	// MissPort: the rule is for another port of the same protocol.
	MissPort MissPart = "port"
	// MissProtocol: the rule is for another protocol.
	MissProtocol MissPart = "protocol"
	// MissLabels: the rule is for pods with other labels in the same namespace.
	MissLabels MissPart = "labels"
	// MissNamespace: the rule is for pods of another namespace.
	MissNamespace MissPart = "namespace"
	// MissPeer: the rule is for another entity, network or DNS name, or for another kind of peer.
	MissPeer MissPart = "peer"
)

// NearMiss is a rule that allows another flow, and differs from a denied one in one part.
type NearMiss struct {
	Differs MissPart
	// Policies have the rule, and DeclaredBy are the fields behind them.
	Policies   flow.Policies
	DeclaredBy []string
	// Text states what the rule allows, and what differs.
	Text string
}

// Proposal is what to add, so that the flows between two endpoints are allowed and no other connection is.
type Proposal struct {
	From, To string
	// Ports are those of the flows: "443/TCP".
	Ports []string
	// Entries are added to Tenants, and Limits to the profile, by the platform team.
	Entries, Limits []ProposedEntry
	// Contradicts are the FlowTest cases that expect the flows to be denied, and the forbiddenPaths of the
	// profile: the build is refused until they change, too.
	Contradicts []string
	// Problem is why nothing is proposed.
	Problem string
}

// ProposedEntry is a list of elements to append to a field, in YAML, or the value of the field.
type ProposedEntry struct {
	Resource Ref
	// Field is the path of the field. An element of a list of flows has its name as index:
	// "spec.egress[db].ports".
	Field, YAML string
}
