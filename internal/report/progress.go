package report

// Progress receives the progress of a long operation: what is counted, such as "proving isolation:
// pods", how many are done, and how many exist. total is 0 if nothing is counted. A nil Progress
// ignores all reports.
type Progress func(what string, done, total int)

// Report calls the function, if it is set.
func (p Progress) Report(what string, done, total int) {
	if p != nil {
		p(what, done, total)
	}
}
