// The picture has four columns: outside sources, tenants, what many groups share, and other destinations.
const columnX = [16, 270, 616, 970];
const columnWidth = [180, 230, 230, 220];
const rowHeight = 22;
const maxRows = 14;

// More groups than these are drawn only around what is selected or found.
const maxDrawnGroups = 60;

// drawnGroups returns the groups of the picture: all or, in a large graph, what is selected or found and its
// neighbours. Undefined: they are too many, or nothing is selected.
function drawnGroups() {
  if (groups.length <= maxDrawnGroups) return new Set(groups.map(g => g.id));
  const chosen = selected.node !== undefined ? [nodes[selected.node].group] : selected.cell ?? (selected.group !== undefined ? [selected.group] : undefined);
  const out = new Set(chosen ?? (filter.active ? filter.groups : []));
  const near = chosen ? e => e.group.some(g => chosen.includes(g)) : filter.edges;
  if (out.size > 0) edges.filter(near).forEach(e => e.group.forEach(g => out.add(g)));
  return out.size > 0 && out.size <= maxDrawnGroups ? out : undefined;
}

// boxes returns the boxes of some groups with their places. A box is a group, or the part of it in a column.
function boxes(drawn) {
  const all = groups.filter(g => drawn.has(g.id)).flatMap(g => columnsOf(g).map(([column, members]) => ({group: g.id, column, members})));
  const bottoms = columnX.map(() => 16);
  for (const b of all) {
    b.rows = b.members.length > maxRows ? maxRows : b.members.length;
    b.more = b.members.length - b.rows;
    b.within = b.members.length === groups[b.group].nodes.length && withinText(groups[b.group]);
    b.header = b.within || stateOf(groups[b.group]).text ? 46 : 30;
    b.x = columnX[b.column];
    b.y = bottoms[b.column];
    b.width = columnWidth[b.column];
    b.height = b.header + (b.rows + (b.more > 0 ? 1 : 0)) * rowHeight + 8;
    bottoms[b.column] += b.height + 18;
  }
  const height = Math.max(...bottoms);
  // Columns that are shorter are in the middle.
  for (const b of all) b.y += Math.min(160, (height - bottoms[b.column]) / 2);
  return {all, height, width: columnX[3] + columnWidth[3] + 60};
}

// withinText has the ports on which all pods of a group reach each other.
function withinText(g) {
  const all = (cellOf(g.id, g.id) ?? []).filter(e => isWhole(edges[e].from) && isWhole(edges[e].to));
  return all.length > 0 ? portsOf(all, 2) : '';
}

// isWhole reports whether nodes are all nodes of their group.
const isWhole = list => list.length > 1 && list.length === groups[nodes[list[0]].group].nodes.length;

// columnsOf returns the columns of a group, each with its nodes there.
function columnsOf(g) {
  if (g.tenant || g.kind === 'Namespace') {
    const others = new Set(g.nodes.flatMap(n => [...nodes[n].edgesOut, ...nodes[n].edgesIn]).flatMap(e => edges[e].group));
    const reached = [...others].filter(o => o !== g.id && groups[o].tenant).length;
    const shared = !g.tenant || reached > 2 && reached > tenants.length / 3;
    return [[shared ? 2 : 1, g.nodes]];
  }
  const sources = g.nodes.filter(n => nodes[n].edgesIn.length === 0);
  const others = g.nodes.filter(n => nodes[n].edgesIn.length > 0);
  return [[0, sources], [3, others]].filter(([, members]) => members.length > 0);
}

// anchors returns where the arrows of an edge's side begin or stop: at the group if the side has all of its nodes.
function anchors(list, places, alone) {
  if (isWhole(list) && !alone) {
    const b = places.boxOf.get(list[0]);
    if (b.members.length === list.length) return [{key: `g${b.group}`, box: b, y: b.y + 14, nodes: list}];
  }
  return list.map(n => ({key: places.rowOf.get(n).key, box: places.boxOf.get(n), y: places.rowOf.get(n).y, nodes: [n]}));
}

// arrows returns the arrows between anchors, each once with all of its edges.
function arrows(places, drawn) {
  const out = new Map();
  for (const e of edges) {
    if (!drawn.has(e.group[0]) || !drawn.has(e.group[1])) continue;
    const within = e.group[0] === e.group[1];
    if (within && isWhole(e.from) && isWhole(e.to)) continue;
    for (const from of anchors(e.from, places, within)) {
      for (const to of anchors(e.to, places, within)) {
        const key = `${from.key} ${to.key}`;
        if (!out.has(key)) out.set(key, {from, to, edges: [], sources: new Set(), targets: new Set()});
        const a = out.get(key);
        a.edges.push(e.id);
        from.nodes.forEach(n => a.sources.add(n));
        to.nodes.forEach(n => a.targets.add(n));
      }
    }
  }
  return [...out.values()];
}

// curve returns the path of an arrow, and where its ports are written.
function curve({from, to}) {
  const [a, b] = [from.box, to.box];
  const forward = a.column < b.column, same = a.column === b.column;
  const x1 = forward || same ? a.x + a.width : a.x;
  const x2 = same ? b.x + b.width + 5 : forward ? b.x - 5 : b.x + b.width + 5;
  const bend = same ? Math.min(90, 34 + Math.abs(from.y - to.y) / 8) : Math.max(40, Math.abs(x2 - x1) / 2);
  const c1 = x1 + (forward || same ? bend : -bend);
  const c2 = x2 + (forward ? -bend : bend);
  return {path: `M${x1} ${from.y} C${c1} ${from.y} ${c2} ${to.y} ${x2} ${to.y}`, x: forward ? x2 - 6 : x2 + 6, y: to.y - 4, anchor: forward ? 'end' : 'start'};
}
