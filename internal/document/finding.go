// Package document defines the JSON that commands write. New fields may be added. The meaning of a
// field does not change.
package document

// Finding is one result of a check.
type Finding struct {
	// Check is the name of the check, as in docs/reference/checks.md.
	Check string `json:"check"`
	// Severity is the severity. An error stops a build, and fails a verification.
	// +enum=error;warning;info
	Severity string `json:"severity"`
	// Resource is the resource that is wrong. Omitted: the finding is about no single resource.
	Resource *Resource `json:"resource,omitempty"`
	// Field is the path of the field in the resource.
	Field string `json:"field,omitempty"`
	// Line is the line of the field, or of its nearest parent, in the file of the resource. It counts
	// from 1. Omitted: it is unknown.
	Line int `json:"line,omitempty"`
	// Column is the column of the field, as Line.
	Column int `json:"column,omitempty"`
	// Message states what is wrong, why it matters and what to do.
	Message string `json:"message"`
	// Details are the items that the message counts.
	Details []string `json:"details"`
}

// Resource names a resource and, where it is known, its file.
type Resource struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	File       string `json:"file,omitempty"`
	// Index is the document within the file, from 0.
	Index int `json:"index,omitempty"`
}

// Slice is the part of a fence that a command builds, renders or verifies. It claims nothing about the rest.
type Slice struct {
	// Tenants are the names of --tenant. An empty list: the slice is a shard.
	Tenants []string `json:"tenants"`
	// Shard is the value of --shard, such as "2/10". Omitted: the slice is a list of tenants.
	Shard string `json:"shard,omitempty"`
}

// FindingCounts counts findings by their severity.
type FindingCounts struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
}

// Change is what happened to one resource or one file.
type Change struct {
	// Action is what happened. Unchanged resources are counted and not listed.
	// +enum=created;configured;deleted
	Action   string   `json:"action"`
	Resource Resource `json:"resource"`
}

// ChangeCounts counts changes by what happened.
type ChangeCounts struct {
	Created    int `json:"created"`
	Configured int `json:"configured"`
	Unchanged  int `json:"unchanged"`
	Deleted    int `json:"deleted"`
}
