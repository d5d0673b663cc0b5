package report

import "slices"

// The groups of checks, in the order in which a report lists them within a severity. Checks that
// are in no group are causes: they come after unreadable inputs and before consequences.
var (
	// unreadableInputs are mistakes after which a part of the input is unknown.
	unreadableInputs = []*Check{
		ResourceMalformed, ResourceUnreadable, ResourceDuplicate, ExternalResourceDiffers, VariableUnsubstituted, FunctionConfigInvalid,
		InvalidTenantFence, InvalidFenceProfile, InvalidTenant, InvalidFlowTest, InvalidExternalResources, InvalidCiliumConfig,
		UnknownAPIGroup, UnknownKind, ReferenceRenamed, ProfileMissing, ProfileAmbiguous,
	}
	// exposures are results of the proof: what is allowed and must not be, and the reverse.
	exposures = []*Check{NotIsolated, UndeclaredOpen, DeclaredFlowDenied}
	// consequences follow from causes or exposures.
	consequences = []*Check{
		DeclaredFlowUndecided, FlowTestFailed, FlowTestUndecided, AgentSettingUnspecified, AgentSettingsDiffer, KeptPoliciesUnproved,
		TrafficOpened, TrafficClosed, TrafficUndecided, AdoptedFlowLost,
	}
	// oneSided are flows that the other side denies.
	oneSided = []*Check{UndeclaredOneSided, TrafficOneSided}
	// assumptions are the conditions under which the outcome is true.
	assumptions = []*Check{
		AgentSettingsAssumed, ReservedLabelsAssumed, KindsAssumedWithoutEffect, EmitPoliciesAssumed, ClusterAssumed, PodsMayChange,
	}
	// outcomes are the last line of a build.
	outcomes = []*Check{Proved, NotProved}
)

// order is the position of a check's group.
func (c *Check) order() int {
	groups := [][]*Check{unreadableInputs, nil, exposures, consequences, oneSided, assumptions, outcomes}
	const cause = 1
	for i, g := range groups {
		if slices.Contains(g, c) {
			return i
		}
	}
	return cause
}
