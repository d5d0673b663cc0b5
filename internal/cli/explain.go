package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	questionFlags
	port, http, dns, serverName, icmp string
	format                            *choice
}

func newExplain() *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain SRC DST [DIR | FILE... | -] [--port PORT/PROTOCOL]",
		Short: "Explain why a flow is allowed or denied, and what to add to allow it",
		Long: `Explain why a flow is allowed or denied: at both sides, the policies that select the
endpoint, those that decide, the Tenant fields that declare them, and what shadows their
L7 rules. Where a side denies the flow, the answer has the nearest miss: the rule that
differs least from one that allows the flow, and in what.

For a denied flow, the answer has the entries to add to Tenants at both sides, with the
fewest fields. They are applied and decided first: the flow passes, and no other
connection changes. If the limits of the profile do not allow an entry, the answer lists
what the platform team adds to them.

SRC and DST are endpoints as FlowTests write them: tenant-acme/Deployment/web,
acme/web, namespace/x/app=web, service/x/api, world, 192.0.2.1, api.example.com. With
a Service, --port is a port of the Service.

` + targetHelp + `

-o json has every flow (docs/schemas/explain.json).

The exit status is 0 if the flow is allowed. It is 1 if the flow is denied or only allowed
in some cases, or if findings are errors. It is 2 if the flow cannot be decided, or if the
arguments or the input cannot be read.`,
		Example: `  tenantfence explain acme/cortex beta/cortex kustomization-examples/soctalk --port 9001
  tenantfence explain acme/thehive api.example.com --port 443
  tenantfence explain world acme/thehive --port 9000 --http "GET /api"
  tenantfence explain acme/thehive service/kube-system/kube-dns --dns api.example.com`,
		Args: atLeast(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explainFlow(cmd, args[0], args[1], args[2:], flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.port, "port", "", "the destination port, such as 443 or 53/UDP; omitted: every port, or all ports of a Service")
	f.StringVar(&flags.http, "http", "", `one HTTP request, such as "GET /v1" or "POST api.example.com/v1"`)
	f.StringVar(&flags.dns, "dns", "", "one DNS name to query, if the destination is a DNS server")
	f.StringVar(&flags.serverName, "server-name", "", "the server name (SNI) of a TLS connection")
	f.StringVar(&flags.icmp, "icmp", "", "the type of ICMP message, such as EchoRequest, instead of a port")
	for _, name := range []string{"port", "http", "dns", "server-name", "icmp"} {
		complete(cmd, name, cobra.NoFileCompletions)
	}
	flags.add(cmd)
	flags.format = addFormat(cmd, `what to print: "text" or "json"`, "text", "json")
	return cmd
}

// flowTest is a FlowTest with the flow as its only case.
func (f explainFlags) flowTest(from, to string) (resource.FlowTest, error) {
	var out resource.FlowTest
	c := v1alpha1.FlowCase{Name: "explain", From: from, To: to, Expect: v1alpha1.ExpectAllow, DNS: f.dns, ServerName: f.serverName, ICMP: v1alpha1.ICMPType(f.icmp)}
	if e, err := v1alpha1.ParseEndpoint(to); err == nil && e.Form == v1alpha1.ExternalForm {
		c.Expect = v1alpha1.ExpectDeny
	}
	var err error
	if c.Port, c.Protocol, err = parsePort(f.port); err != nil {
		return out, err
	}
	if c.HTTP, err = parseRequest(f.http); err != nil {
		return out, err
	}
	if _, _, known := flow.ICMPTypeNumbers(c.ICMP); f.icmp != "" && !known {
		var names []string
		for _, t := range v1alpha1.ICMPTypes() {
			names = append(names, string(t))
		}
		return out, fmt.Errorf("--icmp %s: %s", f.icmp, strict.DidYouMean(f.icmp, names))
	}
	out.Test.Name = c.Name
	out.Test.Spec.Cases = []v1alpha1.FlowCase{c}
	out.Test.SetDefaults()
	for _, e := range out.Test.Validate() {
		field := strings.TrimPrefix(strings.TrimPrefix(e.Field, "spec.cases[0]"), ".")
		return out, fmt.Errorf("%s: %s", field, strict.Message(e))
	}
	return out, nil
}

