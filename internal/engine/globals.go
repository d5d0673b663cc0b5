package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// process guards Cilium's package variables: options, entities and the counter that
// numbers selectors belong to the process, not to a repository. Whatever enters
// Cilium's code holds it, and has its own agent's options in place.
var process struct {
	sync.Mutex
	configured bool
	cluster    string
	labels     string
}

// discardLogger is Cilium's logger: what it would log is returned as an error or is of no
// interest outside of an agent.
var discardLogger = slog.New(slog.DiscardHandler)

// enter sets the process up as the engine's agent is configured, and keeps every other
// engine out until leave is called.
func (e *Engine) enter() (unlock func(), err error) {
	process.Lock()
	if err := configure(e.cluster, e.agent); err != nil {
		process.Unlock()
		return nil, err
	}
	return process.Unlock, nil
}

func configure(cluster string, a policy.Agent) error {
	if prefixes := a.Value(policy.IdentityLabels); !process.configured || process.labels != prefixes {
		if err := labelsfilter.ParseLabelPrefixCfg(discardLogger, strings.Fields(prefixes), nil, ""); err != nil {
			return fmt.Errorf("%s %q: %w", policy.IdentityLabels, prefixes, err)
		}
		process.labels = prefixes
	}
	if !process.configured || process.cluster != cluster {
		api.InitEntities(cluster)
		process.cluster = cluster
	}
	process.configured = true

	ciliumpolicy.SetPolicyEnabled(a.Value(policy.EnablePolicy))
	c := option.Config
	c.EnableIPv4, c.EnableIPv6 = a.Enabled(policy.EnableIPv4), a.Enabled(policy.EnableIPv6)
	c.EnableHostFirewall = a.Enabled(policy.EnableHostFirewall)
	c.EnableNonDefaultDenyPolicies = a.Enabled(policy.EnableNonDefaultDeny)
	c.EnableICMPRules = a.Enabled(policy.EnableICMPRules)
	c.EnableL7Proxy = a.Enabled(policy.EnableL7Proxy)
	c.PolicyCIDRMatchMode = strings.Fields(a.Value(policy.CIDRMatchMode))
	// In Kubernetes, agents take "auto" for "always": a node reaches its own pods.
	c.UnsafeDaemonConfigOption.AllowLocalhost = a.Value(policy.AllowLocalhost)
	if c.UnsafeDaemonConfigOption.AllowLocalhost == option.AllowLocalhostAuto {
		c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	}
	return nil
}

// recoverError turns a panic of Cilium's code into an error.
func recoverError(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the policy engine stopped: %v", r)
	}
}
