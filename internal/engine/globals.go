package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// process guards Cilium's package variables. Options, entities, the labels of identities and the counter of
// selectors belong to the process, not to a repository. Calls of one user into Cilium's code run at the same time,
// as in an agent, which has one repository.
var process struct {
	sync.RWMutex
	// user is the user for which the process is configured. 0: none.
	user     user
	settings settings
}

// user identifies a program or a table.
type user uint64

var lastUser atomic.Uint64

func newUser() user { return user(lastUser.Add(1)) }

// settings are those of an agent that Cilium reads from package variables.
type settings struct {
	cluster, labels, policies, cidrMatchMode, allowLocalhost     string
	ipv4, ipv6, hostFirewall, nonDefaultDeny, icmpRules, l7Proxy bool
}

func settingsOf(cluster string, a cilium.Agent) settings {
	s := settings{
		cluster: cluster, labels: a.Value(cilium.IdentityLabels), policies: a.Value(cilium.EnablePolicy), cidrMatchMode: a.Value(cilium.CIDRMatchMode), allowLocalhost: a.Value(cilium.AllowLocalhost),
		ipv4: a.Enabled(cilium.EnableIPv4), ipv6: a.Enabled(cilium.EnableIPv6), hostFirewall: a.Enabled(cilium.EnableHostFirewall),
		nonDefaultDeny: a.Enabled(cilium.EnableNonDefaultDeny), icmpRules: a.Enabled(cilium.EnableICMPRules), l7Proxy: a.Enabled(cilium.EnableL7Proxy),
	}
	// In Kubernetes, agents read "auto" as "always": a node reaches its own pods.
	if s.allowLocalhost == option.AllowLocalhostAuto {
		s.allowLocalhost = option.AllowLocalhostAlways
	}
	return s
}

// discardLogger drops Cilium's log. Failures are returned as errors, and the rest matters only
// in an agent.
var discardLogger = slog.New(slog.DiscardHandler)

// enter configures the process for one user of the program. It blocks other users until the caller calls unlock.
func (p *Program) enter(u user) (unlock func(), err error) {
	for {
		process.RLock()
		if process.user == u {
			return process.RUnlock, nil
		}
		process.RUnlock()
		if err := configure(u, settingsOf(p.cluster, p.agent)); err != nil {
			return nil, err
		}
	}
}

func configure(u user, s settings) error {
	process.Lock()
	defer process.Unlock()
	first := process.user == 0
	process.user = 0
	if first || process.settings.labels != s.labels {
		if err := labelsfilter.ParseLabelPrefixCfg(discardLogger, strings.Fields(s.labels), nil, ""); err != nil {
			return fmt.Errorf("%s %q: %w", cilium.IdentityLabels, s.labels, err)
		}
	}
	if first || process.settings.cluster != s.cluster {
		api.InitEntities(s.cluster)
	}
	ciliumpolicy.SetPolicyEnabled(s.policies)
	c := option.Config
	c.EnableIPv4, c.EnableIPv6, c.EnableHostFirewall = s.ipv4, s.ipv6, s.hostFirewall
	c.EnableNonDefaultDenyPolicies, c.EnableICMPRules, c.EnableL7Proxy = s.nonDefaultDeny, s.icmpRules, s.l7Proxy
	c.PolicyCIDRMatchMode = strings.Fields(s.cidrMatchMode)
	c.UnsafeDaemonConfigOption.AllowLocalhost = s.allowLocalhost
	process.settings, process.user = s, u
	return nil
}

// recoverError turns a panic of Cilium's code into an error.
func recoverError(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the policy engine stopped: %v", r)
	}
}
