// Package engine decides flows with Cilium's own policy engine, run in process.
// It is the only package that imports Cilium's pkg/policy, and the one that
// follows a new Cilium release.
//
// What a policy means is nowhere written down here: policies are parsed by the
// code that the agent parses them with, identities are derived as the agent
// derives them, and a flow is looked up as the datapath looks it up. What is
// written here is the cluster around it: which pods, addresses and names exist.
package engine
