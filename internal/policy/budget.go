package policy

import (
	"cmp"
	"fmt"
)

// BudgetError reports that a proof needs more representative endpoints than its budget.
type BudgetError struct {
	// Policy is the one that needs the most of them, named as in Side. Empty: the namespaces
	// alone do.
	Policy string
	// Needs is the number for that policy, Limit the budget for all.
	Needs, Limit int
}

func (e BudgetError) Error() string {
	return fmt.Sprintf("the selectors of %s need %d representative pods or nodes, and the budget of the whole proof is %d: narrow the selectors, or raise spec.proofBudget.representatives of the profile",
		cmp.Or(e.Policy, "all policies"), e.Needs, e.Limit)
}

// afford compares what each selection needs with the budget, before anything is made.
func (i *imagination) afford(told []Selection) error {
	for _, s := range told {
		if n := i.needs(s); n > i.budget {
			return i.exceeded(told)
		}
	}
	return nil
}

// needs is how many pods a selection adds at most: each case in each namespace.
func (i *imagination) needs(s Selection) int {
	ofNamespace, ofPod := s.split()
	chosen, ok := i.of.choices(ofPod, i.fresh)
	if !ok {
		return 0
	}
	names, labels, ok := i.elsewhere(ofNamespace)
	if ok && len(names)*labels.count() > i.budget {
		return chosen.count() * len(names) * labels.count()
	}
	return chosen.count() * len(i.places(ofNamespace))
}

// exceeded names the policy that needs the most.
func (i *imagination) exceeded(told []Selection) error {
	needs := map[string]int{}
	out := BudgetError{Limit: i.budget}
	for _, s := range told {
		needs[s.Policy] += i.needs(s)
		if needs[s.Policy] > out.Needs {
			out.Policy, out.Needs = s.Policy, needs[s.Policy]
		}
	}
	out.Needs = max(out.Needs, len(i.out))
	return out
}

// podsBeside remembers an engine's selectors of pods, and returns those of all engines.
func (c *Compared) podsBeside(told []Selection) []Selection {
	if c == nil {
		return nil
	}
	c.selections = append(c.selections, told...)
	return c.selections
}

// nodesBeside is the same for selectors of nodes.
func (c *Compared) nodesBeside(told []Selection) []Selection {
	if c == nil {
		return nil
	}
	c.nodes = append(c.nodes, told...)
	return c.nodes
}
