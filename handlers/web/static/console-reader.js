// One case: the paper, what is noted on it, the ways to answer it.

import { act, complain, read } from './console-ask.js';
import * as decide from './console-decide.js';
import { changes, chosen, number, paragraph } from './console-text.js';
import { byId, el, say } from './dom.js';

/** Everything about the case that is open. */
const open = { /** @type {any} */ one: null, told: '', asked: 0, tab: 'paper', /** @type {any} */ writing: null, /** @type {() => void} */ changed: () => {}, /** @type {() => void} */ noted: () => {}, /** @type {any[]} */ phrases: [] };

/** @param {{changed: () => void, noted: () => void}} doors called when the case, or only what is noted on it, was changed from here */
export function prepare(doors) {
  open.changed = doors.changed;
  open.noted = doors.noted;
}

/** @param {any[]} phrases */
export function usePhrases(phrases) {
  open.phrases = phrases;
}

/** @returns {any} the case that is open */
export function current() {
  return open.one;
}

export function shut() {
  open.one = null;
  byId('reader').replaceChildren(el('p', { class: 'empty', text: say('empty_case') }));
}

/**
 * Opens a case in the reader.
 * @param {string} id
 * @param {number} [n] a submission before the last one
 */
export async function openCase(id, n) {
  const asked = ++open.asked;
  if (!open.one || open.one.case !== id) byId('reader').setAttribute('aria-busy', 'true');
  try {
    const one = await read(`/case/${id}${n ? `?n=${n}` : ''}`);
    if (asked !== open.asked) return; // another one was asked for meanwhile
    if (one.can.open) {
      one.can.open = false;
      act('open', { case: id, n: one.n }, { quiet: true }).then(() => { open.changed(); if (open.one && open.one.case === id) refresh(); });
    }
    const same = open.one && open.one.case === id;
    const told = JSON.stringify(one);
    if (same && told === open.told) return; // what somebody has selected in it stays selected
    open.one = one;
    open.told = told;
    if (!same) { open.tab = 'paper'; open.writing = kept(id); }
    draw();
    if (!same) byId('reader').focus({ preventScroll: true });
  } catch (trouble) {
    complain(trouble);
  } finally {
    if (asked === open.asked) byId('reader').removeAttribute('aria-busy');
  }
}

/** @returns {boolean} whether another case is on its way: a key meant for it must not decide the one still shown */
function between() {
  return byId('reader').hasAttribute('aria-busy');
}

/** The same case anew, with what stands in the boxes kept. */
export async function refresh() {
  if (open.one) await openCase(open.one.case, open.one.n === open.one.last ? undefined : open.one.n);
}

/** @param {any} seen what the list knows of the case now */
export function notice(seen) {
  const one = open.one;
  if (one && seen && seen.n > one.last && !document.querySelector('.fresh')) {
    const bar = el('p', { class: 'fresh', role: 'status' }, el('span', { text: say('fresh') }), el('button', { type: 'button', text: say('fresh_go'), onclick: () => openCase(one.case) }));
    byId('reader').querySelector('.rh').after(bar);
  }
}

// ---------------------------------------------------------------- drawing

function draw() {
  const one = open.one;
  const reader = byId('reader');
  const top = reader.querySelector('.body') ? reader.querySelector('.body').scrollTop : 0;
  const body = el('div', { class: `body${open.tab === 'paper' ? '' : ' one'}` });
  const down = one.sent_down ? [el('div', { class: 'down' }, el('h3', { text: one.sent_down.title }), el('p', { text: one.sent_down.text }))] : [];
  reader.replaceChildren(head(one), ...down, body, actions(one));
  reader.classList.toggle('can', Boolean(one.can.comment));
  if (open.tab === 'paper') paper(body, one);
  else if (open.tab === 'pictures') pictures(body, one);
  else if (open.tab === 'compare') compare(body, one);
  else history(body, one);
  body.scrollTop = top;
}

