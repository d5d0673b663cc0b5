// Package netpol decides flows under Kubernetes' NetworkPolicy, as an enforcer does that
// works on addresses: Calico and most others.
//
// What sets it apart from Cilium is that pods and nodes have addresses, and that an
// ipBlock matches them by these. Which address a pod has is not known, only the ranges
// from which it comes: where a policy tells addresses of one range apart, the verdict
// depends.
package netpol
