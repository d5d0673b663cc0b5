package examples_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/proof"
)

// TestConvertGuide compares the example in docs/convert.md with the converter's output.
func TestConvertGuide(t *testing.T) {
	t.Parallel()
	c, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "networkpolicy.yaml", Data: []byte(read(t, "convert/networkpolicy.yaml"))}}})
	if err != nil {
		t.Fatal(err, c.Findings)
	}
	if want := "becomes\n\n```yaml\n" + string(c.Texts[0].Bytes()) + "```\n"; !strings.Contains(read(t, "../docs/convert.md"), want) {
		t.Errorf("docs/convert.md does not contain:\n%s", want)
	}
}
