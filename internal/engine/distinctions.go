package engine

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Distinctions are how all policies of a program together distinguish what is outside of the cluster.
type Distinctions struct {
	*Program
	// sorted has all networks.
	sorted []netip.Prefix
	// everyNetwork and everyName state all of them.
	everyNetwork, everyName string
	// coversFamily reports that the networks together have all addresses of a family.
	coversFamily bool
}

// Distinctions returns what the policies distinguish, and some more networks.
func (p *Program) Distinctions(more []netip.Prefix) (*Distinctions, error) {
	out := &Distinctions{Program: p, sorted: endpoints.SortNetworks(slices.Concat(p.prefixes, more))}
	var names []string
	for _, s := range p.names.all {
		names = append(names, s.text+" "+s.label.Key)
	}
	slices.Sort(names)
	// Selections has the networks of groups only if their labels matter.
	out.everyNetwork = hashed("networks", fmt.Sprint(endpoints.SortNetworks(p.Selections().Networks), out.sorted, p.labelsNetworks, p.matchesGroups))
	out.everyName = hashed("names", strings.Join(names, "\n"))
	for _, f := range p.families() {
		covered, err := p.coveringAddresses(f)
		if err != nil {
			return nil, err
		}
		out.coversFamily = out.coversFamily || len(covered) > 0
	}
	return out, nil
}

func hashed(what, text string) string { return fmt.Sprintf("%s %x", what, sha256.Sum256([]byte(text))) }

// Of returns texts that state what is distinguished among the peers of some policies. Programs with equal texts distinguish
// it alike.
func (d *Distinctions) Of(policies []PolicyPeers) []string {
	var networks, names []string
	// Networks may match nodes, and labels of networks may distinguish any address.
	allNetworks, allNames := d.matchesNodes() || d.labelsNetworks || d.matchesGroups || d.coversFamily, d.coversFamily
	for _, one := range policies {
		allNetworks, allNames = allNetworks || one.AllNetworks, allNames || one.AllNames
		for _, network := range one.Networks {
			for _, within := range d.networksIn(network.Masked()) {
				networks = append(networks, "network "+within.String())
			}
		}
		for _, name := range one.Names {
			names = append(names, "name "+name+" "+strings.Join(sortedLabels(d.names.matching(name)), " "))
		}
	}
	if allNetworks {
		networks = []string{d.everyNetwork}
	}
	if allNames {
		names = []string{d.everyName}
	}
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(networks, names))))
}

// networksIn returns the networks that are part of a network, or equal.
func (d *Distinctions) networksIn(network netip.Prefix) []netip.Prefix {
	first, _ := slices.BinarySearchFunc(d.sorted, network, netip.Prefix.Compare)
	last := first
	for last < len(d.sorted) && network.Contains(d.sorted[last].Addr()) {
		last++
	}
	return d.sorted[first:last]
}
