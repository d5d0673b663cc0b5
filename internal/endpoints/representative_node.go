package endpoints

// RepresentativeNode returns a representative node with some labels.
func RepresentativeNode(labels map[string]string) Endpoint {
	name := "a node without labels"
	if len(labels) > 0 {
		name = "node/" + FormatLabels(labels)
	}
	return Endpoint{Kind: NodeEndpoint, Name: name, Labels: labels, Representative: true}
}
