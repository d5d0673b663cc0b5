package fn_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
)

// TestConverted converts the input.yaml of each case. output.yaml is the result, and findings.txt has the
// findings. A refused case has no result. Converting the result again does not change it.
func TestConverted(t *testing.T) {
	cases, err := filepath.Glob("../testdata/converted/*")
	if err != nil || len(cases) < 10 {
		t.Fatalf("got %d cases: %v", len(cases), err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join(dir, "input.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			got, messages := converted(t, data)
			golden(t, filepath.Join(dir, "findings.txt"), messages)
			if got == nil {
				if _, err := os.Stat(filepath.Join(dir, "output.yaml")); err == nil {
					t.Error("output.yaml exists, although the input is refused")
				}
				return
			}
			golden(t, filepath.Join(dir, "output.yaml"), string(got))
			if again, messages := converted(t, got); !bytes.Equal(again, got) {
				t.Errorf("a second run changes it:\n%s%s", again, messages)
			}
		})
	}
}

// converted is the converted text, nil if it is refused, and the findings.
func converted(t *testing.T, data []byte) ([]byte, string) {
	t.Helper()
	c, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "input.yaml", Data: data}}})
	if err != nil {
		t.Fatal(err)
	}
	var messages bytes.Buffer
	if err := output.Text(&messages, c.Findings, output.Summary); err != nil {
		t.Fatal(err)
	}
	if c.Findings.HasError() {
		fmt.Fprintln(&messages, fn.Refused(c.Findings.Counts()))
		return nil, messages.String()
	}
	for _, change := range c.Changes {
		fmt.Fprintln(&messages, change)
	}
	fmt.Fprintf(&messages, "%d pods, %d peers, %d openings\n", c.Compared.Pods, c.Compared.Peers, c.Compared.Openings)
	if len(c.Changes) > 0 && (c.Compared.Pods < 2*len(c.Changes) || c.Compared.Peers < 10*len(c.Changes)) {
		t.Errorf("next to nothing was compared: %+v", c.Compared)
	}
	return c.Texts[0].Bytes(), messages.String()
}

// Lines end as they did.
func TestConvertKeepsLineEndings(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../testdata/converted/document-end-markers/input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	unix, _ := converted(t, data)
	dos, _ := converted(t, bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
	if want := bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n")); !bytes.Equal(dos, want) {
		t.Errorf("got:\n%q\nwant:\n%q", dos, want)
	}
}
