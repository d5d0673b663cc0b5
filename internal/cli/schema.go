package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/strict"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON schema of a kind, or list the kinds",
		Long: `Print the JSON schema of a kind of this project, for editors and validators. Without a
KIND, list the kinds.

An editor with the YAML language server reads the schema that the first line of a file
names:

  # yaml-language-server: $schema=` + v1alpha1.SchemaAddress(v1alpha1.KindTenant),
		Example: `  tenantfence schema
  tenantfence schema Tenant > tenant.json`,
		Args:              atMostOneArgument,
		ValidArgsFunction: cobra.FixedCompletions(v1alpha1.Kinds(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := []byte(strings.Join(v1alpha1.Kinds(), "\n") + "\n")
			if len(args) == 1 {
				var err error
				if text, err = schemaOf(args[0]); err != nil {
					return err
				}
			}
			if _, err := cmd.OutOrStdout().Write(text); err != nil {
				return fmt.Errorf("write the schema: %w", err)
			}
			return nil
		},
	}
}

// schemaOf returns the schema of a kind, whatever the case of its name.
func schemaOf(name string) ([]byte, error) {
	kinds := v1alpha1.Kinds()
	i := slices.IndexFunc(kinds, func(kind string) bool { return strings.EqualFold(kind, name) })
	if i < 0 {
		return nil, fmt.Errorf("unknown kind %q: %s", name, strict.DidYouMean(name, kinds))
	}
	return v1alpha1.Schema(kinds[i])
}
