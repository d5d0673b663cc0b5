package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// subjects caches openings. Pods with the same rules and ports have the same openings, which
// are computed once.
type subjects struct {
	// rules has the rules by the namespace of their policy, "" for cluster-wide policies.
	rules map[string][]subjectRule
	count int
	// openings has the cached openings by openingsKey.
	openings map[string][]flow.Opening
	// peers is the number of peers in the cache.
	peers int
	// generation is the engine's generation when the openings were computed.
	generation int
}

// subjectRule is the selector of a rule's subject.
type subjectRule struct {
	*types.LabelSelector
	// effect is equal for rules with the same effect on a pod.
	effect string
}

// add records the rules of a policy as they are enforced.
func (s *subjects) add(namespace string, entries types.PolicyEntries) {
	for _, entry := range entries {
		if entry.Node {
			continue
		}
		s.count++
		effect := strconv.Itoa(s.count)
		if entry.L3 == nil && entry.IsAllow() {
			// It has no peer, and may default-deny a direction.
			effect = fmt.Sprintf("%v %v %v %v", entry.Ingress, entry.DefaultDeny, entry.Tier, entry.Priority)
		}
		s.rules[namespace] = append(s.rules[namespace], subjectRule{entry.Subject, effect})
	}
}

// openingsKey is equal for pods that have the same openings.
func (s *subjects) openingsKey(pod *knownPod, namespace string) string {
	var effects []string
	for _, ns := range []string{"", namespace} {
		for _, r := range s.rules[ns] {
			if r.Matches(pod.id.LabelArray) {
				effects = append(effects, r.effect)
			}
		}
	}
	slices.Sort(effects)
	var ports []string
	for name, p := range pod.ports {
		ports = append(ports, fmt.Sprintf("%q %v", name, p))
	}
	slices.Sort(ports)
	return fmt.Sprintf("%q %q %q", namespace, strings.Join(slices.Compact(effects), ","), ports)
}

// maxCached limits two caches: the peers of openings, and the entries of policy maps. Evicted
// results are computed again.
const maxCached = 200_000

func (s *subjects) store(key string, openings []flow.Opening) {
	n := 0
	for _, o := range openings {
		n += len(o.Peers)
	}
	if s.peers += n; s.peers > maxCached {
		clear(s.openings)
		s.peers = n
	}
	s.openings[key] = openings
}

// openings returns the openings of a pod, computed once for all pods with the same key.
func (e *Engine) openings(pod endpoints.Endpoint, dir flow.Direction) ([]flow.Opening, error) {
	if pod.Kind != endpoints.PodEndpoint {
		return e.walk(pod, dir)
	}
	known, err := e.pod(pod)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", dir, pod.Name, err)
	}
	s := &e.subjects
	if s.generation != e.generation {
		s.generation, s.peers = e.generation, 0
		clear(s.openings)
	}
	known.openingsKey = cmp.Or(known.openingsKey, s.openingsKey(known, pod.Namespace))
	key := string(dir) + " " + known.openingsKey
	if have, ok := s.openings[key]; ok {
		return slices.Clone(have), nil
	}
	out, err := e.walk(pod, dir)
	if err == nil {
		s.store(key, out)
	}
	return slices.Clone(out), err
}
