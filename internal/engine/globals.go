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

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// process guards Cilium's package variables. Options, entities and the counter of selectors
// belong to the process, not to a repository. Every call into Cilium's code locks it, after it
// configured the options of its own agent.
var process struct {
	sync.Mutex
	configured bool
	cluster    string
	labels     string
}

// discardLogger drops Cilium's log. Failures are returned as errors, and the rest matters only
// in an agent.
var discardLogger = slog.New(slog.DiscardHandler)

// enter configures the process for the program's agent. It blocks every other program until the
// caller calls unlock.
func (p *Program) enter() (unlock func(), err error) {
	process.Lock()
	if err := configure(p.cluster, p.agent); err != nil {
		process.Unlock()
		return nil, err
	}
	return process.Unlock, nil
}

func configure(cluster string, a cilium.Agent) error {
	if prefixes := a.Value(cilium.IdentityLabels); !process.configured || process.labels != prefixes {
		if err := labelsfilter.ParseLabelPrefixCfg(discardLogger, strings.Fields(prefixes), nil, ""); err != nil {
			return fmt.Errorf("%s %q: %w", cilium.IdentityLabels, prefixes, err)
		}
		process.labels = prefixes
	}
	if !process.configured || process.cluster != cluster {
		api.InitEntities(cluster)
		process.cluster = cluster
	}
	process.configured = true

	ciliumpolicy.SetPolicyEnabled(a.Value(cilium.EnablePolicy))
	c := option.Config
	c.EnableIPv4, c.EnableIPv6 = a.Enabled(cilium.EnableIPv4), a.Enabled(cilium.EnableIPv6)
	c.EnableHostFirewall = a.Enabled(cilium.EnableHostFirewall)
	c.EnableNonDefaultDenyPolicies = a.Enabled(cilium.EnableNonDefaultDeny)
	c.EnableICMPRules = a.Enabled(cilium.EnableICMPRules)
	c.EnableL7Proxy = a.Enabled(cilium.EnableL7Proxy)
	c.PolicyCIDRMatchMode = strings.Fields(a.Value(cilium.CIDRMatchMode))
	// In Kubernetes, agents read "auto" as "always": a node reaches its own pods.
	c.UnsafeDaemonConfigOption.AllowLocalhost = a.Value(cilium.AllowLocalhost)
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
