// The graph, with what the views need of it.
const graph = JSON.parse(document.getElementById('data').textContent);
const {groups, nodes, edges, traffic, strings} = graph;

groups.forEach((g, i) => {
  g.id = i;
  g.nodes = [];
  g.out = g.in = false; // Whether nothing isolates some of its pods.
  g.outside = false; // Whether some of its endpoints are no pods.
  g.tenant = g.kind === 'Tenant';
});
nodes.forEach((n, i) => {
  n.id = i;
  n.out ||= false;
  n.in ||= false;
  n.edgesOut = [];
  n.edgesIn = [];
  const g = groups[n.group];
  g.nodes.push(i);
  g.out ||= n.out;
  g.in ||= n.in;
  g.outside ||= !n.pod;
});

// cells has, by group, the edges to each other group.
const cells = groups.map(() => new Map());
edges.forEach((e, i) => {
  e.id = i;
  e.group = [nodes[e.from[0]].group, nodes[e.to[0]].group];
  e.from.forEach(n => nodes[n].edgesOut.push(i));
  e.to.forEach(n => nodes[n].edgesIn.push(i));
  const row = cells[e.group[0]];
  if (!row.has(e.group[1])) row.set(e.group[1], []);
  row.get(e.group[1]).push(i);
});
const cellOf = (from, to) => cells[from].get(to);

// openCell reports whether nothing isolates pods of two groups from each other, or from what is no pod.
const openCell = (from, to) => groups[from].out && (groups[to].in || groups[to].outside) || groups[to].in && groups[from].outside;
const openTargets = groups.filter(g => g.in || g.outside).map(g => g.id);

const pods = nodes.filter(n => n.pod);
const openPods = pods.filter(n => n.out || n.in);
const tenants = groups.filter(g => g.tenant);

const count = (n, one, many = one + 's') => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

// portsOf lists the ports of edges, each once.
function portsOf(some, most = 4) {
  const all = [...new Set(some.flatMap(e => edges[e].traffic.map(t => traffic[t].ports)))];
  return all.length > most ? `${all.slice(0, most).join(', ')} and ${all.length - most} more` : all.join(', ');
}

// stateOf describes the isolation of a group, never more than the run knows.
function stateOf(g) {
  if (g.proved) return {text: 'isolation proved', kind: 'proved'};
  if (g.enforcement === 'AllowOnly') return {text: graph.asEnforced ? 'AllowOnly, decided as Enforce' : 'AllowOnly', kind: 'allow-only'};
  if (g.enforcement) return {text: g.enforcement, kind: 'enforce'};
  if (g.kind === 'Namespace') return {text: 'no Tenant', kind: 'none'};
  return {text: g.kind === 'Cluster' ? 'other cluster' : '', kind: 'none'};
}

// openText states the directions in which nothing isolates a pod.
function openText(n) {
  const directions = [n.out && 'egress', n.in && 'ingress'].filter(Boolean).join(' and ');
  return directions && `${directions} not isolated`;
}

// The text that the search compares, in lower case.
groups.forEach(g => {
  g.text = [g.title, g.kind, ...g.namespaces ?? []].join('\n').toLowerCase();
  g.podText = g.nodes.map(n => nodes[n].name).join('\n').toLowerCase();
});
nodes.forEach(n => { n.text = n.name.toLowerCase(); });
