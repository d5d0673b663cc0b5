package resource

import (
	"cmp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Coverage describes how a proof handles a kind of resource.
type Coverage struct {
	Class Class
	// Clusterwide reports that resources of the kind have no namespace.
	Clusterwide bool
	// OwnNamespaceOnly reports that a resource of the kind affects only pods of its own namespace.
	OwnNamespaceOnly bool
	// Reason describes the effect of the kind on traffic, or why it has none.
	Reason string
}

// Class is the class of a kind.
type Class string

// The classes. The zero value is an unknown kind.
const (
	// Decided means that the proof evaluates the kind.
	Decided Class = "decided"
	// NoEffect means that the kind neither allows, denies nor redirects traffic.
	NoEffect Class = "no effect on traffic"
	// NotDecided means that the kind affects traffic, and the proof does not evaluate it.
	NotDecided Class = "not decided"
)

// kindCoverage has several kinds of one group with the same coverage.
type kindCoverage struct {
	group string
	// names has kinds, separated by spaces. Empty: every kind of the group without an entry.
	names string
	Coverage
	// where limits the entry to some resources of the kinds. Nil: the entry applies to all.
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

// Settled reports that no finding is needed: the resource is decided, or has no effect on traffic.
func (c Coverage) Settled() bool { return c.Class == Decided || c.Class == NoEffect }

// CoverageOf returns the coverage of a resource's kind.
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

func clusterScoped(group, kind string) bool {
	for _, k := range coverageTable {
		if k.has(group, kind) {
			return k.Clusterwide
		}
	}
	return false
}
