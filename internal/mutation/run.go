package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// testTimeout ends a test that does not finish. A timeout is no kill.
const testTimeout = 3 * time.Minute

// binaries are the test binaries. Each is built once and holds all mutations.
type binaries struct {
	root, dir string
}

// build links the test binary of each package that has a killer.
func (b binaries) build(ctx context.Context, overlay string, mutations []mutation) error {
	args := []string{"test", "-c", "-vet=off", "-overlay", overlay, "-o", b.dir + string(filepath.Separator)}
	for _, k := range killersOf(mutations) {
		if pkg := "./" + k.pkg; !slices.Contains(args, pkg) {
			args = append(args, pkg)
		}
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the mutated sources do not build, which is no kill: %w\n%s", err, out)
	}
	return nil
}

// killersOf returns the tests that mutations name, without duplicates.
func killersOf(mutations []mutation) []killer {
	var out []killer
	for _, m := range mutations {
		for _, k := range m.killers {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// outcome of a test.
type outcome struct {
	passed, failed, panicked bool
	output                   string
}

// run runs one test with one mutation, or with none.
func (b binaries) run(ctx context.Context, k killer, mutation string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	binary := filepath.Join(b.dir, filepath.Base(k.pkg)+".test")
	test := exec.CommandContext(ctx, binary, "-test.v", "-test.run", exactly(k.test))
	test.Dir = filepath.Join(b.root, k.pkg)
	test.Env = append(os.Environ(), switchName+"="+mutation)
	out, err := test.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return outcome{}, fmt.Errorf("%s: %w", k, err)
	}
	return outcome{
		passed:   err == nil && hasLine(out, "--- PASS: "+k.test),
		failed:   err != nil && hasLine(out, "--- FAIL: "+k.test),
		panicked: bytes.Contains(out, []byte("\npanic: ")),
		output:   string(out),
	}, nil
}

// exactly returns the pattern that selects one test and its subtests.
func exactly(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// hasLine reports whether a line begins with the text and a space, indented or not.
func hasLine(out []byte, text string) bool {
	for line := range bytes.Lines(out) {
		if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte(text+" ")) {
			return true
		}
	}
	return false
}

// checkUnmutated runs each killer without a mutation: it must pass, or its failure proves nothing.
func (b binaries) checkUnmutated(ctx context.Context, mutations []mutation, workers int) error {
	killers := killersOf(mutations)
	bad := make([]error, len(killers))
	each(workers, len(killers), func(i int) {
		o, err := b.run(ctx, killers[i], "")
		if err == nil && !o.passed {
			err = fmt.Errorf("%s does not pass without a mutation:\n%s", killers[i], o.output)
		}
		bad[i] = err
	})
	return errors.Join(bad...)
}

// kill runs the tests of a mutation until one fails.
func (b binaries) kill(ctx context.Context, m mutation) (report string, killed bool) {
	start := time.Now()
	for _, k := range m.killers {
		o, err := b.run(ctx, k, m.name)
		switch took := time.Since(start).Round(10 * time.Millisecond); {
		case err != nil:
			return fmt.Sprintf("failed   %s: %v", m.name, err), false
		case o.failed && o.panicked:
			return fmt.Sprintf("killed   %s by %s, which panics (%s)", m.name, k, took), true
		case o.failed:
			return fmt.Sprintf("killed   %s by %s (%s)", m.name, k, took), true
		case !o.passed:
			return fmt.Sprintf("failed   %s: %s ends without a failure of the test, which is no kill:\n%s", m.name, k, o.output), false
		}
	}
	return fmt.Sprintf("SURVIVED %s: with %q in %s, %v still pass", m.name, m.after, m.file, m.killers), false
}

// each calls a function for each index, in several goroutines.
func each(workers, n int, do func(i int)) {
	next := make(chan int)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}
