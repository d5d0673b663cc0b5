package report

// Reason is the field that declares a rule.
type Reason struct {
	// Kind and Name of the resource, "Tenant" and "acme".
	Kind, Name string
	// Field is its path, such as "spec.egress[llm]".
	Field string
}

func (r Reason) String() string { return r.Kind + "/" + r.Name + " " + r.Field }

// Child returns the reason for a field below.
func (r Reason) Child(field string) Reason {
	if r.Field != "" {
		field = r.Field + "." + field
	}
	return Reason{Kind: r.Kind, Name: r.Name, Field: field}
}
