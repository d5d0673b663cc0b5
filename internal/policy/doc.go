// Package policy has the types that the other packages share: what a Tenant declares (Tenant,
// Grant, Peer, Port), what is generated for it (Policy, Rule), what an engine decides (Flow,
// Endpoint, Verdict, Engine), and what is reported (Report, Reason).
//
// It performs no I/O. Of this module it imports only api and internal/report.
package policy
