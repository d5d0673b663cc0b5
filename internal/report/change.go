package report

import "fmt"

// Action is what was done to a resource or a file.
type Action string

// The actions, as reports print them.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
)

// Change is what was done to one resource, or to one file. For a file, only Ref.File is set.
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

// Summary counts the changes by action.
func (cs Changes) Summary() string {
	count := map[Action]int{}
	for _, c := range cs {
		count[c.Action]++
	}
	return fmt.Sprintf("%d created, %d configured, %d unchanged, %d deleted", count[Created], count[Configured], count[Unchanged], count[Deleted])
}
