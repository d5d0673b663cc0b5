package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
)

// source is a text to convert.
type source struct {
	proof.File
	// nonResources is how documents that are not resources are handled.
	nonResources nonResources
}

// readSources reads the files to convert.
func readSources(cmd *cobra.Command, args []string, flags convertFlags) ([]source, error) {
	if slices.Contains(args, "-") {
		switch {
		case len(args) > 1:
			return nil, fmt.Errorf("%s: name files, or - alone for standard input", strings.Join(args, " "))
		case flags.write:
			return nil, errors.New("--write: standard input cannot be written in place: name files")
		}
		data, err := readArgument(cmd, "-")
		return []source{{File: proof.File{Data: data}}}, err
	}
	var out []source
	for _, arg := range args {
		files, nonResources := []string{arg}, nonResources("")
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			if files, err = yamlFiles(arg); err != nil {
				return nil, err
			}
			nonResources = skipNonResources
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the files to convert: %w", err)
			}
			out = append(out, source{proof.File{Name: filepath.ToSlash(file), Data: data}, nonResources})
		}
	}
	return out, nil
}

// loadKnownResources reads resources for the proof. It builds a kustomization, with its external
// resources.
func loadKnownResources(cmd *cobra.Command, p *output.Progress, from string) ([]*yaml.RNode, error) {
	info, err := os.Stat(from)
	switch {
	case err != nil || !info.IsDir():
		return readFile(locationOf(".", from, from), refuseNonResources)
	case !isKustomization(from):
		return readFolder(from)
	}
	g, err := buildRecorded(cmd, p, from, passThrough)
	var unfenced *kustomize.NoFenceError
	switch {
	case errors.As(err, &unfenced):
		return kustomize.Plain(filesys.MakeFsOnDisk(), from, kustomizeOptions(cmd))
	case err != nil || len(g.runs) == 0:
		return g.items, err
	}
	return g.runs[0].Items, nil
}

// printSources prints texts one after the other. A single text is printed byte for byte.
func printSources(w io.Writer, sources []source, texts []convert.Text) error {
	var out bytes.Buffer
	for i, t := range texts {
		// follows reports whether the previous document of the file was printed.
		follows := false
		for _, d := range t.Documents {
			if sources[i].nonResources == skipNonResources && !d.IsResource {
				follows = false
				continue
			}
			if n := out.Len(); n > 0 && out.Bytes()[n-1] != '\n' {
				out.WriteByte('\n')
			}
			if out.Len() > 0 && !follows && !bytes.HasPrefix(d.Text, []byte("---")) {
				out.WriteString("---\n")
			}
			out.Write(d.Text)
			follows = true
		}
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("write the converted files: %w", err)
	}
	return nil
}

// writeSources writes the changed files: first all temporary files in the same folders, so that an error
// leaves every file unchanged.
func writeSources(sources []source, texts []convert.Text) error {
	temporaryFiles := map[string]string{}
	defer func() {
		for _, temporary := range temporaryFiles {
			// It exists only after another error, which is reported.
			_ = os.Remove(temporary)
		}
	}()
	var files []string
	for i, s := range sources {
		text := texts[i].Bytes()
		if bytes.Equal(text, s.Data) {
			continue
		}
		file, err := filepath.EvalSymlinks(s.Name)
		if err != nil {
			return fmt.Errorf("write %s: %w", s.Name, err)
		}
		if temporaryFiles[file] == "" {
			files = append(files, file)
			if temporaryFiles[file], err = writeTemporary(file, text); err != nil {
				return fmt.Errorf("write %s: %w", s.Name, err)
			}
		}
	}
	for _, file := range files {
		if err := os.Rename(temporaryFiles[file], file); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
		delete(temporaryFiles, file)
	}
	return nil
}

// writeTemporary writes the new content of a file to a temporary file with the same folder and mode.
func writeTemporary(file string, data []byte) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".tenantfence-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// yamlFiles are the YAML files of a folder and its subfolders, without hidden folders and kustomizations.
func yamlFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", dir, err)
		case entry.IsDir() && file != dir && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && isYAML(entry.Name()):
			out = append(out, file)
		}
		return nil
	})
	return out, err
}

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !isKustomizationFile(name)
}
