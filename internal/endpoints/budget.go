package endpoints

import (
	"cmp"
	"fmt"
)

// BudgetError reports that a proof needs more representative endpoints than its budget.
type BudgetError struct {
	// Policy is the policy that needs the most of them, named as in Side. Empty: the namespaces
	// alone need them.
	Policy string
	// Needed is the number for that policy, Limit the budget for all.
	Needed, Limit int
}

func (e BudgetError) Error() string {
	return fmt.Sprintf("the selectors of %s need %d representative pods or nodes, but the budget of the proof is %d: narrow the selectors, or raise spec.proofBudget.representatives in the FenceProfile",
		cmp.Or(e.Policy, "all policies"), e.Needed, e.Limit)
}

// checkBudget compares what each selection needs with the budget, before it adds any endpoint.
func (i *representativeBuilder) checkBudget(selections []Selection) error {
	for _, s := range selections {
		if n := i.needed(s); n > i.budget {
			return i.budgetError(selections)
		}
	}
	return nil
}

// needed is the largest number of pods that a selection adds: one for each case and namespace.
func (i *representativeBuilder) needed(s Selection) int {
	ofNamespace, ofPod := s.split()
	chosen, ok := i.of.choices(ofPod, i.fresh)
	if !ok {
		return 0
	}
	names, labels, ok := i.missingNamespaces(ofNamespace)
	if ok && len(names)*labels.count() > i.budget {
		return chosen.count() * len(names) * labels.count()
	}
	return chosen.count() * len(i.candidateNamespaces(ofNamespace))
}

// budgetError names the policy that needs the most representatives.
func (i *representativeBuilder) budgetError(selections []Selection) error {
	needed := map[string]int{}
	out := BudgetError{Limit: i.budget}
	for _, s := range selections {
		needed[s.Policy] += i.needed(s)
		if needed[s.Policy] > out.Needed {
			out.Policy, out.Needed = s.Policy, needed[s.Policy]
		}
	}
	out.Needed = max(out.Needed, len(i.out))
	return out
}
