// What is selected: a node, a group or a cell. Empty: nothing.
let selected = {};
let view = tenants.length > 30 || groups.length > 60 ? 'matrix' : 'picture';
const views = {picture: showPicture, matrix: showMatrix, list: showList};

// filter has the groups and nodes that match the search and the state.
const filter = {text: '', state: '', active: false, groups: new Set(), nodes: new Set(), edges: () => true};

function updateFilter() {
  filter.text = byId('search').value.trim().toLowerCase();
  filter.state = byId('state').value;
  filter.active = filter.text !== '' || filter.state !== '';
  const inState = g => filter.state === '' || (filter.state === 'open' ? g.out || g.in : g.enforcement === filter.state);
  filter.groups = new Set(groups.filter(g => inState(g) && (g.text.includes(filter.text) || g.podText.includes(filter.text))).map(g => g.id));
  filter.nodes = new Set(filter.text === '' ? [] : nodes.filter(n => n.text.includes(filter.text)).map(n => n.id));
  filter.edges = e => {
    if (!e.group.some(g => filter.groups.has(g))) return false;
    return filter.text === '' || e.group.some(g => groups[g].text.includes(filter.text)) || [...e.from, ...e.to].some(n => filter.nodes.has(n));
  };
  byId('matches').textContent = filter.active ? `${filter.groups.size.toLocaleString('en')} of ${count(groups.length, 'group')} match` : '';
  scrollTo(0, 0);
  views[view]();
}

// select shows something in the panel and in the picture. The focus stays, or moves to an element by its id.
function select(what, focus) {
  selected = what;
  showDetails(selected);
  if (view === 'picture') showPicture();
  if (focus) byId(focus)?.focus();
}

function showView(name) {
  view = name;
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const on = tab.id === `tab-${name}`;
    tab.setAttribute('aria-selected', on);
    tab.tabIndex = on ? 0 : -1;
    byId(tab.getAttribute('aria-controls')).hidden = !on;
  }
  views[name]();
}

// setTheme sets light or dark. Omitted: that of the system.
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const dark = (theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  byId('theme').setAttribute('aria-pressed', dark);
  if (view === 'matrix') showMatrix(true);
}

function start() {
  const counts = [count(tenants.length, 'tenant'), count(pods.length, 'pod'), count(edges.length, 'connection'), openPods.length > 0 && `${count(openPods.length, 'pod')} not isolated`];
  byId('summary').textContent = counts.filter(Boolean).join(' · ');
  const outcome = byId('outcome');
  outcome.textContent = graph.outcome ? `tenantfence verify: ${graph.outcome}` : 'not verified in this run';
  outcome.title = graph.note;
  outcome.className = `badge ${graph.outcome === 'verified' ? 'proved' : graph.outcome ? 'open' : 'none'}`;
  if (graph.asEnforced) outcome.after(make('p', {class: 'badge allow-only'}, 'as if every tenant were in Enforce'));
  byId('tabs').addEventListener('keydown', event => {
    const next = arrowKeys(event, [...document.querySelectorAll('[role=tab]')]);
    if (next) showView(next.id.slice(4));
  });
  for (const tab of document.querySelectorAll('[role=tab]')) tab.addEventListener('click', () => showView(tab.id.slice(4)));
  byId('search').addEventListener('input', updateFilter);
  byId('state').addEventListener('change', updateFilter);
  byId('theme').addEventListener('click', () => setTheme(byId('theme').getAttribute('aria-pressed') === 'true' ? 'light' : 'dark'));
  addEventListener('keydown', event => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === '/' && !typing) {
      event.preventDefault();
      byId('search').focus();
    } else if (event.key === 'Escape' && !typing) select({});
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTheme(document.documentElement.dataset.theme));
  showDetails(selected);
  showView(view);
  setTheme();
}
start();
