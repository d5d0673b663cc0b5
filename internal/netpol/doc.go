// Package netpol decides flows under Kubernetes' NetworkPolicy, as an enforcer does that
// works on addresses: Calico and most others.
//
// Unlike in Cilium, pods and nodes have addresses here, and an ipBlock matches them by these.
// The address of a pod is not known, only the ranges that it comes from: where a policy
// distinguishes addresses of one range, the verdict depends.
package netpol
