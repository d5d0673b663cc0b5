package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestShardsAreTheWholeBuild builds and renders examples as a whole and in shards. Together, the shards have each
// document, and each file except for the list of files, once and with the same bytes.
func TestShardsAreTheWholeBuild(t *testing.T) {
	t.Parallel()
	const shards = 3
	for _, example := range []string{"soctalk", "layered-tenants", "soctalk-cluster"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("..", "..", "kustomization-examples", example)
			whole := splitDocuments([]byte(runCommand(t, "build", dir)))
			position, used := 0, 0
			var parts [shards][][]byte
			for i := range parts {
				parts[i] = splitDocuments([]byte(runCommand(t, "build", dir, "--shard", fmt.Sprintf("%d/%d", i+1, shards))))
				if len(parts[i]) > 0 {
					used++
				}
			}
			// Each document of the whole is the next one of one shard.
			for ; position < len(whole); position++ {
				next := slices.IndexFunc(parts[:], func(p [][]byte) bool { return len(p) > 0 && bytes.Equal(p[0], whole[position]) })
				if next < 0 {
					t.Fatalf("no shard has the document at its place:\n%s", whole[position])
				}
				parts[next] = parts[next][1:]
			}
			for i, p := range parts {
				if len(p) > 0 {
					t.Errorf("shard %d has %d more documents", i+1, len(p))
				}
			}
			if used < 2 || len(whole) == 0 {
				t.Errorf("%d shards have documents", used)
			}
			compareTrees(t, dir, shards)
		})
	}
}

// compareTrees renders a build as a whole and in shards.
func compareTrees(t *testing.T, dir string, shards int) {
	t.Helper()
	out := t.TempDir()
	runCommand(t, "render", dir, "--output-dir", filepath.Join(out, "whole"), "--path", "p")
	whole, union := tree(t, filepath.Join(out, "whole")), map[string]string{}
	for i := range shards {
		name := filepath.Join(out, fmt.Sprint(i))
		args := []string{"render", dir, "--output-dir", name, "--path", "p", "--shard", fmt.Sprintf("%d/%d", i+1, shards)}
		var stdout, stderr strings.Builder
		if status := Run(args, strings.NewReader(""), &stdout, &stderr); status != exitOK {
			if !strings.Contains(stderr.String(), "[nothing-to-render]") {
				t.Fatalf("%v: %s", args, stderr.String())
			}
			continue
		}
		for file, content := range tree(t, name) {
			if _, twice := union[file]; twice {
				t.Errorf("%s is in two shards", file)
			}
			union[file] = content
		}
	}
	if !maps.Equal(whole, union) {
		t.Errorf("the files differ: %v, %v", slices.Sorted(maps.Keys(whole)), slices.Sorted(maps.Keys(union)))
	}
}

// tree reads a rendered folder, without its list of files.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || file == "kustomization.yaml" {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, file))
		out[file] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// runCommand runs a command that succeeds, and returns its output.
func runCommand(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if status := Run(args, strings.NewReader(""), &stdout, &stderr); status != exitOK {
		t.Fatalf("%v: exit status %d: %s", args, status, stderr.String())
	}
	return stdout.String()
}
