package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/external"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// importFlags are the flags of import.
type importFlags struct {
	name       string
	namespaces []string
}

// importKinds are the kinds to export, as kubectl get accepts them.
const importKinds = "namespaces,deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets,pods,services,endpointslices"

func newImport() *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import FILE... | -",
		Short: "Write an ExternalResources from resources of a running cluster",
		Long: `Read resources as kubectl get -o yaml (or json) writes them, and print one
ExternalResources. It has their namespaces, workloads, Services and nodes, reduced to
what determines traffic. Pods and ReplicaSets become their controller. The order of the
input has no effect.

The error output lists what was read, kept and left out. A warning names each resource
that affects the proof and is not written exactly. Policies are not imported: they belong
to the build, and verify checks them there.

Do not import what the build has as well: choose the other namespaces by --namespace.

The exit status is 0 if the ExternalResources was printed, also with warnings. It is 2 if
the arguments or the input cannot be read, or the input has nothing to import.`,
		Example: `  kubectl get ` + importKinds + ` -A -o yaml |
    tenantfence import - --namespace kube-system --namespace monitoring > cluster.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name files, or - for standard input, as in: kubectl get " + importKinds + " -A -o yaml | tenantfence import -")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return importResources(cmd, args, flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.name, "name", "cluster", "the metadata.name of the ExternalResources")
	f.StringArrayVarP(&flags.namespaces, "namespace", "n", nil, "a namespace to import; may be repeated (default all)")
	for _, flag := range []string{"name", "namespace"} {
		complete(cmd, flag, cobra.NoFileCompletions)
	}
	return cmd
}

func importResources(cmd *cobra.Command, args []string, flags importFlags) error {
	if len(validation.IsDNS1123Subdomain(flags.name)) > 0 {
		return fmt.Errorf("--name %q is not the name of a resource: write lower-case letters, digits, - and dots", flags.name)
	}
	items, err := readImport(cmd, args)
	if err != nil {
		return err
	}
	if found := resource.MalformedItems(items); found.HasError() {
		return resource.MalformedError(found)
	}
	imported := external.Import(items, flags.namespaces)
	if err := checkImported(imported, flags.namespaces); err != nil {
		return err
	}
	data, err := external.YAML(flags.name, imported.Spec)
	if err != nil {
		return err
	}
	note(cmd, "read %s", countsByKind(imported.Read))
	note(cmd, "kept %s", countsByKind(imported.Kept))
	if len(imported.LeftOut) > 0 {
		note(cmd, "left out %s: others represent them, or they do not affect traffic", countsByKind(imported.LeftOut))
	}
	if err := output.Text(cmd.ErrOrStderr(), imported.Findings, detail(cmd)); err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(data); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// readImport reads standard input, or files.
func readImport(cmd *cobra.Command, args []string) ([]*yaml.RNode, error) {
	var out []*yaml.RNode
	for _, arg := range args {
		data, err := readArgument(cmd, arg)
		if err != nil {
			return nil, err
		}
		name := filepath.ToSlash(arg)
		if arg == "-" {
			name = ""
		}
		if strings.TrimSpace(string(data)) == "" {
			return nil, fmt.Errorf("%s is empty: export the resources, as in: kubectl get %s -A -o yaml | tenantfence import -", cmp.Or(name, "the input"), importKinds)
		}
		items, err := readResources(location{displayPath: name}, data, refuseNonResources)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

func readArgument(cmd *cobra.Command, arg string) (data []byte, err error) {
	if arg == "-" {
		data, err = io.ReadAll(cmd.InOrStdin())
	} else {
		data, err = os.ReadFile(arg)
	}
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return data, nil
}

// checkImported refuses a result without content, and namespaces that the input lacks.
func checkImported(i external.Imported, namespaces []string) error {
	for _, name := range namespaces {
		if !slices.ContainsFunc(i.Spec.Namespaces, func(n v1alpha1.ExternalNamespace) bool { return n.Name == name }) {
			return fmt.Errorf("--namespace %s: the input has no Namespace, workload and Service of it: correct the name, or export it", name)
		}
	}
	if len(i.Spec.Namespaces)+len(i.Spec.Nodes) == 0 {
		return fmt.Errorf("the input has no Namespace, workload, Service and Node (read %s): export them, as in: kubectl get %s -A -o yaml", countsByKind(i.Read), importKinds)
	}
	return nil
}

// countsByKind is "3 resources (Namespace: 1, Pod: 2)".
func countsByKind(counts map[string]int) string {
	total, all := 0, []string{}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		total += counts[kind]
		all = append(all, fmt.Sprintf("%s: %d", kind, counts[kind]))
	}
	if total == 0 {
		return "no resources"
	}
	return report.Count(total, "resource") + " (" + strings.Join(all, ", ") + ")"
}
