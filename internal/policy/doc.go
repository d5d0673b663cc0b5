// Package policy holds the nouns that the rest of the program speaks: what a
// Tenant asked for (Tenant, Grant, Peer, Port), what is generated for it (Policy,
// Subject, Rule), what is asked of an enforcer (Flow, Endpoint, Verdict, Engine)
// and what is said to people (Finding, Reason).
//
// It does no work of its own and imports nothing of this module but api.
package policy
