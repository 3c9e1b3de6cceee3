// The workbench: queues and squares on the left, the list, the reader; keys, search, and what changes meanwhile.

import { counting, setClock } from './clock.js';
import { act, complain, copy, form, read, sheet, tell } from './console-ask.js';
import { send } from './console-decide.js';
import { people } from './console-people.js';
import * as reader from './console-reader.js';
import { byId, el, say } from './dom.js';

const SHOWN = ['edition', 'queue', 'town', 'category', 'q', 'sort']; // what the address keeps
const view = { edition: '', queue: 'mine', town: '', category: '', q: '', sort: '', /** @type {any} */ overview: null, /** @type {any[]} */ rows: [], more: '', picked: new Set(), asked: 0 };

// ---------------------------------------------------------------- what is shown, kept in the address

function fromAddress() {
  const given = new URLSearchParams(location.search);
  view.edition = given.get('edition') || '';
  view.queue = given.get('queue') || 'mine';
  view.town = given.get('town') || '';
  view.category = given.get('category') || '';
  view.q = given.get('q') || '';
  view.sort = given.get('sort') || '';
  return given.get('case') || '';
}

/** @param {string} open the case, "" for none */
function toAddress(open) {
  const told = new URLSearchParams();
  for (const name of SHOWN) if (/** @type {any} */ (view)[name]) told.set(name, /** @type {any} */ (view)[name]);
  if (open) told.set('case', open);
  window.history.pushState(null, '', `?${told}`);
}

/** @param {'list'|'case'|'rail'} which on a phone one thing at a time */
function turn(which) {
  document.body.dataset.view = which;
}

async function show() {
  const open = fromAddress();
  turn(open ? 'case' : 'list');
  await Promise.all([overview(), list()]);
  if (open) await reader.openCase(open);
  else reader.shut();
  mark();
}

// ---------------------------------------------------------------- the top and the rail

async function overview() {
  const asked = view.edition;
  try {
    const told = await read(`?${new URLSearchParams(asked ? { edition: asked } : {})}`);
    if (asked !== view.edition) return; // another one was chosen meanwhile
    view.overview = told;
    if (!seen) seen = told.seq;
    view.edition = told.edition || '';
    reader.usePhrases(told.phrases || []);
    top(told);
    rail(told);
    if (!told.me.named) await introduce(told);
  } catch (trouble) { complain(trouble); }
}

/** @param {any} told */
function top(told) {
  const pick = /** @type {HTMLSelectElement} */ (byId('edition'));
  pick.replaceChildren(...told.editions.map((/** @type {any} */ e) => el('option', { value: e.id, text: e.title, selected: e.id === told.edition })));
  pick.hidden = !told.editions.length;
  const kind = /** @type {HTMLSelectElement} */ (byId('category'));
  kind.replaceChildren(...[{ id: '', label: say('category_all') }, ...told.categories].map((/** @type {any} */ c) => el('option', { value: c.id, text: c.label, selected: c.id === view.category })));
  kind.hidden = told.categories.length < 2;
  const due = told.level_due || told.due;
  setClock(told.now);
  byId('due').replaceChildren(...(due ? [document.createTextNode(due.date), counting(due.at, { tell: true })] : []));
  byId('after').hidden = !due || !due.after;
  byId('after').textContent = due ? due.after : '';
  const tools = byId('tools');
  const add = (/** @type {boolean} */ can, /** @type {string} */ text, /** @type {() => any} */ go) => can && tools.appendChild(el('button', { type: 'button', class: 'b', text, onclick: go }));
  tools.replaceChildren();
  add(told.nudge && told.nudge.count > 0, told.nudge ? told.nudge.label : '', nudge);
  add(told.can.enter, say('enter'), enter);
  add(told.can.pack, say('export'), pack);
  add(told.can.people, say('people'), () => people(view.edition, told));
  tools.appendChild(el('button', { type: 'button', class: 'who', title: told.me.unit, onclick: () => introduce(told) },
    el('span', { class: 'av', 'aria-hidden': 'true', text: (told.me.name || told.me.unit || '·').slice(0, 1) }), el('span', { text: told.me.name || say('me') })));
}