/** @param {any} one */
function head(one) {
  const word = `/api/console/case/${one.case}/word?n=${one.n}`;
  const tabs = [['paper', say('tab_paper')], ['compare', say('tab_compare')], ['pictures', say('tab_pictures', { n: one.paper.pictures.length })], ['history', say('tab_history')]];
  const versions = one.versions.length > 1
    ? el('select', { 'aria-label': say('version', { n: one.n }), onchange: (/** @type {any} */ e) => openCase(one.case, Number(e.target.value)) },
      ...one.versions.map((/** @type {any} */ v) => el('option', { value: v.n, text: `${v.label}　${v.at}`, selected: v.n === one.n })))
    : el('span', { class: 'tag pine', text: say('version', { n: one.n }) });
  return el('div', { class: 'rh' },
    el('div', { class: 'l1' },
      el('button', { type: 'button', class: 'b back', text: say('back'), onclick: () => window.history.back() }),
      el('h2', { text: one.title }), versions,
      one.origin_text ? el('span', { class: 'tag', text: one.origin_text }) : null,
      one.late_text ? el('span', { class: 'tag amber', text: one.late_text }) : null,
      one.deaf_text ? el('span', { class: 'tag amber', text: one.deaf_text }) : null,
      el('span', { class: 'tag', text: one.state_text }),
      el('span', { class: 'sp' }, el('a', { class: 'b', href: word, download: '', text: say('word') }),
        one.can.enclose ? el('button', { type: 'button', class: 'b', text: say('enclose'), onclick: () => decide.enclose(one, refresh) }) : null)),
    el('p', { class: 's' }, el('span', { text: `${one.number}　${one.head}　` }), one.phone ? el('a', { href: `tel:${one.phone}`, text: say('tel', { phone: one.phone }) }) : null),
    el('div', { class: 'tabs', role: 'tablist' }, ...tabs.map(([id, text]) => el('button', {
      type: 'button', role: 'tab', text, 'aria-selected': id === open.tab ? 'true' : 'false', onclick: () => { open.tab = id; draw(); },
    }))));
}

/** @param {HTMLElement} body @param {any} one */
function paper(body, one) {
  const page = el('article', { class: 'page' }, el('h1', { text: one.paper.title }), el('p', { class: 'u', text: one.paper.unit }));
  for (const section of one.paper.sections) {
    const about = one.comments.filter((/** @type {any} */ c) => c.section === section.id && !c.quote && !c.old);
    page.appendChild(el('h4', { 'data-section': section.id }, el('span', { text: section.heading }), ...about.map((/** @type {any} */ c) => number(c, pick))));
    for (const block of section.blocks) {
      const own = one.comments.filter((/** @type {any} */ c) => c.block === block.id && c.quote && fits(block.text, c));
      const fresh = one.marks.filter((/** @type {any} */ m) => m.block === block.id);
      page.appendChild(paragraph(block, own, fresh, pick));
    }
  }
  const rows = one.paper.fields.map((/** @type {any} */ f) => el('p', { class: 's', text: say('pair', { a: f.label, b: f.value }) }));
  body.append(page, aside(one, rows));
  if (!one.can.comment) return;
  page.addEventListener('mouseup', (e) => setTimeout(() => take(page, e), 0));
  page.addEventListener('keyup', () => take(page, null));
}

/** @param {string} text @param {any} c whether the quote stands where it says, so that nothing else is marked */
function fits(text, c) {
  return Array.from(text).slice(c.start, c.start + Array.from(c.quote).length).join('') === c.quote;
}

/** @param {HTMLElement} page @param {MouseEvent|null} event */
function take(page, event) {
  if (event && /** @type {Element} */ (event.target).closest('button')) return;
  const heading = event ? /** @type {Element} */ (event.target).closest('h4[data-section]') : null;
  const place = chosen(page, event);
  if (heading instanceof HTMLElement && !(window.getSelection() || '').toString()) return write({ section: heading.dataset.section || '', quote: '', block: '', start: 0 });
  if (place && place.quote) write(place);
}

/** @param {any} place opens the card for a new comment on a place */
export function write(place) {
  const one = open.one;
  if (!one || !one.can.comment || between()) return;
  open.writing = { text: '', change: '', ...(open.writing || {}), ...place, case: one.case, id: '' };
  if (open.tab !== 'paper') open.tab = 'paper';
  draw();
  const box = byId('reader').querySelector('.new textarea');
  if (box instanceof HTMLElement) { box.focus({ preventScroll: innerWidth > 900 }); box.scrollIntoView({ block: 'nearest' }); }
}

