package policy

import "github.com/tenantfence/tenantfence/internal/cilium"

// Has reports whether a fact is true in the fence's version of Cilium.
func (f *Fence) Has(fact cilium.Fact) bool { return fact.In(cilium.Minor(f.Cluster.CiliumVersion)) }