/** @param {any} told */
function rail(told) {
  const parts = [];
  for (const one of told.queues) {
    if (one.rule) parts.push(el('hr'));
    parts.push(el('button', {
      type: 'button', class: one.indent ? 'qu in' : 'qu', 'data-queue': one.id, onclick: () => go({ queue: one.id, town: '', q: '', sort: '' }),
    }, el('span', { text: one.label }), el('b', { text: one.count })));
  }
  if (told.towns.length) parts.push(el('hr'), el('h2', { text: say('towns') }));
  for (const town of told.towns) {
    parts.push(el('button', { type: 'button', class: 'tr', 'data-town': town.path, title: town.text, 'aria-label': town.text, onclick: () => go({ queue: 'all', town: town.path, q: '', sort: '' }) },
      el('span', { text: town.name }),
      el('span', { class: 'cl', 'aria-hidden': 'true' }, ...town.squares.map((/** @type {any} */ s) => el('i', { class: s.s, title: s.label })))));
  }
  parts.push(el('button', { type: 'button', class: 'write s', text: say('books'), onclick: () => books('') }));
  if (told.edition) parts.push(el('button', { type: 'button', class: 'write s', text: say('curve'), onclick: () => curve(told.edition) }));
  parts.push(el('a', { class: 'write s', href: '/chat', text: say('chat') }));
  parts.push(el('div', { class: 'lg s' }, ...told.legend.map((/** @type {any} */ l) => el('span', {}, el('i', { class: l.s }), el('span', { text: l.label })))));
  byId('rail').replaceChildren(...parts);
  const quota = byId('quota');
  quota.hidden = !told.quota;
  quota.textContent = told.quota ? told.quota.text : '';
  mark();
}

function mark() {
  for (const node of document.querySelectorAll('[data-queue],[data-town]')) {
    const own = /** @type {HTMLElement} */ (node).dataset;
    const on = !view.q && (own.queue ? own.queue === view.queue && !view.town : own.town === view.town);
    if (on) node.setAttribute('aria-current', 'true'); else node.removeAttribute('aria-current');
  }
  const open = reader.current();
  for (const node of document.querySelectorAll('.it')) node.classList.toggle('on', Boolean(open) && /** @type {HTMLElement} */ (node).dataset.case === open.case);
}

/** @param {Object<string, string>} to */
async function go(to) {
  Object.assign(view, to);
  view.picked.clear();
  /** @type {HTMLInputElement} */ (byId('q')).value = view.q;
  toAddress('');
  turn('list');
  await list();
  mark();
  byId('items').focus({ preventScroll: true });
}

// ---------------------------------------------------------------- the list

async function list() {
  const asked = ++view.asked;
  const wanted = new URLSearchParams();
  for (const name of SHOWN) if (/** @type {any} */ (view)[name]) wanted.set(name, /** @type {any} */ (view)[name]);
  try {
    const told = await read(`/list?${wanted}`);
    if (asked !== view.asked) return; // something else was asked for meanwhile
    view.rows = told.rows;
    view.more = told.more;
    byId('title').textContent = told.title;
    document.title = `${told.title}　${say('title')}`;
    const sort = /** @type {HTMLSelectElement} */ (byId('sort'));
    sort.replaceChildren(...told.sorts.map((/** @type {any} */ s) => el('option', { value: s.id, text: s.label, selected: s.id === told.sort })));
    sort.hidden = told.sorts.length < 2;
    items();
    const open = reader.current();
    if (open) reader.notice(view.rows.find((row) => row.case === open.case));
  } catch (trouble) {
    complain(trouble);
    byId('items').replaceChildren(el('p', { class: 'none' }, el('span', { text: say('offline') }), el('button', { type: 'button', class: 'b', text: say('again'), onclick: list })));
  }
}

