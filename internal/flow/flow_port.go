package flow

// MatchesPort reports whether a flow uses, or may use, a port by its number.
func (f Flow) MatchesPort(p Port) bool {
	return f.ICMP == "" && (f.Port == 0 || int32(f.Port) == p.Port) && (f.Protocol == "" || f.Protocol == p.Protocol)
}
