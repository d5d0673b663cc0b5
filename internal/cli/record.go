package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// recordFlag makes the function record its input, and writtenFlag its other results. One
// process of this program passes them to another.
const (
	recordFlag  = "record"
	writtenFlag = "written"
)

// executeWritten runs the function, and appends its input and its results to a file.
func executeWritten(cmd *cobra.Command, file, seen string) error {
	in, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	var out bytes.Buffer
	if err := fn.Execute(bytes.NewReader(in), io.MultiWriter(cmd.OutOrStdout(), &out), cmd.ErrOrStderr(), detail(cmd), fn.Options{Seen: seen}); err != nil {
		return err
	}
	if err := appendTo(file, slices.Concat([]byte("\n---\n"), in, []byte("\n---\n"), out.Bytes())); err != nil {
		return fmt.Errorf("record the policies: %w", err)
	}
	return nil
}

// readWritten reads the policies that runs of the function wrote, and that no later run
// deleted.
func readWritten(file string) ([]*yaml.RNode, error) {
	runs, err := readRecord(file)
	if err != nil {
		return nil, err
	}
	written := map[policy.Ref]*yaml.RNode{}
	// Each run is recorded twice: what it was given, and what it returned.
	for i := 0; i+1 < len(runs); i += 2 {
		kept := map[policy.Ref]bool{}
		for _, n := range runs[i+1].Items {
			kept[resource.ID(n)] = true
			if resource.FenceOf(n) == runs[i].Config.GetName() {
				written[resource.ID(n)] = n
			}
		}
		for _, n := range runs[i].Items {
			if id := resource.ID(n); !kept[id] {
				delete(written, id)
			}
		}
	}
	return slices.SortedFunc(maps.Values(written), func(a, b *yaml.RNode) int {
		return strings.Compare(resource.RefOf(a).String(), resource.RefOf(b).String())
	}), nil
}

// newRecord is an empty file for another process to append to, and what removes it.
func newRecord() (name string, remove func(), err error) {
	f, err := os.CreateTemp("", "tenantfence-*.yaml")
	if err != nil {
		return "", nil, fmt.Errorf("record what the function does: %w", err)
	}
	// Nothing better can be done where a temporary file cannot be removed.
	remove = func() { _ = os.Remove(f.Name()) }
	if err := f.Close(); err != nil {
		remove()
		return "", nil, fmt.Errorf("record what the function does: %w", err)
	}
	return f.Name(), remove, nil
}

// seenFlag makes the function mark the resources of this project's kinds that it is given.
const seenFlag = "seen"

// executeRecorded is the function without its proof, which writes what it is given to a
// file, too.
func executeRecorded(cmd *cobra.Command, file, seen string) error {
	data, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	if err := appendTo(file, append([]byte("\n---\n"), data...)); err != nil {
		return fmt.Errorf("record the input: %w", err)
	}
	return fn.Execute(bytes.NewReader(data), cmd.OutOrStdout(), cmd.ErrOrStderr(), output.Sum, fn.Options{Unproved: true, Seen: seen})
}

func appendTo(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// readRecord reads what runs of the function wrote down.
func readRecord(file string) ([]fn.Run, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read what the function was given: %w", err)
	}
	lists, err := (&kio.ByteReader{Reader: bytes.NewReader(data), OmitReaderAnnotations: true, DisableUnwrapping: true}).Read()
	if err != nil {
		return nil, fmt.Errorf("read what the function was given: %w", err)
	}
	var runs []fn.Run
	for _, list := range lists {
		var items []*yaml.RNode
		if field := list.Field("items"); field != nil {
			if items, err = field.Value.Elements(); err != nil {
				return nil, fmt.Errorf("read what the function was given: %w", err)
			}
		}
		if config := list.Field("functionConfig"); config != nil {
			if err := resource.SetSourcesByHost(config.Value, items); err != nil {
				return nil, fmt.Errorf("read what the function was given: %w", err)
			}
			runs = append(runs, fn.Run{Config: config.Value, Items: items, Blind: blind(items)})
		}
	}
	return runs, nil
}
