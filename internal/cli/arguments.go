package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// requireArgument requires the one argument of a command, which its usage line names.
func requireArgument(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("an argument is missing: write %s", cmd.UseLine())
	}
	return atMostOneArgument(cmd, args)
}

// atMostOneArgument refuses more arguments than the one that the usage line of a command names.
func atMostOneArgument(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%d arguments (%s) are too many: write %s", len(args), strings.Join(args, " "), cmd.UseLine())
	}
	return nil
}

// noArguments refuses arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument: remove %s", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}

// exclude refuses two flags together.
func exclude(cmd *cobra.Command, one, other string) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if f := cmd.Flags(); f.Changed(one) && f.Changed(other) {
			return fmt.Errorf("--%s and --%s exclude each other: remove one of them", one, other)
		}
		if before == nil {
			return nil
		}
		return before(cmd, args)
	}
}

// choice is a flag with a fixed set of values.
type choice struct {
	flag, value string
	values      []string
}

// addChoice adds a flag with a fixed set of values, which shells complete. The first is the default.
func addChoice(cmd *cobra.Command, name, shorthand, usage string, values ...string) *choice {
	c := &choice{flag: name, values: values}
	cmd.Flags().StringVarP(&c.value, name, shorthand, values[0], usage)
	complete(cmd, name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// addFormat adds the flag --output, which is the format of the output in every command.
func addFormat(cmd *cobra.Command, usage string, values ...string) *choice {
	return addChoice(cmd, "output", "o", usage, values...)
}

// complete completes the values of a flag.
func complete(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	// It never fails for a flag that exists.
	_ = cmd.RegisterFlagCompletionFunc(flag, values)
}

// check refuses a value that is not one of the set.
func (c *choice) check() error {
	if slices.Contains(c.values, c.value) {
		return nil
	}
	return fmt.Errorf("--%s %q: %s", c.flag, c.value, c.fix())
}

// oneOf quotes values.
func oneOf(values []string) string {
	var quoted []string
	for _, v := range values {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

func (c *choice) fix() string {
	fix := "use " + oneOf(c.values)
	if near := strict.Nearest(c.value, c.values); near != "" {
		fix = fmt.Sprintf("did you mean %q? ", near) + fix
	}
	return fix
}

// flagError adds the nearest flag to the error about one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := err.(*pflag.NotExistError) //nolint:errorlint // pflag returns it as it is
	if !ok {
		return fmt.Errorf("%w: %s --help lists the flags", err, cmd.CommandPath())
	}
	name := unknown.GetSpecifiedName()
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := strict.Nearest(name, names); near != "" {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", name, near)
	}
	return fmt.Errorf("%w: %s --help lists the flags", err, cmd.CommandPath())
}

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
