package report

// group orders checks in a report, within a severity.
type group int

const (
	// unreadableInput is a mistake after which a part of the input is unknown.
	unreadableInput group = iota - 1
	_                     // causes, the zero value
	// exposure is a result of the proof: what is allowed and must not be, and the reverse.
	exposure
	// consequence follows from a cause or an exposure.
	consequence
	// oneSided is a flow that the other side denies.
	oneSided
	// assumption is a condition under which the outcome is true.
	assumption
	// outcome is the last line of a build.
	outcome
)
