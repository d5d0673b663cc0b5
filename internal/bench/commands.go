package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"sigs.k8s.io/kustomize/kyaml/kio"
)

// command is a process, or a process for each tenant.
type command struct {
	name string
	// stdin is a file. Empty: nothing.
	stdin string
	path  string
	args  []string
	// runs is how often it runs for one measurement. 0: once.
	runs int
}

// measurement is the median of several runs of a command.
type measurement struct {
	name               string
	tenants            int
	seconds, megabytes float64
}

// repeated is how many measurements of a command have a median.
const repeated = 3

func (in *inputs) function() command {
	return command{name: "function", path: filepath.Join(in.bin, "tenantfence"), stdin: in.list()}
}

// commands returns what is installed and compared.
func (in *inputs) commands(kustomizeMax int) []command {
	self, _ := os.Executable()
	all := []command{
		in.function(),
		{name: "kyaml identity over its input and output", path: self, args: []string{identityArgument}, stdin: in.both()},
		{name: "tenantfence build", path: filepath.Join(in.bin, "tenantfence"), args: []string{"build", filepath.Join(in.dir, "fenced")}},
		{name: "helm template, one release", path: in.installed("helm"), args: in.helm(in.tenants)},
		{name: "jsonnet", path: in.installed("jsonnet"), args: []string{filepath.Join(in.dir, "tenants.jsonnet")}},
	}
	if in.tenants <= 4*kustomizeMax {
		all = append(all, command{name: "kustomize build without a function", path: in.installed("kustomize"), args: []string{"build", filepath.Join(in.dir, "base")}})
	}
	if in.tenants <= kustomizeMax {
		all = append(all, command{
			name: "kustomize build with the function", path: in.installed("kustomize"),
			args: []string{"build", "--enable-alpha-plugins", "--enable-exec", filepath.Join(in.dir, "fenced")},
		}, command{name: "helm template, one release a tenant", path: in.installed("helm"), args: in.helm(1), runs: in.tenants})
	}
	return slices.DeleteFunc(all, func(c command) bool {
		if c.path == "" {
			fmt.Fprintf(os.Stderr, "not measured, because it is not installed: %s\n", c.name)
		}
		return c.path == ""
	})
}

func (in *inputs) helm(tenants int) []string {
	return []string{"template", filepath.Join(in.dir, "chart"), "--set", fmt.Sprintf("tenants=%d", tenants)}
}

func (c command) measure() (measurement, error) {
	var seconds, megabytes []float64
	for range repeated {
		var cpu, peak float64
		for range max(1, c.runs) {
			process, err := c.finished(nil)
			if err != nil {
				return measurement{}, err
			}
			used, ok := process.ProcessState.SysUsage().(*syscall.Rusage)
			if !ok {
				return measurement{}, errors.New("this system does not state what a process used")
			}
			cpu += (process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds()
			peak = max(peak, float64(used.Maxrss)/1024)
		}
		seconds, megabytes = append(seconds, cpu), append(megabytes, peak)
	}
	slices.Sort(seconds)
	slices.Sort(megabytes)
	return measurement{name: c.name, seconds: seconds[repeated/2], megabytes: megabytes[repeated/2]}, nil
}

// finished runs a process. out receives what it writes. Nil: nothing does.
func (c command) finished(out io.Writer) (*exec.Cmd, error) {
	p := exec.Command(c.path, c.args...) //nolint:gosec,noctx // The commands are those above.
	if c.stdin != "" {
		in, err := os.Open(c.stdin)
		if err != nil {
			return nil, fmt.Errorf("read the input: %w", err)
		}
		defer in.Close() //nolint:errcheck // It is only read.
		p.Stdin = in
	}
	var stderr bytes.Buffer
	p.Stdout, p.Stderr = out, &stderr
	if err := p.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", c.path, err, stderr.String())
	}
	return p, nil
}

func (c command) output() ([]byte, error) {
	var out bytes.Buffer
	_, err := c.finished(&out)
	return out.Bytes(), err
}

func (c command) run() error {
	_, err := c.finished(nil)
	return err
}

// writer is this program, as one that writes the inputs.
func (in *inputs) writer(tenants string) command {
	self, _ := os.Executable()
	return command{path: self, args: []string{inputsArgument, in.dir, in.bin, tenants}}
}

// identity reads ResourceLists, and writes them.
func identity(in io.Reader, out io.Writer) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	for list := range bytes.SplitSeq(data, []byte("\n---\n")) {
		rw := kio.ByteReadWriter{Reader: bytes.NewReader(list), Writer: out, KeepReaderAnnotations: true}
		nodes, err := rw.Read()
		if err == nil {
			err = rw.Write(nodes)
		}
		if err != nil {
			return fmt.Errorf("identity: %w", err)
		}
	}
	return nil
}