async function further() {
  const wanted = new URLSearchParams({ after: view.more });
  for (const name of SHOWN) if (/** @type {any} */ (view)[name]) wanted.set(name, /** @type {any} */ (view)[name]);
  try {
    const told = await read(`/list?${wanted}`);
    view.rows = view.rows.concat(told.rows);
    view.more = told.more;
    items();
  } catch (trouble) { complain(trouble); }
}

function items() {
  const box = byId('items');
  const top = box.scrollTop;
  const acting = view.queue === 'mine' || view.queue === 'again';
  box.replaceChildren(...view.rows.map((row, at) => item(row, at, acting)));
  if (!view.rows.length) box.appendChild(el('p', { class: 'none', text: say('empty') }));
  if (view.more) box.appendChild(el('button', { type: 'button', class: 'b none', text: say('more'), onclick: further }));
  box.scrollTop = top;
  keys();
  mark();
}

/** @param {any} row @param {number} at @param {boolean} acting */
function item(row, at, acting) {
  const title = el('h3', { text: (row.rank ? `${row.rank}　` : '') + (row.title || row.unit) });
  const who = row.title ? `${row.unit}　${row.name}` : row.name;
  const inner = [title,
    el('span', { class: 'm s' }, el('span', { text: who }), el('span', { class: row.late ? 'late' : null, text: row.note })),
    row.tags.length ? el('span', { class: 't' }, ...row.tags.map((/** @type {any} */ t) => el('span', { class: `tag ${t.tone}`, text: t.text }))) : null];
  const face = row.case
    ? el('button', { type: 'button', class: 'go', onclick: () => openRow(row.case) }, ...inner)
    : el('div', { class: 'go' }, ...inner);
  const box = el('div', { class: 'it', 'data-case': row.case || null }, face);
  if (acting && row.case && row.mine !== false) {
    const pick = el('input', { type: 'checkbox', 'aria-label': say('choose', { title: row.title }), checked: view.picked.has(row.case) });
    pick.addEventListener('change', () => { if (pick.checked) view.picked.add(row.case); else view.picked.delete(row.case); keys(); });
    box.appendChild(el('span', { class: 'pick' }, pick));
  }
  if (view.queue === 'passed' && row.case && view.overview && view.overview.me.acts) {
    box.appendChild(el('span', { class: 'mv' },
      el('button', { type: 'button', text: say('rank_up'), disabled: at === 0, onclick: () => rank(at, at - 1) }),
      el('button', { type: 'button', text: say('rank_down'), disabled: at === view.rows.length - 1, onclick: () => rank(at, at + 1) })));
  }
  return box;
}

function keys() {
  const bar = byId('keys');
  bar.replaceChildren();
  if (view.picked.size) {
    bar.appendChild(el('button', { type: 'button', class: 'b strong', text: say('pass_n', { n: view.picked.size }), onclick: passMany }));
    return;
  }
  for (const [key, word] of [['J', 'key_next'], ['R', 'key_back'], ['A', 'key_pass']]) bar.appendChild(el('span', {}, el('kbd', { text: key }), document.createTextNode(say(word))));
}

async function passMany() {
  const rows = view.rows.filter((row) => view.picked.has(row.case));
  const done = await form({ title: say('pass'), about: say('pass_sure', { n: rows.length }), ok: say('pass_n', { n: rows.length }),
    more: el('ol', {}, ...rows.map((row) => el('li', { text: `${row.title}　${row.unit}` }))),
    send: () => act('pass', { cases: rows.map((row) => ({ case: row.case, n: row.n })) }) });
  if (!done) return;
  view.picked.clear();
  if (done.lost && done.lost.length) complain({ sentence: done.lost.map((/** @type {any} */ l) => l.sentence).join('\n') });
  await changed();
}

/** @param {number} from @param {number} to */
async function rank(from, to) {
  const order = view.rows.map((row) => row.case).filter(Boolean);
  order.splice(to, 0, ...order.splice(from, 1));
  if (await act('rank', { edition: view.edition, cases: order })) await list();
}

/** @param {string} id */
async function openRow(id) {
  toAddress(id);
  turn('case');
  await reader.openCase(id);
  mark();
}

async function changed() {
  await Promise.all([overview(), list()]);
}