/** @param {string} id shows a comment's card and place */
function pick(id) {
  for (const node of document.querySelectorAll('[data-comment],.cm')) node.classList.toggle('on', /** @type {HTMLElement} */ (node).dataset.comment === id);
  const card = document.querySelector(`.cm[data-comment="${id}"]`);
  if (card) card.scrollIntoView({ block: 'nearest' });
}

// ---------------------------------------------------------------- beside the paper

/** @param {any} one @param {HTMLElement[]} rows */
function aside(one, rows) {
  const checks = el('div', { class: 'ck' }, el('h3', { text: say('checks') }), el('ul', {}, ...one.checks.map((/** @type {any} */ c) => el('li', { class: c.ok ? null : 'w' },
    el('span', { 'aria-hidden': 'true', text: c.ok ? '✓' : '!' }),
    c.block && one.can.comment ? el('button', { type: 'button', text: c.text, onclick: () => write({ section: c.section, block: c.block, start: c.start, quote: spoken(one, c) }) }) : el('span', { text: c.text })))));
  const parts = [checks];
  if (open.writing && open.writing.case === one.case && one.can.comment) parts.push(editor(one));
  parts.push(...one.comments.map(card));
  if (one.can.comment && !open.writing) {
    parts.push(el('div', { class: 'cm' }, el('p', { class: 's', text: say('comment_hint') }),
      el('div', { class: 'do' }, el('button', { type: 'button', class: 'qk', text: say('comment_whole'), onclick: () => write({ section: '', quote: '', block: '', start: 0 }) }))));
  }
  if (one.enclosures.length) {
    parts.push(el('div', { class: 'cm' }, el('h3', { text: say('enclosures') }), ...one.enclosures.map((/** @type {any} */ f) => el('p', {},
      el('a', { href: `/api/console/case/${one.case}/file/${f.file}`, download: f.name, text: f.name }), el('span', { class: 's', text: `　${f.kind_text}　${f.at}` }),
      one.can.enclose ? el('button', { type: 'button', class: 'qk', text: say('enclosure_drop'), onclick: () => decide.takeAway(f, refresh) }) : null))));
  }
  if (one.paper.materials.length || rows.length) {
    parts.push(el('div', { class: 'cm' }, ...rows, ...one.paper.materials.map((/** @type {any} */ f) => el('p', {},
      el('a', { href: `/api/console/case/${one.case}/file/${f.file}`, download: f.name, text: f.label || f.name })))));
  }
  return el('aside', {}, ...parts);
}

/** @param {any} one @param {any} c a check @returns {string} the words it speaks of */
function spoken(one, c) {
  for (const section of one.paper.sections) for (const block of section.blocks) if (block.id === c.block) return Array.from(block.text).slice(c.start, c.end).join('');
  return '';
}

/** @param {any} c */
function card(c) {
  const edit = c.sent || c.old || !open.one.can.comment ? null : el('span', {},
    el('button', { type: 'button', text: say('comment_edit'), onclick: () => { open.writing = { ...c, case: open.one.case }; draw(); } }),
    el('button', { type: 'button', text: say('comment_drop'), onclick: () => drop(c) }));
  return el('div', { class: 'cm', 'data-comment': c.id },
    el('h3', {}, el('span', { class: c.answer ? 'nn ok' : 'nn', 'data-i': c.i, 'aria-hidden': 'true' }), el('span', { text: c.title })),
    c.quote ? el('p', { class: 's', text: say('quote', { quote: c.quote }) }) : null, c.picture && !c.old ? meant(open.one, c.picture) : null,
    el('p', { text: c.text }), c.change ? el('p', { class: 'chg', text: c.change }) : null,
    c.answer_text ? el('p', { class: 's', text: c.answer_text }) : null,
    el('div', { class: 'f s' }, el('span', { text: say('by_at', { who: c.author, at: c.at }) }), edit));
}

