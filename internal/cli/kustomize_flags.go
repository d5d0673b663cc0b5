package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/tenantfence/tenantfence/internal/kustomize"
)

// The flags of kustomize build that a command with a folder to build has.
const (
	enableHelmFlag      = "enable-helm"
	helmCommandFlag     = "helm-command"
	helmAPIVersionsFlag = "helm-api-versions"
	helmKubeVersionFlag = "helm-kube-version"
	helmDebugFlag       = "helm-debug"
	loadRestrictorFlag  = "load-restrictor"
)

// addKustomizeFlags adds flags with the names, defaults and meanings of kustomize build.
func addKustomizeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Bool(enableHelmFlag, false, "inflate the helmCharts of kustomizations: run helm")
	f.String(helmCommandFlag, "helm", "the helm to run")
	f.StringArray(helmAPIVersionsFlag, nil, "an API version that charts find in Capabilities.APIVersions; may be repeated")
	f.String(helmKubeVersionFlag, "", "the Kubernetes version that charts find in Capabilities.KubeVersion")
	f.Bool(helmDebugFlag, false, "add the debug output of helm to its errors")
	restrictor := loadRestrictor(types.LoadRestrictionsRootOnly.String())
	f.Var(&restrictor, loadRestrictorFlag, `which files a kustomization may read: "LoadRestrictionsRootOnly" (in its folder or below) or "LoadRestrictionsNone"`)
	f.Bool("enable-alpha-plugins", false, "accepted, and changes nothing: TenantFence always runs, and no other function")
	f.Bool("enable-exec", false, "accepted, and changes nothing")
}

// kustomizeOptions are the options that these flags set. Without them it returns the defaults.
func kustomizeOptions(cmd *cobra.Command) kustomize.Options {
	f, o := cmd.Flags(), kustomize.Options{}
	// An error reports a command without the flag.
	o.Helm.Enabled = isSet(cmd, enableHelmFlag)
	o.Helm.Command, _ = f.GetString(helmCommandFlag)
	o.Helm.ApiVersions, _ = f.GetStringArray(helmAPIVersionsFlag)
	o.Helm.KubeVersion, _ = f.GetString(helmKubeVersionFlag)
	o.Helm.Debug = isSet(cmd, helmDebugFlag)
	if restrictor := f.Lookup(loadRestrictorFlag); restrictor != nil && restrictor.Value.String() == types.LoadRestrictionsNone.String() {
		o.LoadRestrictions = types.LoadRestrictionsNone
	}
	return o
}

// loadRestrictor is the value of --load-restrictor.
type loadRestrictor string

func (l *loadRestrictor) String() string { return string(*l) }

func (l *loadRestrictor) Type() string { return "string" }

// Set sets the value. As in kustomize, an empty one is the default.
func (l *loadRestrictor) Set(value string) error {
	switch value {
	case "", types.LoadRestrictionsRootOnly.String(), types.LoadRestrictionsNone.String():
		*l = loadRestrictor(value)
		return nil
	}
	return errors.New("use LoadRestrictionsRootOnly or LoadRestrictionsNone")
}

// givenKustomizeFlags are the flags of kustomize that were given, as text in front of an argument.
func givenKustomizeFlags(cmd *cobra.Command) string {
	out := ""
	for _, name := range []string{enableHelmFlag, helmCommandFlag, helmKubeVersionFlag, loadRestrictorFlag} {
		f := cmd.Flags().Lookup(name)
		switch {
		case f == nil || !f.Changed:
		case f.Value.Type() == "bool" && f.Value.String() == "true":
			out += fmt.Sprintf("--%s ", name)
		default:
			out += fmt.Sprintf("--%s=%s ", name, f.Value)
		}
	}
	for _, version := range kustomizeOptions(cmd).Helm.ApiVersions {
		out += fmt.Sprintf("--%s=%s ", helmAPIVersionsFlag, version)
	}
	return out
}
