package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// recordFlag makes the function write down what it is given. It is how one process of
// this program tells another.
const recordFlag = "record"

// executeRecorded is the function without its proof, which writes what it is given to a
// file, too.
func executeRecorded(cmd *cobra.Command, file string) error {
	data, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	if err := appendTo(file, append([]byte("\n---\n"), data...)); err != nil {
		return fmt.Errorf("record the input: %w", err)
	}
	return fn.Execute(bytes.NewReader(data), cmd.OutOrStdout(), cmd.ErrOrStderr(), output.Sum, fn.Options{Unproved: true})
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
