package report

// Checks on traffic that a run changes, and on policies of other owners in AllowOnly.
var (
	AdoptedFlowLost = define(Check{
		Name:       "adopted-flow-lost",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "Enforce denies traffic that was allowed before adoption",
		Meaning:    "The fence adopts a policy while its tenants or nodes are in AllowOnly. The policies before this run allow these connections; after the run, Enforce denies them. The finding is an info if no hand-written policy is the cause, or if the other side denies the connections anyway.",
		Fix:        "Declare the flow in the Tenant or the FenceProfile before you set enforcement: Enforce, if the connections are necessary.",
		Example:    "generated/adopt-opens-in-allow-only",
	})
	AlreadyIsolated = define(Check{
		Name:       "already-isolated",
		Severities: []Severity{Info},
		Title:      "Another policy isolates pods of a tenant in AllowOnly",
		Meaning:    "The fence denies nothing in AllowOnly, but a policy that it does not generate isolates these pods. The cluster already denies the traffic there that no policy allows.",
		Fix:        "Keep the policy if the isolation is intended. Otherwise remove it, or disable the direction in enableDefaultDeny of the Cilium policy.",
		Example:    "generated/allow-only-with-isolating-policy",
	})
	PolicyAdopted = define(Check{
		Name:       "policy-adopted",
		Severities: []Severity{Info},
		Title:      "The fence adopts a hand-written policy",
		Meaning:    "The policy has the annotation tenantfence.dev/adopt: \"true\" and the name of a policy that the fence generates. The fence generates its spec from now on.",
		Fix:        "No change is necessary; traffic-opened and traffic-closed show the effect. To keep the hand-written spec, remove the annotation and rename the policy.",
		Example:    "generated/adopt",
	})
	TrafficClosed = define(Check{
		Name:       "traffic-closed",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "This run denies traffic that was allowed before",
		Meaning:    "The policies before this run allow these connections, and the policies after it deny them. The finding is a warning if a hand-written policy that the fence adopts or patches is a cause, otherwise an info.",
		Fix:        "Declare the flow in the Tenant or the FenceProfile if the connections are necessary.",
		Example:    "generated/adopt",
	})
	TrafficOneSided = define(Check{
		Name:       "traffic-one-sided",
		group:      oneSided,
		Severities: []Severity{Info},
		Title:      "This run changes only one side of a connection",
		Meaning:    "The egress side or the ingress side of these connections changes, and the other side denies them. The change alone therefore has no effect on traffic.",
		Fix:        "No change is necessary. If the connections must work, allow them at the other side too.",
		Example:    "generated/patch-enforcement-one-sided",
	})
	TrafficOpened = define(Check{
		Name:       "traffic-opened",
		group:      consequence,
		Severities: []Severity{Warning, Info},
		Title:      "This run allows traffic that was denied before",
		Meaning:    "The policies before this run deny these connections, and the policies after it allow them. The finding is a warning if a hand-written policy that the fence adopts or patches is a cause, otherwise an info.",
		Fix:        "Check that the connections are intended. Otherwise remove the flow, the annotation for adoption or patching, or the change to AllowOnly.",
		Example:    "generated/patch-enforcement-opens",
	})
	TrafficUndecided = define(Check{
		Name:       "traffic-undecided",
		group:      consequence,
		Severities: []Severity{Warning},
		Title:      "The effect of a change on traffic is unknown",
		Meaning:    "A policy changes, but the engine rejects a policy, cannot decide it, or exceeds the proof budget. Which traffic this run allows or denies in addition is therefore unknown.",
		Fix:        "Correct the reason in the message, and build again.",
		Example:    "refused/patched-policies-conflict",
	})
)
