// Beyond these numbers, the matrix is a canvas with a table of its cells that are not empty.
const maxTableGroups = 300;
const maxTableCells = 15000;

// matrixShape returns the rows and columns: all groups or, with a filter, those that match and their neighbours.
// It returns all groups, too, if the filter leaves most of them.
function matrixShape() {
  // What tenants share is first, since most of them reach it.
  const order = [...groups.filter(g => !g.tenant), ...tenants].map(g => g.id);
  const rows = new Set(filter.groups), columns = new Set(filter.groups);
  for (const e of filter.active ? edges.filter(filter.edges) : []) {
    if (filter.groups.has(e.group[1])) rows.add(e.group[0]);
    if (filter.groups.has(e.group[0])) columns.add(e.group[1]);
  }
  const whole = !filter.active || Math.min(rows.size, columns.size) > .8 * groups.length;
  return whole ? {whole, rows: order, columns: order} : {whole, rows: order.filter(g => rows.has(g)), columns: order.filter(g => columns.has(g))};
}

// cellsOf returns the cells of a shape that are not empty, by row.
function cellsOf({rows, columns}) {
  const at = new Map(columns.map((id, c) => [id, c]));
  return rows.map(from => {
    const targets = new Set(cells[from].keys());
    if (groups[from].out || groups[from].outside) openTargets.filter(to => openCell(from, to)).forEach(to => targets.add(to));
    const row = [...targets].filter(to => at.has(to)).map(to => ({from, to, at: at.get(to), all: cellOf(from, to), open: openCell(from, to)}));
    return row.sort((a, b) => a.at - b.at);
  });
}

const cellKind = c => c.open ? 'open' : c.all.every(e => edges[e].traffic.every(t => traffic[t].depends)) ? 'depends' : 'allowed';

function cellText(c) {
  const parts = [c.all && portsOf(c.all), c.open && 'pods on both sides are not isolated'].filter(Boolean);
  return `${groups[c.from].title} to ${groups[c.to].title}: ${parts.join('; ')}`;
}

// matrixKey identifies the matrix that is shown. The matrix of all groups stays in the page, so that the end of a
// search is fast.
let matrixKey, wholeMatrix;

function showMatrix(again) {
  const panel = byId('matrix');
  const shape = matrixShape();
  const key = `${shape.rows} ${shape.columns}`;
  if (key === matrixKey && !again) return;
  matrixKey = key;
  if (again || !wholeMatrix) {
    wholeMatrix = undefined;
    panel.replaceChildren();
  }
  [...panel.children].forEach(child => child !== wholeMatrix && child.remove());
  wholeMatrix?.classList.toggle('parked', !shape.whole);
  if (shape.whole && wholeMatrix) return;
  const shown = matrixOf(shape);
  panel.prepend(shown);
  if (shape.whole) wholeMatrix = shown;
}

function matrixOf(shape) {
  const byRow = cellsOf(shape);
  const filled = byRow.reduce((n, row) => n + row.length, 0);
  const most = groups.length > maxTableGroups ? 40 : maxTableGroups;
  const large = Math.max(shape.rows.length, shape.columns.length) > most || filled > maxTableCells;
  return make('div', {}, make('p', {class: 'hint'}, 'Rows reach columns. Arrow keys move between cells, and Enter shows one.'),
    large ? canvasMatrix(shape, byRow.flat()) : make('div', {class: 'scroll both'}, matrixTable(shape, byRow)));
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
      if (size === 'wide') for (; next < c.at; next++) row.append(make('td', {class: 'gap'}));
      else if (c.at > next) row.append(make('td', {class: 'gap', colspan: c.at - next}));
      next = c.at + 1;
      if (c.to === undefined) continue;
      const text = size === 'wide' ? c.open && !c.all ? 'not isolated' : portsOf(c.all ?? [], 2) : '';
      const label = cellText(c);
      row.append(place(r, c.at, make('td', {class: `cell ${cellKind(c)} ${c.from === c.to ? 'own' : ''}`, 'aria-colindex': c.at + 2, 'aria-label': label, title: label}, text)));
    }
    return row;
  });
  table.append(make('colgroup', {}, make('col', {class: 'names'}), columns.map(() => make('col'))), make('thead', {}, first), make('tbody', {}, body));
  const start = at.get('0 -1') ?? at.get('-1 0');
  if (start) start.tabIndex = 0;
  table.addEventListener('keydown', event => moveInMatrix(event, at, rows, columns));
  table.addEventListener('click', event => chooseCell(event.target.closest('td.cell, th'), rows, columns));
  return table;
}

function chooseCell(element, rows, columns) {
  if (!element?.place) return;
  const [r, c] = element.place;
  if (r >= 0 && c >= 0) select({cell: [rows[r], columns[c]]});
  else select({group: r >= 0 ? rows[r] : columns[c]});
}

// moveInMatrix moves the focus to the next cell that is not empty, or chooses one.
function moveInMatrix(event, at, rows, columns) {
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
