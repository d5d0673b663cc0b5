// canvasMatrix returns the matrix as a canvas, and its cells as a table for keyboards and screen readers.
function canvasMatrix(shape, filled) {
  const id = shape.whole ? 'cell-text' : 'cell-text-found';
  const canvas = make('canvas', {tabindex: 0, role: 'img', 'aria-label': `Matrix of ${count(shape.rows.length, 'row')} and ${count(shape.columns.length, 'column')}: ${count(filled.length, 'cell')} with connections. Arrow keys move between them.`, 'aria-describedby': id});
  const text = make('p', {id, class: 'hint', role: 'status'}, 'Move over the matrix, or use the arrow keys. A search enlarges the groups that match.');
  const view = {canvas, text, shape, filled, current: -1, byRow: new Map()};
  const rowOf = new Map(shape.rows.map((id, r) => [id, r]));
  filled.forEach((c, i) => {
    c.index = i;
    c.row = rowOf.get(c.from);
    if (!view.byRow.has(c.row)) view.byRow.set(c.row, new Map());
    view.byRow.get(c.row).set(c.at, c);
  });
  canvas.addEventListener('mousemove', event => pointCell(view, cellAt(view, event)));
  canvas.addEventListener('click', event => {
    const c = cellAt(view, event);
    if (c) select({cell: [c.from, c.to]});
  });
  canvas.addEventListener('keydown', event => canvasKey(view, event));
  requestAnimationFrame(() => drawMatrix(view));
  return [text, canvas, cellTable(filled)];
}

// cellTable lists cells in a table. More are added by a button.
function cellTable(filled, most = 40) {
  const row = c => make('tr', {}, make('th', {scope: 'row'}, groupLink(c.from)), make('td', {}, groupLink(c.to)),
    make('td', {}, button(c.all ? portsOf(c.all) : 'not isolated', () => select({cell: [c.from, c.to]}), {class: 'link'})));
  const body = make('tbody', {}, filled.slice(0, most).map(row));
  const table = make('table', {class: 'rows', 'aria-label': 'Cells with connections'},
    make('thead', {}, make('tr', {}, ['From', 'To', 'Ports'].map(t => make('th', {scope: 'col'}, t)))), body);
  let shown = most;
  const more = button('Show more cells', () => {
    body.append(...filled.slice(shown, shown + 500).map(row));
    shown += 500;
    more.hidden = shown >= filled.length;
  });
  more.hidden = shown >= filled.length;
  return make('div', {class: 'scroll'}, make('h2', {}, `${count(filled.length, 'cell')} with connections`), table, more);
}

// drawMatrix draws the cells that are not empty. Few groups have large cells and names.
function drawMatrix(view) {
  const {canvas, shape, filled} = view;
  const most = Math.max(shape.rows.length, shape.columns.length, 1);
  const width = byId('content').clientWidth - 48;
  view.names = most <= 100 ? 150 : 0;
  view.size = Math.min(18, Math.max(1, (Math.min(width, 1100) - view.names) / shape.columns.length));
  const scale = devicePixelRatio || 1;
  const [w, h] = [view.names + view.size * shape.columns.length, view.names + view.size * shape.rows.length];
  canvas.width = Math.ceil(w * scale);
  canvas.height = Math.ceil(h * scale);
  canvas.style.width = `${Math.ceil(w)}px`;
  canvas.style.height = `${Math.ceil(h)}px`;
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  const style = getComputedStyle(canvas);
  const colors = Object.fromEntries(['allowed', 'depends', 'open'].map(kind => [kind, colorOf(`--${kind}`)]));
  pen.clearRect(0, 0, w, h);
  pen.strokeStyle = colorOf('--line');
  pen.strokeRect(view.names + .5, view.names + .5, w - view.names - 1, h - view.names - 1);
  const dot = Math.max(3, view.size - (view.size > 6 ? 1 : 0));
  for (const c of filled) {
    pen.fillStyle = colors[cellKind(c)];
    pen.fillRect(view.names + c.at * view.size, view.names + c.row * view.size, dot, dot);
  }
  if (view.names) drawNames(pen, view, style);
  if (view.current >= 0) {
    const c = filled[view.current];
    pen.strokeStyle = colorOf('--text');
    pen.lineWidth = 2;
    pen.strokeRect(view.names + c.at * view.size - 3, view.names + c.row * view.size - 3, dot + 6, dot + 6);
    pen.lineWidth = 1;
  }
}

function drawNames(pen, {shape, names, size}, style) {
  pen.fillStyle = colorOf('--text');
  pen.font = `${Math.min(12, size - 2)}px ${style.fontFamily}`;
  pen.textBaseline = 'middle';
  const name = id => groups[id].title.length > 22 ? `${groups[id].title.slice(0, 21)}…` : groups[id].title;
  pen.textAlign = 'right';
  shape.rows.forEach((id, r) => pen.fillText(name(id), names - 6, names + (r + .5) * size));
  pen.textAlign = 'left';
  shape.columns.forEach((id, c) => {
    pen.save();
    pen.translate(names + (c + .5) * size, names - 6);
    pen.rotate(-Math.PI / 2);
    pen.fillText(name(id), 0, 0);
    pen.restore();
  });
}

// colorOf resolves a color of the style for the canvas.
function colorOf(name) {
  const probe = byId('summary');
  probe.style.color = `var(${name})`;
  const color = getComputedStyle(probe).color;
  probe.style.color = '';
  return color;
}

// cellAt returns the cell under the pointer, or the nearest one within some pixels.
function cellAt(view, event) {
  const box = view.canvas.getBoundingClientRect();
  const c = (event.clientX - box.left - view.names) / view.size;
  const r = (event.clientY - box.top - view.names) / view.size;
  const near = Math.ceil(3 / view.size);
  for (let distance = 0; distance <= near; distance++) {
    for (let row = Math.floor(r) - distance; row <= Math.floor(r) + distance; row++) {
      for (let column = Math.floor(c) - distance; column <= Math.floor(c) + distance; column++) {
        const found = view.byRow.get(row)?.get(column);
        if (found) return found;
      }
    }
  }
  return undefined;
}

function pointCell(view, c) {
  if (!c || c.index === view.current) return;
  view.current = c.index;
  view.text.textContent = cellText(c);
  drawMatrix(view);
}

// canvasKey moves among the cells: in a row with left and right, and to the nearest row with up and down.
function canvasKey(view, event) {
  const {filled} = view;
  const at = Math.max(0, view.current);
  let next;
  if (event.key === 'Enter' && view.current >= 0) select({cell: [filled[at].from, filled[at].to]});
  else if (view.current < 0 && event.key.startsWith('Arrow')) next = 0;
  else if (event.key === 'ArrowRight') next = at + 1;
  else if (event.key === 'ArrowLeft') next = at - 1;
  else if (event.key === 'ArrowDown') next = filled.findIndex(c => c.row > filled[at].row && c.at >= filled[at].at);
  else if (event.key === 'ArrowUp') next = filled.findLastIndex(c => c.row < filled[at].row && c.at <= filled[at].at);
  else if (event.key === 'Home') next = 0;
  else if (event.key === 'End') next = filled.length - 1;
  else return;
  event.preventDefault();
  if (next !== undefined && filled[next]) pointCell(view, filled[next]);
}
