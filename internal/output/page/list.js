// showList lists the connections that match the filter.
function showList(most = 100) {
  const found = edges.filter(e => !filter.active || filter.edges(e));
  const names = list => [nodeLink(list[0]), list.length > 1 && make('span', {class: 'hint', title: list.map(n => nodes[n].name).join('\n')}, ` and ${list.length - 1} more`)];
  const row = e => make('tr', {},
    make('th', {scope: 'row'}, groupLink(e.group[0]), make('div', {}, names(e.from))),
    make('td', {}, groupLink(e.group[1]), make('div', {}, names(e.to))),
    make('td', {}, button(portsOf([e.id]), () => select({cell: e.group}), {class: 'link'})),
    make('td', {class: 'hint'}, [...new Set(e.traffic.flatMap(t => traffic[t].declared ?? []))].map(s => strings[s]).join(', ') || 'hand-written policies'));
  const body = make('tbody', {}, found.slice(0, most).map(row));
  const table = make('table', {class: 'rows', 'aria-label': 'Connections'},
    make('thead', {}, make('tr', {}, ['From', 'To', 'Ports', 'Declared by'].map(t => make('th', {scope: 'col'}, t)))), body);
  let shown = most;
  const more = button('Show more connections', () => {
    body.append(...found.slice(shown, shown + 500).map(row));
    shown += 500;
    more.hidden = shown >= found.length;
  });
  more.hidden = shown >= found.length;
  byId('list').replaceChildren(make('p', {class: 'hint', role: 'status'}, count(found.length, 'connection')), make('div', {class: 'scroll'}, table, more));
}
