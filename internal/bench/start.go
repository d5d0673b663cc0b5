package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// startRuns is how many runs of a command the start table has the median of. They are short, so they are many.
const startRuns = 21

// start is the median of the runs of a command with one tenant.
type start struct {
	name string
	// wall and cpu are in milliseconds.
	wall, cpu float64
}

// measureStart runs the commands in turns, so that a change of the machine's speed affects all of them.
func measureStart(dir, bin string) ([]start, error) {
	in := &inputs{dir: filepath.Join(dir, "start"), bin: bin, tenants: 1}
	if err := in.writer("1").run(); err != nil {
		return nil, fmt.Errorf("write the inputs of one tenant: %w", err)
	}
	linked, err := linkedIdentity(dir)
	if err != nil {
		return nil, err
	}
	commands := in.startCommands(linked)
	wall, cpu := make([][]float64, len(commands)), make([][]float64, len(commands))
	for range startRuns {
		for i, c := range commands {
			began := time.Now()
			process, err := c.finished(nil)
			if err != nil {
				return nil, err
			}
			wall[i] = append(wall[i], milliseconds(time.Since(began)))
			cpu[i] = append(cpu[i], milliseconds(process.ProcessState.UserTime()+process.ProcessState.SystemTime()))
		}
	}
	var all []start
	for i, c := range commands {
		slices.Sort(wall[i])
		slices.Sort(cpu[i])
		all = append(all, start{name: c.name, wall: wall[i][startRuns/2], cpu: cpu[i][startRuns/2]})
	}
	return all, nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// startCommands returns the commands of the start table. linked is the identity that links the same libraries.
func (in *inputs) startCommands(linked string) []command {
	self, _ := os.Executable()
	tenantfence := filepath.Join(in.bin, "tenantfence")
	all := []command{
		in.function(),
		{name: "identity with the same libraries", path: linked, args: []string{identityArgument}, stdin: in.list()},
		{name: "identity with kyaml alone", path: self, args: []string{identityArgument}, stdin: in.list()},
		{name: "tenantfence build", path: tenantfence, args: []string{"build", filepath.Join(in.dir, "fenced")}},
		{name: "tenantfence version", path: tenantfence, args: []string{"version"}},
		{name: "kustomize build without a function", path: in.installed("kustomize"), args: []string{"build", filepath.Join(in.dir, "base")}},
	}
	return slices.DeleteFunc(all, func(c command) bool { return c.path == "" })
}

// linkedIdentity builds this program with an additional file, which imports what tenantfence imports. It returns
// the path of the program.
func linkedIdentity(dir string) (string, error) {
	imports, err := libraries()
	if err != nil {
		return "", err
	}
	source := "package main\n\nimport (\n"
	for _, path := range imports {
		source += fmt.Sprintf("\t_ %q\n", path)
	}
	file, err := filepath.Abs(filepath.Join("internal", "bench", "linked.go"))
	if err != nil {
		return "", fmt.Errorf("find internal/bench: %w", err)
	}
	content, added, program := filepath.Join(dir, "linked.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "linked")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: content}})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	for path, data := range map[string][]byte{content: []byte(source + ")\n"), added: overlay} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return "", fmt.Errorf("write the overlay: %w", err)
		}
	}
	build := command{path: "go", args: []string{"build", "-overlay", added, "-ldflags", "-s -w", "-o", program, "./internal/bench"}}
	return program, build.run()
}

// libraries returns what the packages of tenantfence import from other modules, sorted.
func libraries() ([]string, error) {
	const ofThisModule = `{{with .Module}}{{if .Main}}{{range $.Imports}}{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	out, err := exec.Command("go", "list", "-deps", "-f", ofThisModule, ".").Output() //nolint:noctx // It takes a second.
	if err != nil {
		return nil, fmt.Errorf("list the libraries of tenantfence: %w", err)
	}
	imports := slices.DeleteFunc(strings.Fields(string(out)), func(path string) bool {
		host, _, _ := strings.Cut(path, "/")
		return !strings.Contains(host, ".") || strings.HasPrefix(path, "github.com/tenantfence/")
	})
	slices.Sort(imports)
	return slices.Compact(imports), nil
}
