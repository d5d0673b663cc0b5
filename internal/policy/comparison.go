package policy

// Comparison counts the policies of a finished build, held against those that the
// function would generate now.
type Comparison struct {
	// Desired are those that the function would generate, of which AsGenerated are there
	// and equal.
	Desired, Matching int
	// Missing, Changed and Moved are the rest of them. Moved ones stand in another
	// namespace, or under another name.
	Missing, Changed, Moved int
	// Unexpected bear the fence's label, and nothing wants them.
	Unexpected int
}

// AllMissing says that policies are wanted and none of them is there.
func (c Comparison) AllMissing() bool { return c.Desired > 0 && c.Missing == c.Desired }
