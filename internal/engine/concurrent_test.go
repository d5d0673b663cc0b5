package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// viewOf compiles policies for all endpoints of the scenario, with representative ones.
func viewOf(agent cilium.Agent, docs []json.RawMessage) (*flow.View, error) {
	p, err := engine.Read(engine.Options{Agent: agent}, docs)
	if err != nil {
		return nil, err
	}
	var deployed []endpoints.Endpoint
	for _, name := range sortedPods() {
		deployed = append(deployed, pods[name])
	}
	set := endpoints.NewSet(deployed)
	if err := set.AddRepresentatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil, "beta": nil}}, p.Selections()); err != nil {
		return nil, err
	}
	return flow.Compile(p, set)
}

// listed is a text of all openings of a view, in the order of its endpoints.
func listed(v *flow.View, ahead bool) string {
	var b strings.Builder
	add := func(ep endpoints.Endpoint) {
		size, err := v.SizeAt(ep)
		fmt.Fprintf(&b, "%s: %d entries %v\n", ep.Name, size, err)
		for _, d := range flow.Directions() {
			all, err := v.Openings(ep, d)
			fmt.Fprintf(&b, "%s %s: %v\n", d, ep.Name, err)
			for _, o := range all {
				fmt.Fprintf(&b, "  %s %t %v %s:", o.Ports.Text(), o.Partial, o.Policies, o.L7.String())
				for peer := range o.Peers.All() {
					fmt.Fprintf(&b, " %s", peer.Name)
				}
				b.WriteByte('\n')
			}
		}
	}
	if ahead {
		for _, ep := range flow.Ahead(v.Set.Known(), v) {
			add(ep)
		}
	} else {
		for _, ep := range v.Set.Known() {
			add(ep)
		}
	}
	return b.String()
}

// TestProgramsAtTheSameTime compiles policies for agents with several settings at the same time, and compares what
// they open with what each program opens alone.
func TestProgramsAtTheSameTime(t *testing.T) {
	agents := []cilium.Agent{
		cilium.AllFeatures(), cilium.AllFeatures().With(cilium.DefaultLocalCluster, "false", "test"), cilium.AllFeatures().With(cilium.EnableIPv6, "false", "test"),
		cilium.AllFeatures().With(cilium.CIDRMatchMode, "nodes", "test"), cilium.AllFeatures().With(cilium.AllowLocalhost, "policy", "test"),
	}
	open := func(agent cilium.Agent, docs []json.RawMessage, ahead bool) string {
		v, err := viewOf(agent, docs)
		if err != nil {
			return err.Error()
		}
		return listed(v, ahead)
	}
	different := map[string]bool{}
	for seed := range uint64(12) {
		docs := newGenerator(seed).policies(t)
		alone, together := make([]string, len(agents)), make([]string, len(agents))
		for i, agent := range agents {
			alone[i] = open(agent, docs, false)
			different[alone[i]] = true
		}
		var running sync.WaitGroup
		for i, agent := range agents {
			running.Go(func() { together[i] = open(agent, docs, true) })
		}
		running.Wait()
		for i := range agents {
			if together[i] != alone[i] {
				t.Fatalf("seed %d, agent %d: together\n%s\nalone\n%s", seed, i, together[i], alone[i])
			}
		}
	}
	if len(different) < 30 {
		t.Errorf("only %d results differ: change the agents", len(different))
	}
}
