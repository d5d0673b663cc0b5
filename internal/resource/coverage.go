package resource

import (
	"cmp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Coverage is what a proof knows of a kind of resource.
type Coverage struct {
	Class Class
	// Clusterwide reports that resources of the kind have no namespace.
	Clusterwide bool
	// OwnNamespaceOnly reports that a resource of the kind affects pods of its own namespace alone.
	OwnNamespaceOnly bool
	// Reason is what the kind does to traffic, or why it does nothing.
	Reason string
}

// Class of a kind.
type Class string

// The classes. The zero value is a kind that nothing is known of.
const (
	// Decided: the proof reads it.
	Decided Class = "decided"
	// NoEffect: it neither allows, denies nor redirects traffic.
	NoEffect Class = "no effect on traffic"
	// NotDecided: it affects traffic, and the proof does not know how.
	NotDecided Class = "not decided"
)

// kindCoverage are some kinds of one group with one coverage.
type kindCoverage struct {
	group string
	// names are separated by spaces. Empty: every kind of the group that has no entry.
	names string
	Coverage
	// where limits the entry to some resources of the kinds. Nil: all of them.
	where func(*yaml.RNode) bool
}

func (k kindCoverage) has(group, kind string) bool {
	if k.group != group {
		return false
	}
	for name := range strings.FieldsSeq(k.names) {
		if name == kind {
			return true
		}
	}
	return k.names == ""
}

// Settled reports that nothing is left to report: the resource is decided, or has no effect on
// traffic.
func (c Coverage) Settled() bool { return c.Class == Decided || c.Class == NoEffect }

// CoverageOf is what a proof knows of the kind of a resource.
func CoverageOf(n *yaml.RNode) Coverage {
	group, kind := Group(n), n.GetKind()
	if _, pods := templatePath[groupKind(n)]; pods || group == v1alpha1.Group {
		return Coverage{Class: Decided}
	}
	for _, k := range coverageTable {
		if k.has(group, kind) && (k.where == nil || k.where(n)) {
			return k.Coverage
		}
	}
	return Coverage{}
}

// DecidedKind reports whether every resource of a kind is decided.
func DecidedKind(group, kind string) bool {
	if _, pods := templatePath[cmp.Or(group, "v1")+"/"+kind]; pods || group == v1alpha1.Group {
		return true
	}
	for _, k := range coverageTable {
		if k.has(group, kind) {
			return k.Class == Decided && k.where == nil
		}
	}
	return false
}

// clusterScoped reports whether a kind is known to have no namespace.
func clusterScoped(group, kind string) bool {
	for _, k := range coverageTable {
		if k.has(group, kind) {
			return k.Clusterwide
		}
	}
	return false
}
