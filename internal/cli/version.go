package cli

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/output"
)

func newVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this program, of its policy engine and of its libraries",
		Args:  noArguments,
	}
	format := addFormat(cmd, `what to print: "text" or "json"`, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := format.check(); err != nil {
			return err
		}
		if format.value == "json" {
			return output.VersionJSON(cmd.OutOrStdout(), versions())
		}
		if _, err := fmt.Fprint(cmd.OutOrStdout(), versionText(versions())); err != nil {
			return fmt.Errorf("write the versions: %w", err)
		}
		return nil
	}
	return cmd
}

// unknownVersion is the version of what the linker did not record. Binaries of tests have no modules.
const unknownVersion = "unknown"

// versions reads the versions that the linker recorded.
func versions() document.Version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: unknownVersion}
	}
	return versionsOf(info)
}

func versionsOf(info *debug.BuildInfo) document.Version {
	v := document.Version{Version: cmp.Or(info.Main.Version, unknownVersion), Go: info.GoVersion, Cilium: unknownVersion, Kustomize: unknownVersion, Kubernetes: unknownVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dependency := range info.Deps {
		switch dependency.Path {
		case "github.com/cilium/cilium":
			v.Cilium = dependency.Version
		case "sigs.k8s.io/kustomize/api":
			v.Kustomize = dependency.Version
		case "k8s.io/api":
			v.Kubernetes = dependency.Version
		}
	}
	return v
}

func versionText(v document.Version) string {
	source := ""
	if v.Commit != "" {
		source = " (commit " + v.Commit
		if v.Modified {
			source += ", modified"
		}
		source += ")"
	}
	return fmt.Sprintf("tenantfence %s%s\nCilium policy engine %s\nkustomize API %s\nKubernetes API %s\nGo %s\n", v.Version, source, v.Cilium, v.Kustomize, v.Kubernetes, v.Go)
}
