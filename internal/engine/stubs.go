package engine

import (
	"context"
	"errors"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
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

// subject is the pod or node of a policy map.
type subject struct {
	id    uint64
	ports types.NamedPortMap
	node  bool
}

var _ ciliumpolicy.PolicyOwner = subject{}

func (s subject) GetID() uint64 { return s.id }

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
