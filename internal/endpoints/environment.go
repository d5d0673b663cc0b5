package endpoints

import (
	"cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Environment is what representative endpoints depend on, other than policies.
type Environment struct {
	// Namespaces and their labels. Elsewhere are further ones, about whose pods nothing is asked.
	Namespaces map[string]map[string]string
	Elsewhere  map[string]bool
	// Pods are those whose ports have the numbers of names. Omitted: the pods of the set.
	Pods []Endpoint
	// CIDRs that something other than the policies distinguishes.
	CIDRs []string
	// Selectors are selectors outside of policies, such as those of Tenants. Representatives
	// distinguish pods and nodes by them, too.
	Selectors []Selection
	// Budget is the largest number of representative pods, and of nodes. Omitted: DefaultBudget.
	Budget int
}

// DefaultBudget is the budget if none is set.
const DefaultBudget = v1alpha1.DefaultRepresentatives

func (s Environment) budget() int { return cmp.Or(s.Budget, DefaultBudget) }

// NamespaceSet is a set of namespaces. Nil: all.
type NamespaceSet map[string]bool

// Has reports whether the set has a namespace.
func (s NamespaceSet) Has(namespace string) bool { return s == nil || s[namespace] }
