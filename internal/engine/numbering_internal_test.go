package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// manyPods are pods in pairs: each web is allowed to reach its db.
func manyPods(pairs int) (pods []endpoints.Endpoint, docs []json.RawMessage) {
	for i := range pairs {
		ns := fmt.Sprintf("t%d", i/100)
		for _, app := range []string{"web", "db"} {
			name := fmt.Sprintf("%s%d", app, i)
			pods = append(pods, endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: ns + "/" + name, Namespace: ns, Labels: map[string]string{"app": name}})
		}
		docs = append(docs, json.RawMessage(fmt.Sprintf(`{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"namespace":"%s","name":"p%d"},
			"spec":{"endpointSelector":{"matchLabels":{"app":"db%d"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"web%d"}}],"toPorts":[{"ports":[{"port":"5432","protocol":"TCP"}]}]}]}}`, ns, i, i, i)))
	}
	return pods, docs
}

// viewFrom compiles policies for pods whose identities have numbers from first.
func viewFrom(tb testing.TB, first uint32, pods []endpoints.Endpoint, docs []json.RawMessage) *flow.View {
	tb.Helper()
	p, err := Read(Options{Agent: cilium.AllFeatures()}, docs)
	if err != nil {
		tb.Fatal(err)
	}
	p.firstIdentity = first
	set := endpoints.NewSet(pods)
	if err := set.AddRepresentatives(endpoints.Environment{}, p.Selections()); err != nil {
		tb.Fatal(err)
	}
	view, err := flow.Compile(p, set)
	if err != nil {
		tb.Fatal(err)
	}
	return view
}

// TestIdentitiesBeyondAnAgents numbers the pods' identities from 70,000, which an agent of a cluster does not
// have, and expects the same openings.
func TestIdentitiesBeyondAnAgents(t *testing.T) {
	t.Parallel()
	pods, docs := manyPods(20)
	usual, beyond := viewFrom(t, 0, pods, docs), viewFrom(t, 70_000, pods, docs)
	for i, pod := range pods {
		cases, err := beyond.Table().Cases(endpoints.ID(i + 1))
		if err != nil || len(cases) != 1 || cases[0].ID < 70_000 || cases[0].Scope != thisCluster {
			t.Fatalf("%s has the cases %v, %v, and must have an identity of this cluster from 70,000", pod.Name, cases, err)
		}
		for _, d := range flow.Directions() {
			want, err := usual.Openings(pod, d)
			if err != nil {
				t.Fatal(err)
			}
			got, err := beyond.Openings(pod, d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withPeers(want), withPeers(got)); diff != "" {
				t.Errorf("%s of %s: %s", d, pod.Name, diff)
			}
		}
	}
}

// withPeers spells openings and their peers.
func withPeers(all flow.Openings) string {
	var out []string
	for _, o := range all {
		peers := o.Peers.Endpoints()
		o.Peers = nil
		out = append(out, fmt.Sprint(o, peers))
	}
	return strings.Join(out, "\n")
}

// BenchmarkManyPods asks about one of 80,000 pods that policies distinguish.
func BenchmarkManyPods(b *testing.B) {
	pods, docs := manyPods(40_000)
	for b.Loop() {
		p, err := Read(Options{Agent: cilium.AllFeatures()}, docs)
		if err != nil {
			b.Fatal(err)
		}
		view, err := flow.Compile(p, endpoints.NewSet(pods))
		if err != nil {
			b.Fatal(err)
		}
		v, err := view.Decide(flow.Flow{From: pods[len(pods)-2], To: pods[len(pods)-1], Port: 5432})
		if err != nil || v.Decision() != flow.Allowed || view.Identities() != len(pods) {
			b.Fatalf("got %v, %v with %d identities", v, err, view.Identities())
		}
	}
}
