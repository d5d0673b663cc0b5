// Command bench measures whole processes side by side: this program, kustomize with and without it, a kyaml
// identity, helm and jsonnet, for several numbers of tenants. It writes docs/explanation/performance.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The arguments that make this program a kyaml identity, and one that writes the inputs. A system counts the
// peak memory of a process for the processes that it starts, too, so this one has to stay small.
const (
	identityArgument = "identity"
	inputsArgument   = "inputs"
)

func main() {
	sizes := flag.String("n", "10,100,1000", "numbers of tenants")
	kustomizeMax := flag.Int("kustomize-max", 200, "largest number of tenants for kustomize build with the function, whose cost is quadratic, and a quarter of that without one")
	page := flag.String("o", "docs/explanation/performance.md", "page whose tables are replaced")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case identityArgument:
		err = identity(os.Stdin, os.Stdout)
	case inputsArgument:
		err = writeInputs(flag.Arg(1), flag.Arg(2), flag.Arg(3))
	default:
		err = run(*sizes, *kustomizeMax, *page)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // make needs the exit status
	}
}

func run(sizes string, kustomizeMax int, page string) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return fmt.Errorf("create a directory: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the system's temporary directory
	bin, err := filepath.Abs("bin")
	if err != nil {
		return fmt.Errorf("find bin: %w", err)
	}
	var all []measurement
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-n: %q is no number of tenants", text)
		}
		in := &inputs{dir: filepath.Join(dir, text), bin: bin, tenants: n}
		if err := in.writer(text).run(); err != nil {
			return fmt.Errorf("write the inputs of %d tenants: %w", n, err)
		}
		for _, c := range in.commands(kustomizeMax) {
			m, err := c.measure()
			if err != nil {
				return fmt.Errorf("%s with %d tenants: %w", c.name, n, err)
			}
			fmt.Fprintf(os.Stderr, "%6d tenants  %-42s %8.2f CPU-s %7.0f MB\n", n, c.name, m.seconds, m.megabytes)
			m.tenants = n
			all = append(all, m)
		}
	}
	starts, err := measureStart(dir, bin)
	if err != nil {
		return fmt.Errorf("measure the start: %w", err)
	}
	return writePage(page, all, starts)
}
