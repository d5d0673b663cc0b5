package output

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// showDelay is the time before the first line. Most work is shorter.
	showDelay = time.Second
	// redrawInterval is the time between two lines.
	redrawInterval = 100 * time.Millisecond
	// clearLine moves to the start of the line and clears it.
	clearLine = "\r\x1b[K"
)

// Terminal is the output for progress.
type Terminal struct {
	io.Writer
	// Columns is the width. It is 0 if the output is not a terminal: then no progress is written.
	Columns int
	// Ticks are the times at which lines are drawn. Omitted: those of a clock.
	Ticks <-chan time.Time
}

// TerminalOf returns the terminal of a writer.
func TerminalOf(w io.Writer) Terminal {
	t := Terminal{Writer: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.Columns = 80
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			t.Columns = columns
		}
	}
	return t
}

// Progress shows the current step on a terminal, in one line that is overwritten. End removes it.
// Other output to the terminal goes through it.
type Progress struct {
	terminal Terminal
	stop     func()
	done     chan struct{}

	mu    sync.Mutex
	start time.Time
	// line is the line to show, and displayed the line on the terminal.
	line, displayed string
}

// StartProgress starts to draw. The caller must call End.
func StartProgress(t Terminal) *Progress {
	p := &Progress{terminal: t, stop: func() {}}
	if t.Columns == 0 {
		return p
	}
	if p.terminal.Ticks == nil {
		ticker := time.NewTicker(redrawInterval)
		p.terminal.Ticks, p.stop = ticker.C, ticker.Stop
	}
	p.done = make(chan struct{})
	go p.watch(p.done)
	return p
}

func (p *Progress) watch(done <-chan struct{}) {
	for {
		select {
		case now := <-p.terminal.Ticks:
			p.tick(now)
		case <-done:
			return
		}
	}
}

// tick draws the line, once showDelay has passed since the first tick.
func (p *Progress) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.start.IsZero() {
		p.start = now
	}
	if now.Sub(p.start) < showDelay || p.line == p.displayed || p.done == nil {
		return
	}
	// Nothing better can be done where stderr itself fails.
	_, _ = io.WriteString(p.terminal, clearLine+p.line)
	p.displayed = p.line
}

// Update is a report.Progress.
func (p *Progress) Update(what string, done, total int) {
	if total > 0 {
		work, counted, _ := strings.Cut(what, ": ")
		what = strings.TrimSpace(fmt.Sprintf("%s: %d of %d %s", work, done, total, counted))
	}
	// A line that wraps cannot be overwritten.
	if runes := []rune(what); p.terminal.Columns > 0 && len(runes) >= p.terminal.Columns {
		what = string(runes[:p.terminal.Columns-1])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = what
}

// Write removes the line before it writes data.
func (p *Progress) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.terminal.Write(data)
}

func (p *Progress) clear() {
	if p.displayed == "" {
		return
	}
	_, _ = io.WriteString(p.terminal, clearLine)
	p.displayed = ""
}

// End removes the line and stops drawing.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil {
		return
	}
	p.stop()
	close(p.done)
	p.done = nil
	p.clear()
}