/** @param {any} one @param {string} id @returns {HTMLElement|null} the picture a comment speaks of: what is judged stays in sight */
function meant(one, id) {
  const found = one.paper.pictures.find((/** @type {any} */ p) => p.id === id);
  if (!found) return null;
  return el('figure', { class: 'meant' }, look(one, found), found.caption ? el('figcaption', { class: 's', text: found.caption }) : null);
}

/** @param {any} one @param {any} p @returns {HTMLElement} a picture made small, which opens whole */
function look(one, p) {
  const at = `/api/console/case/${one.case}/file/${p.file}`;
  return el('a', { href: at, target: '_blank', rel: 'noopener' }, el('img', { src: `${at}?size=small`, loading: 'lazy', alt: p.caption || say('picture', { n: p.n }) }));
}

/** @param {any} one the card in which a comment is written */
function editor(one) {
  const w = open.writing;
  const text = el('textarea', { 'aria-label': say('comment_text'), placeholder: say('comment_text') });
  const change = el('textarea', { 'aria-label': say('comment_change'), placeholder: say('comment_change') });
  text.value = w.text || '';
  change.value = w.change || '';
  const note = () => { w.text = text.value; w.change = change.value; keep(w); };
  text.addEventListener('input', note);
  change.addEventListener('input', note);
  const save = el('button', { type: 'button', class: 'b strong', text: say('comment_save') });
  save.addEventListener('click', async () => {
    save.disabled = true;
    const about = { section: w.section || '', question: w.question || '', block: w.block || '', start: w.start || 0, quote: w.quote || '' };
    const fields = { text: text.value, change: w.quote && change.value.trim() ? change.value.trim() : null };
    const done = w.id ? await act('recomment', { comment: w.id, ...fields }) : await act('comment', { case: one.case, n: one.n, ...about, ...fields });
    save.disabled = false;
    if (done) { open.writing = null; keep(null, one.case); await noted(); }
  });
  const section = one.paper.sections.find((/** @type {any} */ s) => s.id === w.section);
  const picture = one.paper.pictures.find((/** @type {any} */ p) => p.id === w.block);
  const about = picture ? say('picture', { n: picture.n }) : w.quote ? say('quote', { quote: w.quote }) : (section ? say('pair', { a: say('comment_section'), b: section.heading }) : say('comment_whole'));
  return el('div', { class: 'cm new on' }, el('h3', { text: say('comment_new') }), el('p', { class: 's', text: about }), meant(one, w.block), text, w.quote ? change : null,
    el('div', { class: 'ph' }, ...open.phrases.map((p) => el('span', {},
      el('button', { type: 'button', text: p.label, onclick: () => { text.value = text.value ? `${text.value}${p.text}` : p.text; note(); text.focus(); } }),
      p.id ? el('button', { type: 'button', class: 'x', text: '\u00d7', 'aria-label': say('phrase_drop', { text: p.label }), onclick: () => dropPhrase(p) }) : null))),
    el('div', { class: 'do' }, save, el('button', { type: 'button', class: 'b', text: say('cancel'), onclick: () => { open.writing = null; keep(null, one.case); draw(); } }),
      one.can.correct && w.quote && !w.id ? el('button', { type: 'button', class: 'b', text: say('correct'), onclick: () => decide.correct(one, w, corrected) }) : null,
      el('button', { type: 'button', class: 'b', text: say('comment_phrase'), onclick: () => act('phrase', { text: text.value }) })));
}

/** What is noted changed: the list counts what was not sent yet. */
async function noted() {
  open.noted();
  await refresh();
}

/** @param {any} c */
async function drop(c) {
  if (await act('uncomment', { comment: c.id })) await noted();
}

/** @param {any} p a phrase of one's own office */
async function dropPhrase(p) {
  if (!await act('unphrase', { phrase: p.id })) return;
  usePhrases(open.phrases.filter((other) => other.id !== p.id));
  draw();
}

/** @param {any} w @param {string} [id] a comment half written outlives a reload of the page */
function keep(w, id) {
  try {
    if (w) sessionStorage.setItem(`comment-${w.case}`, JSON.stringify(w));
    else sessionStorage.removeItem(`comment-${id}`);
  } catch (e) { /* no room, or not allowed: it is kept as long as the page lives */ }
}

