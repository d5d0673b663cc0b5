package proof

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Cache keeps results by a hash of all that they depend on, and of the program that decided them. It is trusted.
type Cache interface {
	// Get returns a result, and reports whether the cache has it.
	Get(key [sha256.Size]byte) ([]byte, bool, error)
	Put(key [sha256.Size]byte, result []byte) error
}

// recalled are results of earlier proofs. Only those without any finding are kept, so a finding is always decided anew.
type recalled struct {
	cache Cache
	units []unit
	// known are the parts of tenants that are not decided again.
	known map[string]reach.Part
	// decided are the parts of the others. Nil: isolation was not decided.
	decided map[string]*reach.Part
}

// unit are tenants that are kept together: one, or all that share namespaces.
type unit struct {
	tenants []string
	key     [sha256.Size]byte
	known   bool
}

// recall finds the tenants that need not be decided again, and leaves them out. It does nothing without a cache, and
// where any pod may depend on any other.
func (p *proof) recall(level v1alpha1.Proof, settings []otherSetting) error {
	if p.cache == nil || !p.slice.IsWhole() || p.listAccess || level != v1alpha1.ProofIsolation {
		return nil
	}
	all, err := p.neighboursByAgent(settings)
	if err != nil || all == nil {
		return err
	}
	out := &recalled{cache: p.cache, units: unitsOf(p.Fence), known: map[string]reach.Part{}}
	if err := out.find(p.keys(all, settings)); err != nil {
		return err
	}
	p.recalled, p.slice = out, out.rest()
	return nil
}

// find reads the results that the cache has.
func (r *recalled) find(k *keys) error {
	for i := range r.units {
		u := &r.units[i]
		u.key = k.of(*u)
		data, found, err := r.cache.Get(u.key)
		if err != nil {
			return err
		}
		var parts map[string]reach.Part
		if u.known = found && json.Unmarshal(data, &parts) == nil && len(parts) == len(u.tenants); u.known {
			for _, tenant := range u.tenants {
				r.known[tenant] = parts[tenant]
			}
		}
	}
	return nil
}

// neighboursByAgent reads the neighbours for the agents of the fence, and for all others with which a proof is repeated. It
// returns nil if they are not known, or the policies are not decided.
func (p *proof) neighboursByAgent(settings []otherSetting) ([]*neighbours, error) {
	var out []*neighbours
	for i, agent := range append([]cilium.Agent{p.Fence.Agent}, p.otherAgents(settings)...) {
		q := *p
		q.Fence, q.alternativeAgent = p.Fence.WithAgent(agent), i > 0
		e, findings, err := q.start()
		program, ok := e.Program.(*engine.Program)
		if err != nil || !ok || findings.HasError() {
			return nil, nil //nolint:nilerr // The proof meets the error again, and reports it.
		}
		b, err := q.neighbours(program)
		if err != nil || b.unknown {
			return nil, err
		}
		if b.distinctions, err = program.Distinctions(networksOf(q.Fence.Grants)); err != nil {
			return nil, err
		}
		for _, ref := range e.undecided {
			b.undecided = append(b.undecided, resource.IDOf(ref).String())
		}
		if out = append(out, b); i == 0 {
			p.started = &started{e, findings}
		}
	}
	return out, nil
}

// parts are the parts of tenants that are not decided again. Nil: every tenant is decided.
func (r *recalled) parts() map[string]reach.Part {
	if r == nil || len(r.known) == 0 {
		return nil
	}
	return r.known
}

// decide takes the parts that were decided, and returns the number of tenants that were not.
func (r *recalled) decide(parts map[string]*reach.Part) int {
	if r == nil {
		return 0
	}
	r.decided = parts
	return len(r.known)
}

// rest is the slice that is decided: the tenants that are not known, and what belongs to none.
func (r *recalled) rest() report.Slice {
	if len(r.known) == 0 {
		return report.Slice{}
	}
	names := []string{""}
	for _, u := range r.units {
		if !u.known {
			names = append(names, u.tenants...)
		}
	}
	return report.TenantSlice(names...)
}

// keep writes the parts that were decided without a finding, if other settings of the agents change nothing. Findings
// without an engine, and those about the build as a whole, are found in each run.
func (r *recalled) keep(ofOtherSettings report.Findings) error {
	changed := slices.ContainsFunc(ofOtherSettings, func(f report.Finding) bool { return f.Severity != report.Info })
	if r.decided == nil || changed {
		return nil
	}
	for _, u := range r.units {
		parts, clean := map[string]reach.Part{}, !u.known
		for _, tenant := range u.tenants {
			if part := r.decided[tenant]; part != nil {
				parts[tenant] = *part
			} else {
				parts[tenant] = reach.Part{}
			}
			clean = clean && parts[tenant].Clean()
		}
		if !clean {
			continue
		}
		data, err := json.Marshal(parts)
		if err != nil {
			return fmt.Errorf("write what was decided about Tenant %q: %w", u.tenants[0], err)
		}
		if err := r.cache.Put(u.key, data); err != nil {
			return err
		}
	}
	return nil
}

// unitsOf returns the units of a fence.
func unitsOf(f *policy.Fence) []unit {
	var out []unit
	seen := map[string]bool{}
	for _, t := range f.Tenants() {
		var u unit
		for waiting := []*policy.Owner{t}; len(waiting) > 0; waiting = waiting[1:] {
			one := waiting[0]
			if seen[one.Name] {
				continue
			}
			seen[one.Name] = true
			u.tenants = append(u.tenants, one.Name)
			for _, ns := range one.Namespaces {
				waiting = append(waiting, f.TenantsIn(ns)...)
			}
		}
		if len(u.tenants) > 0 {
			slices.Sort(u.tenants)
			out = append(out, u)
		}
	}
	return out
}
