package endpoints

// FirstPorts returns the numbers that representative pods give named ports: of each name, the one of the first pod that has
// it.
func FirstPorts(pods []Endpoint) map[NamedPort]uint16 {
	out := map[NamedPort]uint16{}
	for _, ep := range pods {
		for _, p := range ep.Ports {
			name := NamedPort{Name: p.Name, Protocol: p.Protocol}
			if _, known := out[name]; !known {
				out[name] = p.Port
			}
		}
	}
	return out
}
