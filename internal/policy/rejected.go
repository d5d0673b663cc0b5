package policy

import (
	"fmt"
	"strings"
)

// RejectedError are policies that an Engine cannot enforce: the enforcer takes none such,
// or they refer to what is not known.
type RejectedError []Rejected

// Rejected is one of them: what errors call it, and why.
type Rejected struct {
	Name string
	Err  error
}

func (r RejectedError) Error() string {
	var out []string
	for _, p := range r {
		out = append(out, fmt.Sprintf("parse policy %s: %v", p.Name, p.Err))
	}
	return strings.Join(out, "\n")
}

// FullName is what errors call a policy: "NetworkPolicy namespace/name" or, of a
// cluster-wide one, without the namespace.
func FullName(kind, namespace, name string) string {
	if namespace == "" {
		return strings.TrimSpace(kind + " " + name)
	}
	return kind + " " + namespace + "/" + name
}

// ConflictError says that the policies which select a pod or node cannot be merged, each
// of which the enforcer takes.
type ConflictError struct{ Err error }

func (c ConflictError) Error() string {
	return fmt.Sprintf("the policies that select it conflict, and Cilium enforces none of them: %v", c.Err)
}

func (c ConflictError) Unwrap() error { return c.Err }
