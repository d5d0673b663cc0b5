// Beyond these numbers, the matrix is a canvas with a table of its cells that are not empty.
const maxTableGroups = 300;
const maxTableCells = 15000;

// matrixShape returns the rows and columns: all groups or, with a filter, those that match and their neighbours.
function matrixShape() {
  // What tenants share is first, since most of them reach it.
  const order = [...groups.filter(g => !g.tenant), ...tenants].map(g => g.id);
  if (!filter.active) return {rows: order, columns: order};
  const rows = new Set(filter.groups), columns = new Set(filter.groups);
  for (const e of edges) {
    if (filter.groups.has(e.group[1])) rows.add(e.group[0]);
    if (filter.groups.has(e.group[0])) columns.add(e.group[1]);
  }
  return {rows: order.filter(g => rows.has(g)), columns: order.filter(g => columns.has(g))};
}

// cellsOf returns the cells of a shape that are not empty, by row.
function cellsOf({rows, columns}) {
  return rows.map(from => columns.flatMap((to, at) => {
    const all = cells.get(cellKey(from, to));
    const open = (groups[from].out || groups[to].in) && openCell(from, to);
    return all || open ? [{from, to, at, all, open}] : [];
  }));
}

const cellKind = c => c.open ? 'open' : c.all.every(e => edges[e].traffic.every(t => traffic[t].depends)) ? 'depends' : 'allowed';

function cellText(c) {
  const parts = [c.all && portsOf(c.all), c.open && 'pods on both sides are not isolated'].filter(Boolean);
  return `${groups[c.from].title} to ${groups[c.to].title}: ${parts.join('; ')}`;
}

function showMatrix() {
  const panel = byId('matrix');
  const shape = matrixShape();
  const byRow = cellsOf(shape);
  const filled = byRow.reduce((n, row) => n + row.length, 0);
  const heading = make('p', {class: 'hint'}, 'Rows reach columns. Arrow keys move between cells, and Enter shows one.');
  const large = Math.max(shape.rows.length, shape.columns.length) > maxTableGroups || filled > maxTableCells;
  panel.replaceChildren(heading, ...large ? canvasMatrix(shape, byRow.flat()) : [make('div', {class: 'scroll both'}, matrixTable(shape, byRow))]);
}

// matrixTable returns the matrix as a table. Empty cells in a row are one cell, so that many groups stay few cells.
function matrixTable({rows, columns}, byRow) {
  const size = columns.length <= 12 ? 'wide' : columns.length <= 60 ? 'medium' : 'small';
  const table = make('table', {role: 'grid', class: `matrix ${size}`, 'aria-label': 'Connections between groups', 'aria-rowcount': rows.length + 1, 'aria-colcount': columns.length + 1});
  const at = new Map();
  const place = (row, column, element) => {
    at.set(`${row} ${column}`, element);
    element.place = [row, column];
    element.tabIndex = -1;
    return element;
  };
  const head = (id, scope) => make('th', {scope, class: `${scope} ${stateOf(groups[id]).kind}`, title: `${groups[id].title} ${stateOf(groups[id]).text}`}, make('span', {}, groups[id].title));
  const first = make('tr', {}, make('td', {class: 'corner'}), columns.map((id, c) => place(-1, c, head(id, 'col'))));
  const body = rows.map((from, r) => {
    const row = make('tr', {'aria-rowindex': r + 2}, place(r, -1, head(from, 'row')));
    let next = 0;
    for (const c of [...byRow[r], {at: columns.length}]) {
      if (c.at > next) row.append(make('td', {class: 'gap', colspan: c.at - next}));
      next = c.at + 1;
      if (c.to === undefined) continue;
      const text = size === 'wide' ? c.open && !c.all ? 'not isolated' : portsOf(c.all ?? [], 2) : '';
      row.append(place(r, c.at, make('td', {class: `cell ${cellKind(c)} ${c.from === c.to ? 'own' : ''}`, 'aria-colindex': c.at + 2, 'aria-label': cellText(c), title: cellText(c)}, text)));
    }
    return row;
  });
  table.append(make('colgroup', {}, make('col', {class: 'names'}), columns.map(() => make('col'))), make('thead', {}, first), make('tbody', {}, body));
  const start = at.get('0 -1') ?? at.get('-1 0');
  if (start) start.tabIndex = 0;
  table.addEventListener('keydown', event => matrixKey(event, at, rows, columns));
  table.addEventListener('click', event => chooseCell(event.target.closest('td.cell, th'), rows, columns));
  return table;
}

function chooseCell(element, rows, columns) {
  if (!element?.place) return;
  const [r, c] = element.place;
  if (r >= 0 && c >= 0) select({cell: [rows[r], columns[c]]});
  else select({group: r >= 0 ? rows[r] : columns[c]});
}

// matrixKey moves the focus to the next cell that is not empty, or chooses one.
function matrixKey(event, at, rows, columns) {
  const from = event.target.place;
  if (!from) return;
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    chooseCell(event.target, rows, columns);
    return;
  }
  const step = {ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -1, true], End: [0, 1, true]}[event.key];
  if (!step) return;
  event.preventDefault();
  let [r, c] = from, next;
  for (r += step[0], c += step[1]; r >= -1 && c >= -1 && r < rows.length && c < columns.length; r += step[0], c += step[1]) {
    next = at.get(`${r} ${c}`) ?? next;
    if (next && !step[2]) break;
  }
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
