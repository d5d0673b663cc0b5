// Package engine decides flows with Cilium's own policy engine, run in process.
// It is the only package that imports Cilium's pkg/policy, and the one that
// changes with a new Cilium release.
//
// The package does not reimplement the semantics of policies. The agent's code
// parses policies and derives identities, and the datapath's lookup decides
// flows. This package models the cluster: which pods, addresses and names exist.
package engine
