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
	// showDelay is how long nothing is shown: most work is done by then.
	showDelay = time.Second
	// redrawInterval is how often a line is drawn anew.
	redrawInterval = 100 * time.Millisecond
	// clearLine goes to the start of the line and clears it.
	clearLine = "\r\x1b[K"
)

// Terminal is where progress may be shown.
type Terminal struct {
	io.Writer
	// Columns is the width, 0 where it is no terminal: then no progress is written.
	Columns int
	// Ticks tell the time. Omitted: a clock's.
	Ticks <-chan time.Time
}

// TerminalOf looks at what a writer is.
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

// Progress shows on a terminal what goes on, in one line that is written over and over
// and removed at the end. What else is to be written there goes through it.
type Progress struct {
	terminal Terminal
	stop     func()
	done     chan struct{}

	mu    sync.Mutex
	start time.Time
	// line is what is to be shown, drawn what is.
	line, displayed string
}

// StartProgress starts to watch the clock. End must be called.
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

// tick draws, once there was patience since the first one.
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

// Update is a policy.Progress.
func (p *Progress) Update(what string, done, total int) {
	if total > 0 {
		work, counted, _ := strings.Cut(what, ": ")
		what = strings.TrimSpace(fmt.Sprintf("%s: %d of %d %s", work, done, total, counted))
	}
	// A line that is broken could not be written over.
	if runes := []rune(what); p.terminal.Columns > 0 && len(runes) >= p.terminal.Columns {
		what = string(runes[:p.terminal.Columns-1])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = what
}

// Write removes the line, so that what is written stands by itself.
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

// End removes the line, and shows none from then on.
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
