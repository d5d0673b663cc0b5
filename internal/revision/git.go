package revision

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// repository runs git in a folder.
type repository struct {
	ctx context.Context //nolint:containedctx // It is that of one call of New.
	dir string
}

// ofRepository are the variables with which git finds a repository. Hooks have them: the folder decides.
var ofRepository = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_PREFIX",
	"GIT_NAMESPACE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE",
}

// command returns a git command that reads objects. It reads no index and no attributes, so git runs no
// filter and no monitor of files. Without protocols, it fetches no objects.
func (r repository) command(args ...string) *exec.Cmd {
	safe := []string{"-C", r.dir, "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"}
	cmd := exec.CommandContext(r.ctx, "git", append(safe, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(ofRepository, name)
	})
	cmd.Env = append(cmd.Env, "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return cmd
}

// output returns what a git command prints.
func (r repository) output(args ...string) (string, error) {
	out, err := r.command(args...).Output()
	if err != nil {
		return "", withStderr(err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// withStderr adds what git reports to an error.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("git: %s", strings.TrimSpace(string(exit.Stderr)))
	}
	return fmt.Errorf("git: %w", err)
}

// entry is a file of a revision.
type entry struct{ mode, object, path string }

// The modes of entries that are no regular files.
const (
	executable = "100755"
	symlink    = "120000"
	submodule  = "160000"
)

// entries returns the files of a commit.
func (r repository) entries(commit string) ([]entry, error) {
	list, err := r.output("ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var out []entry
	for line := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		facts, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(facts)
		if !ok || len(fields) != 3 {
			if line == "" {
				continue
			}
			return nil, fmt.Errorf("git ls-tree prints %q, which is not an entry", line)
		}
		out = append(out, entry{fields[0], fields[2], path})
	}
	return out, nil
}

// contents calls do with the content of each entry, in order.
func (r repository) contents(all []entry, do func(entry, []byte) error) error {
	cmd := r.command("cat-file", "--batch")
	var names strings.Builder
	for _, e := range all {
		names.WriteString(e.object + "\n")
	}
	cmd.Stdin = strings.NewReader(names.String())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("git: %w", err)
	}
	if err := readContents(bufio.NewReader(stdout), all, do); err != nil {
		// The error of git, which ends without a reader, follows from this one.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return errors.Join(err, textError(stderr.String()))
	}
	if err := cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("git: %w", err), textError(stderr.String()))
	}
	return nil
}

func textError(text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return fmt.Errorf("git: %s", text)
}

// readContents reads the output of git cat-file --batch: for each object a line with its size, and its
// content.
func readContents(r *bufio.Reader, all []entry, do func(entry, []byte) error) error {
	for _, e := range all {
		header, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read %s: %w", e.path, err)
		}
		var object, kind string
		var size int64
		if n, _ := fmt.Sscanf(header, "%s %s %d", &object, &kind, &size); n != 3 || object != e.object || kind != "blob" {
			return fmt.Errorf("read %s: git has no content (%s): a partial clone lacks it: fetch it first", e.path, strings.TrimSpace(header))
		}
		content := make([]byte, size+1)
		if _, err := io.ReadFull(r, content); err != nil {
			return fmt.Errorf("read %s: %w", e.path, err)
		}
		if err := do(e, content[:size]); err != nil {
			return err
		}
	}
	return nil
}
