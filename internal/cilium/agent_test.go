package cilium_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// TestSettingsAreDocumented requires that docs/reference/agent-settings.md lists each setting with its default.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reference/agent-settings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cilium.Settings() {
		value := s.Default
		if value == "" {
			value = "none"
		}
		if s.DefaultBefore != "" {
			value += fmt.Sprintf(", before Cilium %s %s", s.Since.Introduced(), s.DefaultBefore)
		}
		if row := fmt.Sprintf("| %#q | %s |", s.Key, value); !strings.Contains(string(page), row) {
			t.Errorf("docs/reference/agent-settings.md lacks %q", row)
		}
	}
}

// TestAgentValues checks that defaults depend on the version, and that a configured value has
// precedence.
func TestAgentValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		agent cilium.Agent
		key   string
		want  string
	}{
		{cilium.Agent{}, cilium.DefaultLocalCluster, "true"},
		{cilium.Agent{Minor: 18}, cilium.DefaultLocalCluster, "false"},
		{cilium.Agent{Minor: 18}, cilium.MeshAuth, "true"},
		{cilium.Agent{Minor: 18}.With(cilium.MeshAuth, "false", ""), cilium.MeshAuth, "false"},
		{cilium.Agent{}.With(cilium.IdentityLabels, "k8s:App", ""), cilium.IdentityLabels, "k8s:App"},
	} {
		if have := c.agent.Value(c.key); have != c.want {
			t.Errorf("%s is %q, want %q", c.key, have, c.want)
		}
	}
}
