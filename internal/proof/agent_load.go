package proof

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// agentLoad is what each agent must hold. Nil: another enforcer decides.
func (p proof) agentLoad(largest flow.Largest, identities, names int) (*report.AgentLoad, error) {
	if p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil, nil
	}
	out := &report.AgentLoad{Identities: identities, Largest: largest, Limit: p.Fence.Agent.PolicyMapSize(), DNSNames: names}
	for _, n := range p.items {
		if !resource.IsPolicy(n) {
			continue
		}
		data, err := block.JSON(n)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		}
		of := &out.Namespaced
		if resource.NamespaceOf(n) == "" {
			of = &out.Clusterwide
		}
		of.Objects++
		of.Bytes += len(data)
	}
	return out, nil
}

// policyMapWarning is the part of a policy map in percent from which its size is a warning.
const policyMapWarning = 80

// policyMapFindings reports a policy map that needs more entries than agents allocate, or nearly as many:
// agents enforce a part of the policies if a map is full.
func (p proof) policyMapFindings(largest flow.Largest) report.Findings {
	load := report.AgentLoad{Largest: largest, Limit: p.Fence.Agent.PolicyMapSize()}
	origin, at := p.Fence.Agent.Origin(cilium.PolicyMapMax), p.ciliumConfig()+"["+cilium.PolicyMapMax+"]"
	switch {
	case load.Largest.Entries > load.Limit:
		return report.Findings{report.New(report.PolicyMapFull, report.Error, p.in.Profile.Ref, at, "the policies at %s need %d entries in its policy map, and agents allocate %d (%s): agents enforce a part of the policies: raise %s in the agents and here, or narrow the peers",
			load.Largest.Name, load.Largest.Entries, load.Limit, origin, cilium.PolicyMapMax)}
	case load.Percent() >= policyMapWarning && !p.alternativeAgent:
		return report.Findings{report.New(report.PolicyMapNearlyFull, report.Warning, p.in.Profile.Ref, at, "the policies at %s need %d entries in its policy map, %d %% of the %d that agents allocate (%s), with one address for each DNS name: raise %s in the agents and here, or narrow the peers",
			load.Largest.Name, load.Largest.Entries, load.Percent(), load.Limit, origin, cilium.PolicyMapMax)}
	}
	return nil
}
