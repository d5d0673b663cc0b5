package engine

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// agent guards Cilium's package variables: options, entities and the counter that
// numbers selectors belong to the process, not to a repository. Whatever enters
// Cilium's code holds it.
var agent struct {
	sync.Mutex
	configured bool
	cluster    string
}

// quiet is Cilium's logger: what it would log is returned as an error or is of no
// interest outside of an agent.
var quiet = slog.New(slog.DiscardHandler)

// configureAgent sets the process up as an agent of the cluster is set up by the
// Helm chart's defaults. It needs agent to be held.
func configureAgent(cluster string) error {
	if !agent.configured {
		if err := labelsfilter.ParseLabelPrefixCfg(quiet, nil, nil, ""); err != nil {
			return fmt.Errorf("configure identity labels: %w", err)
		}
		ciliumpolicy.SetPolicyEnabled(option.DefaultEnforcement)
		// Kubernetes requires that a node reaches its own pods.
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
		// With both families, 0.0.0.0/0 and ::/0 are told apart, and world is both.
		option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
		// Without it, host policies select nothing.
		option.Config.EnableHostFirewall = true
		agent.configured = true
	}
	if agent.cluster != cluster {
		api.InitEntities(cluster)
		agent.cluster = cluster
	}
	return nil
}

// recovered turns a panic of Cilium's code into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the policy engine stopped: %v", r)
	}
}
