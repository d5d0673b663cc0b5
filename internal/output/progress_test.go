package output_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantfence/tenantfence/internal/output"
)

// screen is a terminal that remembers all that is written to it.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(data)
}

// take returns what was written since the last time, the sequence that clears a line
// as <clear>.
func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return strings.ReplaceAll(s.text.String(), "\r\x1b[K", "<clear>")
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var s screen
	ticks := make(chan time.Time)
	at := func(d time.Duration) {
		ticks <- time.Unix(0, 0).Add(d)
		ticks <- time.Unix(0, 0).Add(d) // taken only when the first was looked at
	}
	expect := func(what, want string) {
		t.Helper()
		if got := s.take(); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	p := output.StartProgress(output.Terminal{Writer: &s, Columns: 40, Ticks: ticks})
	p.Update("building deploy", 0, 0)
	at(0)
	at(900 * time.Millisecond)
	expect("before a second", "")
	at(time.Second)
	expect("after a second", "<clear>building deploy")
	at(2 * time.Second)
	expect("where nothing is new", "")
	p.Update("proving isolation: pods", 120, 400)
	at(3 * time.Second)
	expect("with numbers", "<clear>proving isolation: 120 of 400 pods")
	if _, err := p.Write([]byte("error: a finding\n")); err != nil {
		t.Fatal(err)
	}
	expect("what else is written", "<clear>error: a finding\n")
	at(4 * time.Second)
	expect("and then again", "<clear>proving isolation: 120 of 400 pods")
	p.Update("deciding flows", 3, 4)
	at(5 * time.Second)
	expect("of nothing in particular", "<clear>deciding flows: 3 of 4")
	p.Update(strings.Repeat("x", 100), 0, 0)
	at(6 * time.Second)
	expect("a long line", "<clear>"+strings.Repeat("x", 39))
	p.End()
	p.End()
	expect("when it ends", "<clear>")
	if _, err := p.Write([]byte("verified\n")); err != nil {
		t.Fatal(err)
	}
	expect("afterwards", "verified\n")
}

func TestFastProgressIsHidden(t *testing.T) {
	t.Parallel()
	var s screen
	p := output.StartProgress(output.Terminal{Writer: &s, Columns: 40})
	p.Update("building deploy", 0, 0)
	p.End()
	if got := s.take(); got != "" {
		t.Errorf("%q", got)
	}
}

func TestProgressOnlyOnTerminals(t *testing.T) {
	t.Parallel()
	var s screen
	terminal := output.TerminalOf(&s)
	if terminal.Columns != 0 {
		t.Fatalf("a buffer is taken for a terminal: %+v", terminal)
	}
	terminal.Ticks = make(chan time.Time) // which blocks
	p := output.StartProgress(terminal)
	p.Update("building deploy", 0, 0)
	if _, err := p.Write([]byte("error\n")); err != nil {
		t.Fatal(err)
	}
	p.End()
	if got := s.take(); got != "error\n" {
		t.Errorf("%q", got)
	}
}
