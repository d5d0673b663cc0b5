package policy

// Progress is told how far a long work has come: what is done and what is counted,
// "proving isolation: pods", and how many of how many. Where nothing is counted, total
// is 0. A nil Progress is nobody who listens.
type Progress func(what string, done, total int)

// Report tells it, if anybody listens.
func (p Progress) Report(what string, done, total int) {
	if p != nil {
		p(what, done, total)
	}
}
