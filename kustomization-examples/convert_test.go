package examples_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/proof"
)

// TestConvertGuide compares the example in docs/convert.md with the converter's output.
func TestConvertGuide(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("convert/networkpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "networkpolicy.yaml", Data: data}}})
	if err != nil {
		t.Fatal(err, c.Findings)
	}
	guide, err := os.ReadFile("../docs/convert.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "becomes\n\n```yaml\n" + string(c.Texts[0].Bytes()) + "```\n"; !strings.Contains(string(guide), want) {
		t.Errorf("docs/convert.md does not contain:\n%s", want)
	}
}
