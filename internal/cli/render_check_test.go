package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRenderCheckWritesNothing checks that --check fails for a folder that would change, and does not
// create it.
func TestRenderCheckWritesNothing(t *testing.T) {
	t.Parallel()
	quickstart, out := filepath.Join("..", "..", "kustomization-examples", "quickstart"), filepath.Join(t.TempDir(), "out")
	var stdout, stderr strings.Builder
	status := Run([]string{"render", quickstart, "--output-dir", out, "--path", "out", "--check"}, strings.NewReader(""), &stdout, &stderr)
	if status != exitFindings || !strings.Contains(stdout.String(), "(nothing is written): 11 created") {
		t.Errorf("exit status %d: %s%s", status, stdout.String(), stderr.String())
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("the folder exists: %v", err)
	}
}
