const byId = id => document.getElementById(id);

// make returns an element. Text is always text: names are never read as markup.
function make(tag, attributes = {}, ...children) {
  const svg = ['svg', 'g', 'path', 'rect', 'text', 'title', 'defs', 'marker', 'circle', 'tspan'].includes(tag);
  const element = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(4).filter(c => c !== undefined && c !== '' && c !== false));
  return element;
}

const button = (text, act, attributes = {}) => make('button', {type: 'button', ...attributes, on: {click: act}}, text);
const badge = ({text, kind}) => text ? make('span', {class: `badge ${kind}`}, text) : '';

// link is a button that selects something.
const nodeLink = id => button(nodes[id].name, () => select({node: id}), {class: 'link'});
const groupLink = id => button(groups[id].title, () => select({group: id}), {class: 'link'});

// some returns the first children, and a button that adds more.
function some(all, childOf, most = 40) {
  const list = make('ul', {}, all.slice(0, most).map(one => make('li', {}, childOf(one))));
  if (all.length <= most) return list;
  const more = button(`Show ${(all.length - most).toLocaleString('en')} more`, () => {
    more.parentElement.replaceWith(...all.slice(most).map(one => make('li', {}, childOf(one))));
  });
  list.append(make('li', {}, more));
  return list;
}

// arrowKeys moves the focus among elements of a list.
function arrowKeys(event, list) {
  const at = list.indexOf(document.activeElement);
  const to = {ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: list.length - 1}[event.key];
  if (to === undefined || at < 0) return undefined;
  event.preventDefault();
  const next = list[(to + list.length) % list.length];
  next.focus();
  return next;
}
