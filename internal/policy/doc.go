// Package policy has what is authored: a fence with its owners, what these declare (Grant, Peer), and
// what is generated for it (Policy, Rule).
//
// It performs no I/O.
package policy
