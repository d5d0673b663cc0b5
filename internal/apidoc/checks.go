package main

import (
	"bytes"
	"fmt"

	"github.com/tenantfence/tenantfence/internal/report"
)

// checksPage returns docs/reference/checks.md: the catalogue, each check with a link to an example.
func checksPage() []byte {
	var b bytes.Buffer
	b.WriteString(`<!-- Generated from internal/report by make generate. -->
# Checks

A finding ends with the name of its check in brackets: ` + "`… [fqdn-outside-limits]`" + `. ` + "`tenantfence checks NAME`" + ` prints what
this page contains about a check. An error stops the run, and nothing is changed. The example is a golden case: its
` + "`findings.txt`" + ` shows the finding, and the files next to it produce it.

| check | severity | rule |
|---|---|---|
`)
	for _, c := range report.Checks() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", c.Name, c.Name, c.SeverityList(), c.Title)
	}
	for _, c := range report.Checks() {
		fmt.Fprintf(&b, "\n## %s\n\n%s (%s). %s\n\n**What to do:** %s\n\n", c.Name, c.Title, c.SeverityList(), c.Meaning, c.Fix)
		if c.Example != "" {
			fmt.Fprintf(&b, "Example: [testdata/%s](../../testdata/%s)\n", c.Example, c.Example)
		} else {
			fmt.Fprintf(&b, "No golden case shows it: %s\n", c.Untested)
		}
	}
	return b.Bytes()
}
