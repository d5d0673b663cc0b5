// picture has the elements of the picture, and the groups that it draws.
let picture;

function showPicture() {
  const drawn = drawnGroups();
  if (!drawn) {
    picture = undefined;
    byId('picture').replaceChildren(make('p', {}, `The build has ${count(groups.length, 'group')}. Search or select one with at most ${maxDrawnGroups} neighbours to draw it with these. The matrix and the list have all of them.`));
    return;
  }
  const key = [...drawn].join(' ');
  if (picture?.key !== key) {
    buildPicture(drawn);
    picture.key = key;
  }
  markPicture();
}

function buildPicture(drawn) {
  const {all, width, height} = boxes(drawn);
  const places = {boxOf: new Map(), rowOf: new Map()};
  for (const b of all) {
    b.members.forEach((n, i) => {
      const hidden = i >= b.rows;
      places.boxOf.set(n, b);
      places.rowOf.set(n, {key: hidden ? `m${b.group} ${b.column}` : `n${n}`, y: b.y + b.header + (Math.min(i, b.rows) + .5) * rowHeight});
    });
  }
  const svg = make('svg', {viewBox: `0 0 ${width} ${Math.ceil(height)}`, width, height: Math.ceil(height), role: 'group', 'aria-label': 'Groups, pods and connections'});
  svg.append(make('defs', {}, ['allowed', 'lit'].map(kind => make('marker', {id: `head-${kind}`, class: kind, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse'}, make('path', {d: 'M0 0 8 4 0 8z'})))));
  picture = {svg, nodes: new Map(), groups: [], arrows: [], labels: []};
  const lines = make('g', {class: 'arrows', 'aria-hidden': 'true'});
  const labels = make('g', {class: 'labels', 'aria-hidden': 'true'});
  const written = new Map();
  for (const a of arrows(places, drawn)) {
    const c = curve(a);
    const title = `${nodes[[...a.sources][0]].short} → ${nodes[[...a.targets][0]].short}: ${portsOf(a.edges)}`;
    a.element = make('path', {d: c.path, class: 'arrow', 'marker-end': 'url(#head-allowed)'}, make('title', {}, title));
    lines.append(a.element);
    picture.arrows.push(a);
    const ports = portsOf(a.edges, 2);
    const key = `${Math.round(c.x)} ${Math.round(c.y)} ${ports}`;
    if (!written.has(key)) {
      const at = `${Math.round(c.x)} ${Math.round(c.y)}`;
      const row = written.get(at) ?? 0;
      written.set(at, row + 1);
      const label = {arrows: [], element: make('text', {x: c.x, y: c.y - row * 11, 'text-anchor': c.anchor}, ports.length > 30 ? `${ports.slice(0, 29)}…` : ports)};
      labels.append(label.element);
      picture.labels.push(label);
      written.set(key, label);
    }
    written.get(key).arrows.push(a);
  }
  svg.append(lines, ...all.map(drawBox), labels);
  svg.addEventListener('keydown', event => {
    const next = arrowKeys(event, picture.order);
    if (next) rove(next);
    if ((event.key === 'Enter' || event.key === ' ') && event.target.choose) {
      event.preventDefault();
      event.target.choose();
    }
  });
  picture.order = [...svg.querySelectorAll('[role=button]')];
  if (picture.order[0]) picture.order[0].setAttribute('tabindex', 0);
  byId('picture').replaceChildren(make('p', {class: 'hint'}, 'Ports are written where an arrow stops. Tab and the arrow keys move between groups and pods, and Enter selects one.'), make('div', {class: 'scroll'}, svg));
}

function rove(element) {
  for (const one of picture.order) one.setAttribute('tabindex', -1);
  element.setAttribute('tabindex', 0);
}

// chosen makes an element a button.
function chosen(element, label, choose) {
  element.choose = choose;
  element.setAttribute('role', 'button');
  element.setAttribute('tabindex', -1);
  element.setAttribute('aria-label', label);
  element.addEventListener('click', choose);
  return element;
}

function drawBox(b) {
  const g = groups[b.group];
  const state = stateOf(g);
  const box = make('g', {class: `box ${state.kind}`}, make('rect', {x: b.x, y: b.y, width: b.width, height: b.height, rx: 8}));
  const title = b.column === 0 && g.kind === 'Outside' ? 'outside, as sources' : g.title;
  const text = make('text', {x: b.x + 12, y: b.y + 20, class: 'name'}, shorten(title, 28));
  const header = make('g', {class: 'header'}, make('rect', {x: b.x + 1, y: b.y + 1, width: b.width - 2, height: b.header - 4, rx: 7, class: 'hit'}), text);
  const within = b.within && `${state.text && ' · '}within: ${shorten(b.within, 16)}`;
  header.append(make('text', {x: b.x + 12, y: b.y + 37, class: 'within'}, make('tspan', {class: 'state'}, state.text), within));
  box.append(chosen(header, `${title} ${state.text}, ${count(g.nodes.length, 'endpoint')}`, () => select({group: b.group})));
  b.members.slice(0, b.rows).forEach((n, i) => box.append(drawNode(b, nodes[n], b.y + b.header + i * rowHeight)));
  if (b.more > 0) {
    const row = make('g', {class: 'node'}, make('text', {x: b.x + 12, y: b.y + b.header + b.rows * rowHeight + 15}, `and ${b.more} more`));
    box.append(chosen(row, `${b.more} more of ${g.title}`, () => select({group: b.group})));
  }
  picture.groups.push({id: b.group, element: box});
  return box;
}

function drawNode(b, n, y) {
  const element = make('g', {class: `node ${n.out || n.in ? 'open' : ''}`},
    make('rect', {x: b.x + 5, y: y + 1, width: b.width - 10, height: rowHeight - 2, rx: 5}),
    make('text', {x: b.x + 12, y: y + 15}, shorten(n.short, n.out || n.in ? 24 : 32), make('title', {}, n.name)));
  if (n.out || n.in) element.append(make('text', {x: b.x + b.width - 12, y: y + 15, 'text-anchor': 'end', class: 'state'}, 'open'));
  picture.nodes.set(n.id, element);
  return chosen(element, [n.name, openText(n)].filter(Boolean).join(', '), () => select({node: n.id}));
}

const shorten = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

// markPicture shows what is selected and what it reaches, and what the filter leaves.
function markPicture() {
  const lit = litNodes();
  for (const [id, element] of picture.nodes) {
    const hidden = filter.active && !filter.groups.has(nodes[id].group);
    element.classList.toggle('dim', hidden || Boolean(lit) && !lit.nodes.has(id));
    element.classList.toggle('selected', selected.node === id);
    element.classList.toggle('found', filter.text !== '' && filter.nodes.has(id));
  }
  for (const {id, element} of picture.groups) {
    element.classList.toggle('dim', filter.active && !filter.groups.has(id));
    element.classList.toggle('selected', selected.group === id);
  }
  for (const a of picture.arrows) {
    a.lit = Boolean(lit) && a.edges.some(e => lit.edges.has(e)) && lit.shows(a);
    const away = filter.active && !filter.groups.has(a.from.box.group) && !filter.groups.has(a.to.box.group);
    a.element.classList.toggle('lit', a.lit);
    a.element.classList.toggle('dim', away || Boolean(lit) && !a.lit);
    a.element.setAttribute('marker-end', a.lit ? 'url(#head-lit)' : 'url(#head-allowed)');
    if (a.lit) a.element.parentElement.append(a.element);
  }
  for (const l of picture.labels) {
    l.element.classList.toggle('dim', l.arrows.every(a => a.element.classList.contains('dim')));
    l.element.classList.toggle('lit', l.arrows.some(a => a.lit));
  }
}

// litNodes returns the nodes and edges of the selection. Undefined: nothing is selected.
function litNodes() {
  if (selected.node !== undefined) {
    const before = reachFrom(selected.node, question.hops, question.reversed);
    const passes = n => before.has(n) && before.get(n).hops < question.hops && (nodes[n].pod || n === selected.node);
    const used = new Set([...before.keys()].filter(passes).flatMap(n => question.reversed ? nodes[n].edgesIn : nodes[n].edgesOut));
    return {nodes: new Set(before.keys()), edges: used, shows: a => [...question.reversed ? a.targets : a.sources].some(passes)};
  }
  const of = selected.cell ? e => e.group[0] === selected.cell[0] && e.group[1] === selected.cell[1] : selected.group !== undefined && (e => e.group.includes(selected.group));
  if (!of) return undefined;
  const used = edges.filter(of);
  const lit = new Set(used.flatMap(e => [...e.from, ...e.to]));
  if (selected.group !== undefined) groups[selected.group].nodes.forEach(n => lit.add(n));
  return {nodes: lit, edges: new Set(used.map(e => e.id)), shows: () => true};
}
