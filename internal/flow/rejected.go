package flow

import (
	"fmt"
	"strings"
)

// RejectedError has policies that a Program cannot have: the enforcer rejects them, or they
// refer to something unknown.
type RejectedError []Rejected

// Rejected is one such policy: its name in errors, and the reason.
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

// FullName is the name of a policy in errors: "NetworkPolicy namespace/name", without the namespace
// for a cluster-wide policy.
func FullName(kind, namespace, name string) string {
	if namespace == "" {
		return strings.TrimSpace(kind + " " + name)
	}
	return kind + " " + namespace + "/" + name
}

// ConflictError reports that policies that are each valid, and select the same pod or node, cannot
// be merged.
type ConflictError struct{ Err error }

func (c ConflictError) Error() string {
	return fmt.Sprintf("the policies that select it conflict, and Cilium enforces none of them (%v)", c.Err)
}

func (c ConflictError) Unwrap() error { return c.Err }
