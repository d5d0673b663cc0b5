// Command bench measures whole processes side by side: this program, kustomize with and without it, a kyaml
// identity, helm and jsonnet, for several numbers of tenants. It writes docs/performance.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// identityArgument makes this program a kyaml identity.
const identityArgument = "identity"

func main() {
	sizes := flag.String("n", "10,100,1000", "numbers of tenants")
	kustomizeMax := flag.Int("kustomize-max", 200, "largest number of tenants for kustomize build with the function, whose cost is quadratic")
	page := flag.String("o", "docs/performance.md", "page whose tables are replaced")
	flag.Parse()
	var err error
	if flag.Arg(0) == identityArgument {
		err = identity(os.Stdin, os.Stdout)
	} else {
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
		in, err := newInputs(filepath.Join(dir, text), bin, n)
		if err != nil {
			return fmt.Errorf("%d tenants: %w", n, err)
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
	return errors.Join(writePage(page, all))
}
