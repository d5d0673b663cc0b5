package document

// Diff is the output of tenantfence diff -o json.
type Diff struct {
	Old DiffSide `json:"old"`
	New DiffSide `json:"new"`
	// Counts counts connections by kind.
	Counts DiffCounts `json:"counts"`
	// Differences are what differs, joined where connections differ alike.
	Differences []Difference `json:"differences"`
}

// DiffSide is one of the two builds that are compared.
type DiffSide struct {
	// Name is the argument that names the build, with the revision of --base.
	Name string `json:"name"`
	// AsEnforced reports that every tenant counts as one in Enforce.
	AsEnforced bool `json:"asEnforced"`
	// AllowOnlyOwners are the tenants in AllowOnly, where nothing is denied. As enforced, none is.
	AllowOnlyOwners []string      `json:"allowOnlyOwners"`
	Findings        []Finding     `json:"findings"`
	FindingCounts   FindingCounts `json:"findingCounts"`
}

// DiffCounts counts connections. A connection is one for each range of ports that differs.
type DiffCounts struct {
	Opened   int `json:"opened"`
	Closed   int `json:"closed"`
	Changed  int `json:"changed"`
	OneSided int `json:"oneSided"`
}

// Difference has connections that differ alike: every pair of a source and a destination in pairs.
type Difference struct {
	// Kind is "opened" if both sides allow the connections in the new build alone, "closed" if they do in
	// the old build alone, "changed" if the L7 rules or the cases differ, and "one-sided" if one side newly
	// allows traffic that the other side denies.
	// +enum=opened;closed;changed;one-sided
	Kind string `json:"kind"`
	// Ports are the destination ports.
	Ports []Ports `json:"ports"`
	// Before is what the old build allows on these ports. Omitted: nothing.
	Before *Allowance `json:"before,omitempty"`
	// After is what the new build allows on these ports or, if one-sided, the side that widens. Omitted:
	// nothing.
	After *Allowance `json:"after,omitempty"`
	// Side is the side that widens. Omitted: the kind is another one than "one-sided".
	// +enum=egress;ingress
	Side string `json:"side,omitempty"`
	// Wider reports that a changed connection allows something that it did not, as far as is known.
	Wider bool `json:"wider,omitempty"`
	// SourcePod is set if the sources are not pods of both builds.
	// +enum=new;removed;later
	SourcePod string `json:"sourcePod,omitempty"`
	// DestinationPod is set if the destinations are not pods of both builds.
	// +enum=new;removed;later
	DestinationPod string `json:"destinationPod,omitempty"`
	// Count is the number of pairs.
	Count int         `json:"count"`
	Pairs []DiffPairs `json:"pairs"`
}

// Allowance is what the policies of a build allow.
type Allowance struct {
	// Egress and Ingress are the policies of each side. An empty list: none isolates it, or it is not
	// enforced.
	Egress  []string `json:"egress"`
	Ingress []string `json:"ingress"`
	// L7 are the requests, DNS names or server names to which the sides restrict the traffic. An empty
	// list restricts nothing.
	L7 []string `json:"l7"`
	// Decision is "allowed", or "depends" if a policy allows only some of what an endpoint may be.
	// +enum=allowed;depends
	Decision string `json:"decision"`
	// Note states which. Omitted: the decision is "allowed".
	Note string `json:"note,omitempty"`
	// DeclaredBy are the fields that declare the policies. An empty list: the policies are hand-written, or
	// none isolates the endpoints.
	DeclaredBy []string `json:"declaredBy"`
}

// DiffPairs is every pair of one of the sources and one of the destinations.
type DiffPairs struct {
	// From and To are endpoints as FlowTests write them, or networks.
	From []string `json:"from"`
	To   []string `json:"to"`
}
