// neighbours yields the nodes that a node reaches or is reached from, with the edge. Edge -1 means that nothing
// isolates the two.
function* neighbours(id, reversed, withOpen) {
  const n = nodes[id];
  for (const e of reversed ? n.edgesIn : n.edgesOut) {
    for (const other of reversed ? edges[e].from : edges[e].to) yield [other, e];
  }
  if (!withOpen || n.pod && !(reversed ? n.in : n.out)) return;
  for (const other of nodes) {
    const otherOpen = reversed ? other.out : other.in;
    if (other.id !== id && (n.pod ? otherOpen || !other.pod : otherOpen)) yield [other.id, -1];
  }
}

// reachFrom finds everything within some hops, in the order of the hops. Only pods pass traffic on.
function reachFrom(id, hops, reversed) {
  const before = new Map([[id, {hops: 0, from: -1, edge: -1}]]);
  let frontier = [id];
  let withOpen = true; // One pod that is not isolated reaches the same as the next.
  for (let hop = 1; hop <= hops && frontier.length; hop++) {
    const next = [];
    for (const at of frontier) {
      for (const [other, edge] of neighbours(at, reversed, withOpen)) {
        if (before.has(other)) continue;
        before.set(other, {hops: hop, from: at, edge});
        if (nodes[other].pod) next.push(other);
      }
      if (nodes[at].pod && (reversed ? nodes[at].in : nodes[at].out)) withOpen = false;
    }
    frontier = next;
  }
  return before;
}

// pathTo returns the nodes on the way to a node, in the direction of the traffic.
function pathTo(id, before, reversed) {
  const out = [];
  for (let at = id; at >= 0; at = before.get(at).from) out.push(at);
  return reversed ? out : out.reverse();
}
