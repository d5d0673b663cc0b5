package endpoints

import (
	"cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Environment is the input, other than policies, for which an engine adds representative endpoints.
type Environment struct {
	// Namespaces and their labels.
	Namespaces map[string]map[string]string
	// CIDRs that something other than the policies distinguishes.
	CIDRs []string
	// Known are endpoints of other engines, which this engine adds to its own.
	Known []Endpoint
	// Selectors are selectors outside of policies, such as those of Tenants. The engine
	// distinguishes pods and nodes by them, too.
	Selectors []Selection
	// SharedSelections are the selectors of all engines that are compared. Nil: the engine is the
	// only one.
	SharedSelections *SharedSelections
	// Budget is the largest number of representative pods, and of nodes, that an engine may add.
	// Omitted: DefaultBudget.
	Budget int
}

// DefaultBudget is the budget if none is set.
const DefaultBudget = v1alpha1.DefaultRepresentatives

func (s Environment) budget() int { return cmp.Or(s.Budget, DefaultBudget) }