// ---------------------------------------------------------------- the tools

async function nudge() {
  try {
    const told = await read(`/nudge?edition=${view.edition}`);
    const rows = told.rows.map((/** @type {any} */ r) => el('div', { class: 'nrow' }, el('div', { class: 'ntext' }, r.note ? el('p', { class: 'tag amber', text: r.note }) : null, el('span', { text: r.text })), el('button', { type: 'button', class: 'b', text: say('copy'), onclick: () => copy(r.text) })));
    const bare = told.rows.filter((/** @type {any} */ r) => !r.link).length;
    const links = el('button', { type: 'button', class: 'b strong', text: say('links'), onclick: async () => { if (await act('links', { edition: view.edition })) nudge(); } });
    sheet(told.title, el('div', { class: 'nall' }, el('p', { class: 's', text: rows.length ? say('nudge_about') : say('nudge_none') }),
      bare ? el('div', { class: 'bare' }, el('p', { text: say('nudge_bare', { n: bare }) }), links) : null, ...rows,
      rows.length ? el('div', { class: 'do' }, el('button', { type: 'button', class: bare ? 'b' : 'b strong', text: say('copy_all'), onclick: () => copy(told.all) })) : null));
  } catch (trouble) { complain(trouble); }
}

/** @param {string} before an event; "" for the newest ones @param {HTMLElement} [box] where the others stand already */
async function books(before, box) {
  try {
    const told = await read(`/books?before=${before}`);
    const rows = told.rows.map((/** @type {any} */ r) => el('li', {}, el('span', { class: 's', text: r.at }), el('span', { text: r.who }),
      el('span', {}, el('span', { text: r.what }), el('span', { class: 's', text: `　${[r.number, r.detail, r.unit].filter(Boolean).join('　')}` }))));
    const list = box || el('ol', { class: 'hist' });
    list.append(...rows);
    if (!box) sheet(say('books'), el('div', {}, list));
    if (told.more) list.after(el('button', { type: 'button', class: 'b', text: say('more'), onclick: (/** @type {any} */ e) => { e.target.remove(); books(told.more, list); } }));
  } catch (trouble) { complain(trouble); }
}

