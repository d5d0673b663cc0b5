package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Diff compares the connections that two builds allow.
func Diff(before, after Subject) ([]report.Difference, error) {
	one, other := before.Desired.Fence.Cluster.CNI, after.Desired.Fence.Cluster.CNI
	if (one == v1alpha1.CNIKubernetes) != (other == v1alpha1.CNIKubernetes) {
		return nil, errors.New("OLD and NEW are for different enforcers (spec.cluster.cni), which distinguish other endpoints: compare builds for the same enforcer, or convert OLD with tenantfence convert")
	}
	both, err := reach.CompileAlike(before.build(), after.build())
	if err != nil {
		return nil, fmt.Errorf("compile the policies: %w", err)
	}
	out, err := reach.Differences(both[0], both[1], after.progress)
	if err != nil {
		return nil, fmt.Errorf("compare the builds: %w", err)
	}
	return out, nil
}

// HasFence reports whether a fence is known, whose profile describes the cluster.
func (v Verification) HasFence() bool { return len(v.Runs) > 0 || len(Runs(v.Items)) > 0 }

// AssumedForBoth is assumed for two builds without a profile: Cilium enforces NetworkPolicies, too.
func AssumedForBoth(one, other Verification) *policy.Fence {
	return &policy.Fence{Cluster: assumedCluster(slices.Concat(one.Items, other.Items))}
}

func (s Subject) build() reach.Build {
	return reach.Build{Proof: s.proof(), Program: s.policies.Program}
}
