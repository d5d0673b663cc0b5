package report

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