/** @param {string} edition */
async function curve(edition) {
  try {
    const told = await read(`/curve?edition=${edition}`);
    const drawn = (/** @type {string} */ text, /** @type {string} */ title) => text && el('figure', {}, el('img', { class: 'curve', alt: title, src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}` }));
    sheet(say('curve'), el('div', {}, drawn(told.drawn, say('curve')), told.rehearsed && el('h3', { text: say('curve_rehearsed') }), drawn(told.rehearsed, say('curve_rehearsed'))));
  } catch (trouble) { complain(trouble); }
}

async function pack() {
  const options = [['own', 'export_own'], ['recommended', 'export_recommended'], ['passed', 'export_passed'], ['all', 'export_all']].map(([id, key]) => ({ id, label: say(key) }));
  const wanted = await form({ title: say('export'), ok: say('export_go'), fields: [{ name: 'state', label: say('export_what'), kind: 'radio', options }] });
  if (wanted) location.href = `/api/console/pack?edition=${view.edition}&state=${wanted.state}`;
}

async function enter() {
  const told = await read(`/people?edition=${view.edition}`).catch(() => null);
  const units = told ? told.units.map((/** @type {any} */ u) => u.path) : [];
  const categories = told && told.categories ? told.categories : [];
  const done = await form({
    title: say('enter_title'), about: say('enter_about'), ok: say('save'),
    fields: [
      { name: 'unit', label: say('unit'), list: units, needed: true, hint: say('unit_hint', { unit: units[units.length - 1] || '' }) },
      { name: 'name', label: say('name'), needed: true }, { name: 'post', label: say('post') }, { name: 'phone', label: say('phone'), kind: 'tel' },
      { name: 'title', label: say('case_title'), needed: true },
      ...(categories.length ? [{ name: 'category', label: say('category'), kind: /** @type {'select'} */ ('select'), options: [{ id: '', label: say('category_none') }, ...categories] }] : []),
      { name: 'text', label: say('text'), kind: 'tall', needed: true, hint: say('text_hint') }, { name: 'files', label: say('files'), kind: 'files' },
    ],
    send: async (v) => {
      const uploads = [];
      try { for (const file of v.files) uploads.push(await send(file)); } catch (trouble) { complain(trouble); return null; }
      return act('enter', { edition: view.edition, unit: v.unit, name: v.name, post: v.post, phone: v.phone, title: v.title, category: v.category || '', text: v.text, uploads });
    },
  });
  if (done) { await changed(); await openRow(done.case); }
}

/** @param {any} told who somebody is, asked kindly the first time */
async function introduce(told) {
  const done = await form({
    title: say('profile_title'), about: say('profile_about'), ok: say('save'),
    fields: [{ name: 'name', label: say('name'), value: told.me.name, needed: true }, { name: 'post', label: say('post'), value: told.me.post || '' },
      { name: 'phone', label: say('phone'), kind: 'tel', value: told.me.phone || '' }, { name: 'pin', label: say('pin'), kind: 'digits', hint: say('pin_about') }],
    send: async (v) => {
      const named = await act('profile', { name: v.name, post: v.post, phone: v.phone });
      if (!named || !v.pin) return named;
      return act('pin', { pin: v.pin });
    },
  });
  if (done) await overview();
}

// ---------------------------------------------------------------- keys and what changes meanwhile

/** @param {number} by to the next case of the list, or the one before */
function step(by) {
  const cases = view.rows.filter((row) => row.case);
  const open = reader.current();
  const at = open ? cases.findIndex((row) => row.case === open.case) : -1;
  const next = cases[at < 0 ? 0 : at + by];
  if (next) openRow(next.case);
}

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || byId('dialog').open) return;
  const target = /** @type {HTMLElement} */ (e.target);
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) { if (e.key === 'Escape') target.blur(); return; }
  const doing = { j: () => step(1), k: () => step(-1), r: reader.giveBack, a: reader.pass, c: () => reader.write({ section: '', quote: '', block: '', start: 0 }),
    '/': () => byId('q').focus(), '?': () => tell(say('keys_list')) }[e.key.toLowerCase()];
  if (doing) { e.preventDefault(); doing(); }
});

byId('edition').addEventListener('change', async (e) => {
  view.edition = /** @type {HTMLSelectElement} */ (e.target).value;
  reader.shut();
  await go({ queue: 'mine', town: '', category: '', q: '', sort: '' });
  await overview();
});
byId('category').addEventListener('change', (e) => go({ category: /** @type {HTMLSelectElement} */ (e.target).value }));
byId('sort').addEventListener('change', (e) => go({ sort: /** @type {HTMLSelectElement} */ (e.target).value }));
byId('search').addEventListener('submit', (e) => { e.preventDefault(); go({ q: /** @type {HTMLInputElement} */ (byId('q')).value.trim() }); });
byId('q').addEventListener('search', () => { if (view.q && !(/** @type {HTMLInputElement} */ (byId('q')).value)) go({ q: '' }); });
byId('menu').addEventListener('click', () => turn(document.body.dataset.view === 'rail' ? 'list' : 'rail'));
window.addEventListener('popstate', show);

const CALM = 8000; // ms between two looks at what others do
let seen = '';
let waiting = 0;
let drawn = 0;

function live() {
  const source = new EventSource(`/api/console/live?edition=${view.edition}`);
  source.addEventListener('change', (e) => {
    const told = JSON.parse(/** @type {MessageEvent} */ (e).data);
    if (seen && told.seq !== seen && !waiting) {
      // Not all pages at once, and none again and again while a whole county writes; what is done here shows at once.
      waiting = setTimeout(() => { waiting = 0; drawn = Date.now(); changed(); }, Math.max(300, drawn + CALM - Date.now()) + Math.random() * 1500);
    }
    seen = told.seq;
  });
  // A closed line is opened again by the browser; what was missed meanwhile shows by the cursor.
}

reader.prepare({ changed, noted: list });
show().then(live);
