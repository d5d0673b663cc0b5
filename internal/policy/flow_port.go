package policy

// MatchesPort reports whether a flow is, or may be, on a port with a number.
func (f Flow) MatchesPort(p Port) bool {
	return f.ICMP == "" && (f.Port == 0 || int32(f.Port) == p.Port) && (f.Protocol == "" || f.Protocol == p.Protocol)
}
