package engine

import (
	"errors"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/parallel"
)

// Identities returns the number of identities that pods have. Of Options, it reads the cluster's name and the agents.
func Identities(opts Options, pods []endpoints.Endpoint) (_ int, err error) {
	p := newProgram(opts)
	unlock, err := p.enter(newUser())
	if err != nil {
		return 0, err
	}
	defer unlock()
	defer recoverError(&err)
	keys, errs := make([]string, len(pods)), make([]error, len(pods))
	parallel.For(len(pods), func(i int) {
		ports, err := namedPorts(pods[i].Ports)
		keys[i], errs[i] = strings.Join(sortedLabels(p.podLabels(pods[i], ports)), "\n"), err
	})
	distinct := map[string]bool{}
	for _, key := range keys {
		distinct[key] = true
	}
	return len(distinct), errors.Join(errs...)
}