/** @param {string} id */
function kept(id) {
  try { return JSON.parse(sessionStorage.getItem(`comment-${id}`) || 'null'); } catch (e) { return null; }
}

// ---------------------------------------------------------------- the other tabs

/** @param {HTMLElement} body @param {any} one */
function pictures(body, one) {
  body.appendChild(el('div', { class: 'pics' }, ...one.paper.pictures.map((/** @type {any} */ p) => el('figure', {},
    look(one, p),
    el('figcaption', {}, el('span', { text: `${p.n} ${p.caption || ''}` }),
      ...one.comments.filter((/** @type {any} */ c) => c.picture === p.id && !c.old).map((/** @type {any} */ c) => number(c, () => { open.tab = 'paper'; draw(); pick(c.id); })),
      one.can.comment ? el('button', { type: 'button', class: 'qk', text: say('comment_picture'), onclick: () => write({ section: 'pictures', block: p.id, start: 0, quote: '' }) }) : null)))));
  if (!one.paper.pictures.length) body.appendChild(el('p', { class: 'none', text: say('empty') }));
}

/** @param {HTMLElement} body @param {any} one */
async function compare(body, one) {
  if (one.n < 2) { body.appendChild(el('p', { class: 'none', text: say('nothing_compared') })); return; }
  try {
    const diff = await read(`/case/${one.case}/compare?from=${one.n - 1}&to=${one.n}`);
    const page = el('article', { class: 'page' }, el('p', { class: 's', text: diff.summary }), el('h1', {}, changes(diff.title.ops)));
    for (const section of diff.sections) {
      page.appendChild(el('h4', { text: section.heading }));
      let same = 0;
      const fold = () => { if (same) page.appendChild(el('p', { class: 'fold', text: say('folded', { n: same }) })); same = 0; };
      for (const row of section.rows) {
        if (row.kind === 'same') { same += 1; continue; }
        fold();
        page.appendChild(el('p', { class: 't' }, row.moved ? el('span', { class: 'tag', text: say(row.kind === 'added' ? 'moved_here' : 'moved_away') }) : null, changes(row.ops)));
      }
      fold();
    }
    body.replaceChildren(page);
  } catch (trouble) { complain(trouble); }
}

/** @param {HTMLElement} body @param {any} one */
async function history(body, one) {
  try {
    const told = await read(`/case/${one.case}/history`);
    body.replaceChildren(el('ol', { class: 'hist' }, ...told.rows.map((/** @type {any} */ r) => el('li', {},
      el('span', { class: 's', text: r.at }), el('span', { text: r.who }), el('span', {}, el('span', { text: r.what }), r.detail ? el('span', { class: 's', text: `　${r.detail}` }) : null,
        r.reason ? el('span', { class: 'why', text: r.reason }) : null)))));
  } catch (trouble) { complain(trouble); }
}

// ---------------------------------------------------------------- answering

/** @param {any} one */
function actions(one) {
  const bar = el('div', { class: 'act' });
  if (one.can.comment) {
    bar.append(el('span', { class: 's', text: say('phrases') }), ...open.phrases.slice(0, 3).map((p) => el('button', { type: 'button', class: 'qk', text: p.label, onclick: () => {
      open.writing = { section: '', block: '', start: 0, quote: '', ...(open.writing || {}), text: `${(open.writing && open.writing.text) || ''}${p.text}`, case: one.case };
      keep(open.writing);
      draw();
    } })));
  }
  bar.appendChild(decide.buttons(one, moved, corrected));
  return bar;
}

async function moved() {
  const next = open.one.next || open.one.prev;
  open.changed();
  if (next) await openCase(next);
  else await refresh();
}

async function corrected() {
  open.writing = null;
  keep(null, open.one.case);
  open.changed();
  await openCase(open.one.case);
}

export function pass() {
  if (open.one && !between()) decide.pass(open.one, moved);
}

export function giveBack() {
  if (open.one && !between()) decide.giveBack(open.one, moved);
}
