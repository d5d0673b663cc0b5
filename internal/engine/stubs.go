package engine

import (
	"context"
	"errors"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// secrets represents an agent that passes TLS secrets on by reference. Their contents are not
// needed to decide a flow.
type secrets struct{}

func (secrets) GetTLSContext(_ context.Context, tls *api.TLSContext, _ string) (ca, public, private string, inline bool, err error) {
	if tls.Secret == nil {
		return "", "", "", false, errors.New("a TLS context names no secret")
	}
	return "", "", "", false, nil
}

func (secrets) GetSecretString(context.Context, *api.Secret, string) (string, error) { return "", nil }
func (secrets) PolicySecretSyncEnabled() bool                                        { return true }
func (secrets) SecretsOnlyFromSecretsNamespace() bool                                { return true }
func (secrets) GetSecretSyncNamespace() string                                       { return "" }

// noNotifier replaces the agent's DNS proxy, which registers every name that a policy selects.
type noNotifier struct{}

func (noNotifier) RegisterFQDNSelector(api.FQDNSelector) uint64   { return 0 }
func (noNotifier) UnregisterFQDNSelector(api.FQDNSelector) uint64 { return 0 }

// subject is a pod or node as policies select it. The same policies select all pods of an identity.
// Their policy maps may differ, because each pod defines its own named ports.
type subject struct {
	identity *identity.Identity
	labels   labels.LabelArray
	ports    types.NamedPortMap
	node     bool
	// namespace is that of a pod.
	namespace string
	// optional reports that policies decide only if one isolates the endpoint.
	optional bool
}

func newSubject(id *identity.Identity, ports types.NamedPortMap, node bool) *subject {
	if id == nil {
		return nil
	}
	return &subject{identity: id, labels: id.LabelArray, ports: ports, node: node}
}

var _ ciliumpolicy.PolicyOwner = subject{}

func (s subject) GetID() uint64 { return uint64(s.identity.ID) }

func (s subject) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	port, err := s.ports.GetNamedPort(name, proto)
	if err != nil {
		return 0
	}
	return port
}

func (subject) PolicyDebug(string, ...any)               {}
func (s subject) IsHost() bool                           { return s.node }
func (subject) PreviousMapState() *ciliumpolicy.MapState { return nil }

func (subject) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
