// Package flowtest asks policies about any endpoints, for tests. It compiles them again for each endpoint
// that it does not know yet.
package flowtest

import (
	"fmt"
	"sync"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Engine asks the policies of a program.
type Engine struct {
	program flow.Program
	pods    []endpoints.Endpoint

	mu  sync.Mutex
	env *endpoints.Environment
	// others are engines whose policies are compared with these.
	others []*Engine
	asked  []endpoints.Endpoint
	view   *flow.View
}

// New returns an engine for a build with some pods. It passes on the error of the program.
func New(program flow.Program, err error, pods []endpoints.Endpoint) (*Engine, error) {
	if err != nil {
		return nil, err
	}
	e := &Engine{program: program, pods: pods}
	return e, e.compile()
}

func (e *Engine) compile() error {
	set := endpoints.NewSet(e.pods)
	if e.env != nil {
		selections := []endpoints.Selections{e.program.Selections()}
		for _, o := range e.others {
			selections = append(selections, o.program.Selections())
		}
		if err := set.AddRepresentatives(*e.env, selections...); err != nil {
			return err
		}
	}
	set.Ask(e.asked...)
	view, err := flow.Compile(e.program, set)
	if err == nil {
		e.view = view
	}
	return err
}

// ask compiles the policies for some endpoints, too.
func (e *Engine) ask(all ...endpoints.Endpoint) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := true
	for _, ep := range all {
		if _, ok := e.view.Set.Find(ep); !ok {
			known = false
			e.asked = append(e.asked, ep)
		}
	}
	if known {
		return nil
	}
	return e.compile()
}

// Decide decides a flow.
func (e *Engine) Decide(f flow.Flow) (flow.Verdict, error) {
	if err := e.ask(f.From, f.To); err != nil {
		return flow.Verdict{}, err
	}
	v, err := e.view.Decide(f)
	if err == nil {
		err = e.check(f, v)
	}
	return v, err
}

// check compares a verdict with what an oracle decides for each case of the other side. It skips DNS names,
// which depend on lookups as well, and requests.
func (e *Engine) check(f flow.Flow, v flow.Verdict) error {
	by, ok := NewOracle(e.view)
	ports, err := f.PortRanges()
	if !ok || err != nil || !isPlain(f) {
		return err
	}
	for _, s := range []struct {
		side     flow.Side
		at, peer endpoints.Endpoint
		d        flow.Direction
	}{{v.Egress, f.From, f.To, flow.Egress}, {v.Ingress, f.To, f.From, flow.Ingress}} {
		at, _ := e.view.Set.Find(s.at)
		peer, _ := e.view.Set.Find(s.peer)
		want, err := by.Decide(at, peer, s.d, ports[0])
		if err == nil && want != "" && s.side.Decision != flow.NotEnforced && s.side.Decision != want {
			err = fmt.Errorf("%s of %s: the table decides %s, and a lookup %s", s.d, f, s.side.Decision, want)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isPlain(f flow.Flow) bool {
	return f.Port != 0 && f.To.Kind != endpoints.NameEndpoint && f.HTTP == nil && f.DNS == "" && f.ServerName == ""
}

// Openings lists what policies allow at a pod or node.
func (e *Engine) Openings(subject endpoints.Endpoint, d flow.Direction) ([]flow.Opening, error) {
	if err := e.ask(subject); err != nil {
		return nil, err
	}
	return e.view.Openings(subject, d)
}

// Representatives adds the endpoints that policies distinguish in an environment, those of other engines
// among them, and returns all listed endpoints.
func (e *Engine) Representatives(env endpoints.Environment, others ...*Engine) ([]endpoints.Endpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.env, e.others = &env, others
	if err := e.compile(); err != nil {
		return nil, err
	}
	return e.view.Set.Known(), nil
}

// Program returns the program.
func (e *Engine) Program() flow.Program { return e.program }
