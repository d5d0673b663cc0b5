// Command mutation changes the code as mutations.txt lists, one change at a time, and
// checks that the named tests fail. One overlay holds all mutations, each behind a
// switch that an environment variable turns on, so that each test binary is linked once.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// listFile is the list of mutations, relative to the root of the repository.
const listFile = "internal/mutation/mutations.txt"

// selection determines which mutations run.
type selection struct {
	every, from int
	names       string
}

func main() {
	var s selection
	flag.IntVar(&s.every, "every", 1, "run one mutation of so many")
	flag.IntVar(&s.from, "from", 0, "which of them, counted around")
	flag.StringVar(&s.names, "name", "", "run the mutations whose names contain this")
	flag.Parse()
	if err := run(context.Background(), ".", s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // make needs the exit status
	}
}

func run(ctx context.Context, root string, s selection, out io.Writer) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, listFile))
	if err != nil {
		return err
	}
	all, err := parseList(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", listFile, err)
	}
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the system's temporary directory
	overlay, err := writeOverlay(root, dir, all)
	if err != nil {
		return err
	}
	b := binaries{root: root, dir: dir}
	chosen := s.of(all)
	if len(chosen) == 0 {
		return fmt.Errorf("none of the %d mutations is chosen", len(all))
	}
	if err := b.build(ctx, overlay, chosen); err != nil {
		return err
	}
	workers := runtime.GOMAXPROCS(0)
	if err := b.checkUnmutated(ctx, chosen, workers); err != nil {
		return err
	}
	return report(ctx, b, chosen, workers, out)
}

// of returns the selected mutations.
func (s selection) of(all []mutation) []mutation {
	var out []mutation
	for i, m := range all {
		if i%s.every == s.from%s.every && strings.Contains(m.name, s.names) {
			out = append(out, m)
		}
	}
	return out
}

// report runs the mutations, and writes a line for each.
func report(ctx context.Context, b binaries, chosen []mutation, workers int, out io.Writer) error {
	lines, killed := make([]string, len(chosen)), make([]bool, len(chosen))
	each(workers, len(chosen), func(i int) { lines[i], killed[i] = b.kill(ctx, chosen[i]) })
	alive := 0
	for i, line := range lines {
		if !killed[i] {
			alive++
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d mutations are not killed: write the test that fails with each", alive, len(chosen))
	}
	_, err := fmt.Fprintf(out, "all %d mutations are killed\n", len(chosen))
	return err
}
