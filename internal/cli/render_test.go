package cli

import (
	"strings"
	"testing"
)

func TestWriteNeedsOnePerLine(t *testing.T) {
	t.Parallel()
	var w strings.Builder
	if err := writeNeeds(&w, []string{"Namespace/tenant-acme: label tenant=true", "tenant-acme: Service/agents: loadBalancerSourceRanges [198.51.100.0/24]"}); err != nil {
		t.Fatal(err)
	}
	const want = `not rendered, change it where the object comes from: Namespace/tenant-acme: label tenant=true
not rendered, change it where the object comes from: tenant-acme: Service/agents: loadBalancerSourceRanges [198.51.100.0/24]
`
	if w.String() != want {
		t.Errorf("got:\n%s", w.String())
	}
}
