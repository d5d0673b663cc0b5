package report

import (
	"fmt"
	"slices"
	"strings"
)

// Action is what happened to a resource or a file.
type Action string

// The actions.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
)

// Change is an action on one resource, or on one file. A file has nothing but Ref.File.
type Change struct {
	Action Action
	Ref    Ref
}

func (c Change) String() string {
	if c.Ref.Kind == "" {
		return c.Ref.File + " " + string(c.Action)
	}
	return c.Ref.String() + " " + string(c.Action)
}

// Changes is a list of changes.
type Changes []Change

// Then are the changes of two runs, one after the other: a resource that both change is listed once.
func (cs Changes) Then(later Changes) Changes {
	out, index := slices.Clone(cs), map[Ref]int{}
	for i, c := range out {
		index[c.Ref] = i
	}
	for _, c := range later {
		i, ok := index[c.Ref]
		if !ok {
			out = append(out, c)
			continue
		}
		out[i].Action = out[i].Action.then(c.Action)
	}
	return slices.DeleteFunc(out, func(c Change) bool { return c.Action == "" })
}

// then is the action that has the effect of two. It is empty if they have none.
func (a Action) then(later Action) Action {
	switch {
	case later == Unchanged:
		return a
	case a == Created && later == Deleted:
		return ""
	case a == Created:
		return Created
	case a == Deleted && later == Created:
		return Configured
	}
	return later
}

// Effective are the changes without the unchanged resources.
func (cs Changes) Effective() Changes {
	return slices.DeleteFunc(slices.Clone(cs), func(c Change) bool { return c.Action == Unchanged })
}

// Count counts the changes with an action.
func (cs Changes) Count(a Action) int {
	n := 0
	for _, c := range cs {
		if c.Action == a {
			n++
		}
	}
	return n
}

// Summary is "3 created, 1 configured, 51 unchanged". It omits actions without a change.
func (cs Changes) Summary() string {
	var parts []string
	for _, a := range []Action{Created, Configured, Unchanged, Deleted} {
		if n := cs.Count(a); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a))
		}
	}
	if len(parts) == 0 {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

// Comparison counts the policies of a finished build against those that the function would generate
// now.
type Comparison struct {
	// Desired policies are those that the function would generate. Matching ones exist and are
	// equal.
	Desired, Matching int
	// Missing, Changed and Moved are the other desired policies. Moved ones have another namespace
	// or another name.
	Missing, Changed, Moved int
	// Unexpected policies have the fence's label, and the function would not generate them.
	Unexpected int
}

// AllMissing reports whether policies are desired and none of them exists.
func (c Comparison) AllMissing() bool { return c.Desired > 0 && c.Missing == c.Desired }