// parsePort reads "443", "443/TCP" or, for every port of a protocol, "UDP".
func parsePort(text string) (port int32, protocol v1alpha1.Protocol, err error) {
	if text == "" {
		return 0, "", nil
	}
	number, name, _ := strings.Cut(text, "/")
	switch p := v1alpha1.Protocol(strings.ToUpper(name)); p {
	case v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP, v1alpha1.ANY, "":
		protocol = p
	default:
		return 0, "", fmt.Errorf("--port %s: the protocol must be TCP, UDP, SCTP or ANY", text)
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return 0, "", fmt.Errorf("--port %s: write a number from 1 to 65535, and a protocol if it is not TCP: 53/UDP", text)
	}
	return int32(n), protocol, nil //nolint:gosec // It has 16 bits.
}

// parseRequest reads "GET /v1", or "GET api.example.com/v1" with the host.
func parseRequest(text string) (*v1alpha1.HTTPRequest, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // No request is not an error.
	}
	method, target, found := strings.Cut(strings.TrimSpace(text), " ")
	slash := strings.Index(target, "/")
	if !found || slash < 0 {
		return nil, fmt.Errorf(`--http %q: write a method and a path: "GET /v1", or "GET api.example.com/v1"`, text)
	}
	return &v1alpha1.HTTPRequest{Method: method, Host: target[:slash], Path: target[slash:]}, nil
}

// explainFlow answers explain.
func explainFlow(cmd *cobra.Command, from, to string, target []string, flags explainFlags) error {
	if err := flags.format.check(); err != nil {
		return err
	}
	answer := report.Explanation{From: from, To: to, AsEnforced: flags.asEnforced}
	err := withProgress(cmd, func(p *output.Progress) error {
		s, err := flags.subject(cmd, p, target)
		if err != nil {
			return withoutDestination(err, to, target)
		}
		test, err := flags.flowBetween(s, from, to)
		if err != nil {
			return withoutDestination(err, to, target)
		}
		q, err := s.Ask(test)
		if err != nil {
			return err
		}
		p.Update("explaining the flow", 0, 0)
		answer.Findings = s.Findings
		if answer.Flows, err = q.Explain(test.Test.Spec.Cases[0]); err != nil {
			return errors.Join(writeFindings(cmd, s.Findings), err)
		}
		p.Update("finding what to add", 0, 0)
		answer.Proposals, err = s.Propose(test, notAllowed(answer.Flows))
		return err
	})
	if err != nil {
		return err
	}
	if err := writeExplanation(cmd, answer, flags.format.value); err != nil {
		return err
	}
	if answer.Decision() != flow.Allowed {
		return errFindings
	}
	return nil
}

// flowBetween is flowTest, between endpoints that may also be the names of Tenants and namespaces.
func (f explainFlags) flowBetween(s proof.Subject, from, to string) (resource.FlowTest, error) {
	var errs [2]error
	from, errs[0] = s.Named(from)
	to, errs[1] = s.Named(to)
	if err := errors.Join(errs[:]...); err != nil {
		return resource.FlowTest{}, err
	}
	return f.flowTest(from, to)
}

// withoutDestination adds to an error that the argument before the target is a folder, if it is one.
func withoutDestination(err error, to string, target []string) error {
	if info, statErr := os.Stat(to); len(target) > 0 || statErr != nil || !info.IsDir() {
		return err
	}
	return fmt.Errorf("%s is read as the destination, and is a folder: write tenantfence explain SRC DST DIR: %w", to, err)
}

// notAllowed returns the flows that a proposal can allow.
func notAllowed(all []report.ExplainedFlow) []flow.Flow {
	var out []flow.Flow
	for _, f := range all {
		if f.Verdict.Decision() != flow.Allowed {
			out = append(out, f.Flow)
		}
	}
	return out
}

func writeExplanation(cmd *cobra.Command, answer report.Explanation, format string) error {
	if format == "json" {
		return output.ExplainJSON(cmd.OutOrStdout(), answer)
	}
	if err := writeFindings(cmd, answer.Findings); err != nil {
		return err
	}
	return output.Explain(cmd.OutOrStdout(), answer, detail(cmd))
}
