package resolve

// advisePass is the pass advise.
type advisePass struct {
	pass
	// flows are those that are not off, and declared all.
	flows, declared []*declaredFlow
}

// advise reports what the fence has effects on beyond its flows, and what has no effect.
func advise(k *facts, in *agreePass) *advisePass {
	r := &advisePass{pass: pass{facts: k}, flows: in.flows, declared: in.claimed.flows}
	r.reportNodes()
	if len(r.tenants) == 0 && len(r.unread) == 0 {
		r.reportTenantsMissing()
		return r
	}
	r.reportProfile()
	r.reportAllowIsolates()
	r.reportDefaultDeny()
	r.reportDNSDenied()
	r.reportSharedEgressPoints()
	r.reportSharedEgressProxy()
	r.reportWorldExclusions()
	r.reportEarlyDNSNames()
	r.reportEarlyL7()
	r.reportPods()
	r.checkProfileAgainstBuild()
	return r
}

// adviseOnForm reports what differs in the NetworkPolicy form in addition to that of Cilium.
func adviseOnForm(k *facts, in *agreePass) *advisePass {
	r := &advisePass{pass: pass{facts: k}, flows: in.flows}
	if len(r.tenants) > 0 || len(r.unread) > 0 {
		r.reportAllowIsolates()
		r.reportSharedEgressProxy()
		r.reportWithoutDNS()
	}
	return r
}
