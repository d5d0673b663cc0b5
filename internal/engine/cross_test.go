package engine_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// What the engine says is what the documentation of policies says.
func TestTheEngineAgreesWithANaiveOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		d := newDice(seed)
		docs := d.policies(t)
		e, err := engine.New(engine.Options{}, docs, nil)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, docs)
		}
		n := readNaively(t, docs)
		for range 60 {
			f := d.flow()
			v, err := e.Decide(f)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, docs)
			}
			if want := n.side(policy.Egress, f.From, f.To, f); v.Egress.Decision != want {
				t.Fatalf("seed %d: egress of %s: got %v, want %s\n%s", seed, f, v, want, docs)
			}
			if want := n.side(policy.Ingress, f.To, f.From, f); v.Ingress.Decision != want {
				t.Fatalf("seed %d: ingress of %s: got %v, want %s\n%s", seed, f, v, want, docs)
			}
		}
	}
}
