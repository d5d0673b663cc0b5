// The choice of hops and direction stays while other pods are selected.
const question = {hops: 1, reversed: false};

// showDetails fills the panel for what is selected.
function showDetails(selected) {
  const panel = byId('details');
  let content;
  if (selected.node !== undefined) content = nodeDetails(selected.node);
  else if (selected.cell) content = cellDetails(...selected.cell);
  else if (selected.group !== undefined) content = groupDetails(selected.group);
  else content = overview();
  panel.replaceChildren(...content.flat().filter(c => c !== '' && c !== undefined && c !== false));
  panel.scrollTop = 0;
}

const back = () => button('Clear', () => select({}), {class: 'clear', 'aria-label': 'Clear the selection'});

function overview() {
  const unknown = graph.selected.length > 0 ? [make('p', {}, `Only connections of ${graph.selected.join(', ')} are in this page.`)] : [];
  return [
    make('h2', {}, 'Overview'),
    make('p', {}, graph.note),
    graph.reasons.length > 0 && some(graph.reasons, r => r),
    ...unknown,
    make('p', {}, 'Select a group, a pod or a cell of the matrix. A connection is listed if the policies at both sides allow it.'),
    make('h3', {}, 'Legend'),
    make('ul', {class: 'legend'},
      groups.some(g => g.proved) && make('li', {}, badge({text: 'isolation proved', kind: 'proved'}), ' verify proved the isolation in the same run.'),
      tenants.some(g => !g.proved && g.enforcement === 'Enforce') && make('li', {}, badge({text: 'Enforce', kind: 'enforce'}), ' denies what is not declared. This page does not prove it.'),
      tenants.some(g => g.enforcement === 'AllowOnly') && make('li', {}, badge({text: 'AllowOnly', kind: 'allow-only'}), ' declares flows, and denies nothing yet.'),
      openPods.length > 0 && make('li', {}, badge({text: 'not isolated', kind: 'open'}), ' pods reach every other pod that is not isolated, and what is outside. These connections are not drawn.'),
    ),
    openPods.length > 0 && [make('h3', {}, `${count(openPods.length, 'pod')} not isolated`), some(openPods, n => [nodeLink(n.id), ` ${openText(n)}`], 15)],
  ];
}

function groupDetails(id) {
  const g = groups[id];
  const reached = groups.filter(o => o.id !== id && cellOf(id, o.id));
  const reaching = groups.filter(o => o.id !== id && cellOf(o.id, id));
  const cellButton = (from, to, title) => [button(title, () => select({cell: [from, to]}), {class: 'link'}), ` ${portsOf(cellOf(from, to), 3)}`];
  return [
    back(), make('h2', {}, g.title, ' ', badge(stateOf(g))),
    g.namespaces?.length > 0 && make('p', {}, `Namespaces: ${g.namespaces.join(', ')}`),
    make('h3', {}, count(g.nodes.length, g.kind === 'Tenant' || g.kind === 'Namespace' ? 'pod' : 'endpoint')),
    g.nodes.length === 0 ? make('p', {}, 'The build has no pods of it.') : some(g.nodes, n => [nodeLink(n), openText(nodes[n]) && [' ', badge({text: openText(nodes[n]), kind: 'open'})]].flat()),
    cellOf(id, id) && [make('h3', {}, 'Within'), make('p', {}, cellButton(id, id, 'among its own'))],
    make('h3', {}, `Reaches ${count(reached.length, 'group')}`), some(reached, o => cellButton(id, o.id, o.title)),
    make('h3', {}, `Reached from ${count(reaching.length, 'group')}`), some(reaching, o => cellButton(o.id, id, o.title)),
  ].flat();
}

function cellDetails(from, to) {
  const all = cellOf(from, to) ?? [];
  return [
    back(), make('h2', {}, groupLink(from), ' → ', groupLink(to)),
    openCell(from, to) && make('p', {class: 'warning'}, 'Nothing isolates some pods on both sides, so they reach each other on every port.'),
    all.length === 0 && !openCell(from, to) && make('p', {}, 'No connection is allowed.'),
    some(all, e => edgeDetails(edges[e]), 20),
  ];
}

// edgeDetails describes an edge: its nodes, ports, fields and policies.
function edgeDetails(e) {
  const names = list => list.length > 3 ? [nodeLink(list[0]), ` and ${list.length - 1} more`] : list.flatMap((n, i) => i ? [', ', nodeLink(n)] : [nodeLink(n)]);
  return [
    make('div', {class: 'edge'}, names(e.from), make('span', {class: 'arrow'}, ' → '), names(e.to)),
    make('dl', {}, e.traffic.map(i => traffic[i]).flatMap(t => [
      make('dt', {}, t.ports),
      make('dd', {}, t.declared ? t.declared.map(s => strings[s]).join(', ') : 'hand-written policies, or none'),
      make('dd', {class: 'policies'}, [t.egress && `egress: ${t.egress.map(s => strings[s]).join(', ')}`, t.ingress && `ingress: ${t.ingress.map(s => strings[s]).join(', ')}`].filter(Boolean).join(' · ')),
    ])),
  ];
}

function nodeDetails(id) {
  const n = nodes[id];
  const before = reachFrom(id, question.hops, question.reversed);
  const found = [...before.entries()].filter(([other]) => other !== id);
  const hops = make('select', {id: 'hops', on: {change: event => { question.hops = Number(event.target.value); select({node: id}, 'hops'); }}},
    [1, 2, 3, 4, 5].map(h => make('option', {value: h, selected: h === question.hops}, count(h, 'hop'))));
  const direction = make('select', {id: 'direction', on: {change: event => { question.reversed = event.target.value === 'in'; select({node: id}, 'direction'); }}},
    make('option', {value: 'out', selected: !question.reversed}, 'what it reaches'), make('option', {value: 'in', selected: question.reversed}, 'what reaches it'));
  return [
    back(), make('h2', {}, n.short, ' ', openText(n) && badge({text: openText(n), kind: 'open'})),
    make('p', {}, n.name, ' in ', groupLink(n.group), ' ', badge(stateOf(groups[n.group]))),
    make('div', {class: 'question'}, make('label', {}, 'List ', direction), make('label', {}, 'within ', hops)),
    make('h3', {id: 'reached', role: 'status'}, `${count(found.length, 'endpoint')} ${question.reversed ? 'reach it' : 'reached'}`),
    some(found, ([other, step]) => reachedItem(other, step, before)),
  ];
}

function reachedItem(other, step, before) {
  const ports = step.edge < 0 ? 'not isolated: every port' : portsOf([step.edge], 3);
  const path = pathTo(other, before, question.reversed);
  return [
    nodeLink(other), ` ${ports}`,
    step.hops > 1 && make('div', {class: 'path'}, `${count(step.hops, 'hop')}: ${path.map(i => nodes[i].short).join(' → ')}`),
  ];
}
