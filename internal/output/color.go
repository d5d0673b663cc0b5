package output

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tenantfence/tenantfence/internal/report"
)

// color is a color of a terminal, as the parameter of an escape sequence.
type color string

const (
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
)

// palette colors words. Its zero value leaves them as they are.
type palette struct{ colored bool }

// paletteOf colors words on a terminal, unless the environment forbids it: see https://no-color.org.
func paletteOf(w io.Writer) palette {
	if p, ok := w.(*Progress); ok {
		w = p.terminal.Writer
	}
	f, ok := w.(*os.File)
	return palette{ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) paint(c color, text string) string {
	if !p.colored {
		return text
	}
	return "\x1b[1;" + string(c) + "m" + text + "\x1b[0m"
}

var severityColors = map[report.Severity]color{report.Error: red, report.Warning: yellow, report.Info: cyan}

// finding colors the severity at the start of the text of a finding.
func (p palette) finding(s report.Severity, text string) string {
	return p.paint(severityColors[s], string(s)) + strings.TrimPrefix(text, string(s))
}

var outcomeColors = map[report.Outcome]color{report.Verified: green, report.NotVerified: red, report.NothingToVerify: yellow}

// outcome colors the outcome at the start of the last line of a report.
func (p palette) outcome(o report.Outcome, line string) string {
	return p.paint(outcomeColors[o], string(o)) + strings.TrimPrefix(line, string(o))
}
