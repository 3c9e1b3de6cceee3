// Cards: what a message says, drawn. Everything in them comes from the server as text.

import { counting } from './clock.js';
import { el, icon, say } from './dom.js';
import { peek } from './paper.js';

/**
 * What a card may do.
 * @typedef {{press: (press: string, label: string, button: HTMLElement) => void,
 *   paper: (draft: string, n: number) => void, picture: (src: string, caption: string) => void,
 *   guide: () => void}} Acts
 */

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function question(card) {
  const out = [];
  if (card.n && card.of > 1 && card.i) {
    const bars = el('i', { 'aria-hidden': 'true' });
    if (card.of <= 8) for (let i = 1; i <= card.of; i += 1) bars.appendChild(el('b', { class: i <= card.i ? 'on' : '' }));
    out.push(el('div', { class: 'step small' }, bars, document.createTextNode(say('question_n', { n: card.i, of: card.of }))));
  }
  out.push(el('h2', { text: card.ask }));
  if (card.hint) out.push(el('p', { class: 'hint', text: card.hint }));
  if (card.example) {
    out.push(el('details', {}, el('summary', { text: say('example') }, icon('i-down')), el('p', { class: 'eg', text: card.example })));
  }
  return out;
}

/**
 * A row of the task list; `act` makes it a button.
 * @param {any} row
 * @param {((button: HTMLElement) => void)|null} act
 * @returns {HTMLElement}
 */
export function taskRow(row, act) {
  const ready = row.state === 'done' || row.state === 'advice';
  const dot = el('span', { class: `dot ${row.state === 'now' ? 'now' : ready ? 'ok' : ''}`, 'aria-hidden': 'true', text: ready ? '' : String(row.n) }, ready && icon('i-ok'));
  const name = el('span', { class: 'n', text: row.heading }, el('span', { class: 'small', text: row.note }));
  const tag = el('span', { class: `tag t-${row.state}`, text: row.label });
  if (!act) return el('li', {}, el('div', { class: 'fixed lead' }, dot, name, tag));
  const button = el('button', { class: 'lead', type: 'button', 'data-press': row.press, onclick: () => act(button) }, dot, name, tag);
  return el('li', {}, button);
}

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function overview(card, acts) {
  const due = el('p', { class: 'due small' }, card.due && el('b', { text: say('overview_due', { due: card.due }) }),
    card.at && counting(card.at), document.createTextNode(say(card.due ? 'overview_rest' : 'overview_words', { words: card.words, limit: card.limit || '' })));
  const rows = (card.rows || []).map((/** @type {any} */ row) => taskRow(row, row.press ? (b) => acts.press(row.press, row.heading, b) : null));
  const back = card.back ? [el('p', { class: 'due small', text: card.back })] : [];
  return [el('h2', { text: card.title || '' }), ...back, due, el('ul', { class: 'rows' }, ...rows)];
}

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function preview(card, acts) {
  const leaf = el('div', { class: 'a4', 'aria-hidden': 'true' }, el('h3', { text: card.title }), el('p', { class: 'by', text: card.unit }),
    ...card.lines.map((/** @type {string} */ line) => el('p', { text: line })));
  peek(leaf, card.draft, card.n || 0);
  // The button lies over the leaf: a button holds no headings.
  const glance = el('div', { class: 'peek' }, leaf,
    el('button', { class: 'zoom', type: 'button', 'aria-label': say('preview_label'), onclick: () => acts.paper(card.draft, card.n || 0) }, el('span', { text: say('preview_open') })));
  const list = el('ul', { class: 'warn' });
  for (const [rows, mark] of [[card.missing || [], 'mk stop'], [card.findings || [], 'mk']]) {
    if (rows === card.findings && rows.length && (card.missing || []).length) list.appendChild(el('li', { class: 'about', text: say('preview_advice') }));
    for (const row of rows) {
      const text = typeof row === 'string' ? row : row.say;
      const go = row.press && el('button', {
        type: 'button', 'data-press': row.press, text: row.label || say('fix'), 'aria-label': say('fix_label', { label: row.label || say('fix'), text }),
        onclick: (/** @type {any} */ e) => acts.press(row.press, row.label || say('fix'), e.currentTarget),
      });
      list.appendChild(el('li', {}, el('span', { class: mark, 'aria-hidden': 'true', text: '!' }), el('span', { text }), go));
    }
  }
  const size = say('preview_words', { words: card.words, pictures: card.pictures });
  const inner = el('div', { class: 'inner' }, el('div', { class: 'meta small', text: size }), list.children.length ? list : null);
  return [glance, inner];
}

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function file(card, acts) {
  return [
    el('div', { class: 'paperfile' }, icon('i-doc'), el('span', { text: card.name })),
    el('div', { class: 'acts' },
      card.draft && card.draft !== '0' && el('button', { class: 'btn', type: 'button', text: say('document_look'), onclick: () => acts.paper(card.draft, card.n || 0) }),
      el('a', { class: 'btn go', href: `/file/${card.file}`, download: card.name, text: say(/\.docx$/.test(card.name) ? 'document_get' : 'file_get') })),
    el('div', { class: 'acts' }, el('button', { class: 'btn', type: 'button', text: say('document_help'), onclick: acts.guide })),
  ];
}

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function choice(card, acts) {
  const rows = (card.rows || []).map((/** @type {any} */ row) => {
    const note = row.note || (row.due ? say('edition_note', { limit: row.limit || '', due: row.due }) : '');
    const text = el('span', { class: 'n', text: row.title }, note ? el('span', { class: 'small', text: note }, row.at && counting(row.at)) : null);
    if (!row.press) return el('li', {}, el('div', { class: 'fixed' }, text));
    const button = el('button', { type: 'button', 'data-press': row.press, onclick: () => acts.press(row.press, row.title, button) }, text, icon('i-down', 'more'));
    return el('li', {}, button);
  });
  return [el('ul', { class: 'rows' }, ...rows)];
}

/** @param {any} card @returns {Node[]} */
function code(card) {
  return [
    el('p', { class: 'small', text: say('code_label') }),
    el('p', { class: 'digits', text: card.code }),
    ...card.ways.map((/** @type {any} */ one) => el('p', { class: 'hint small', text: one.way })),
    el('p', { class: 'hint small', text: say('code_hint') }),
  ];
}

/** @param {any} card @param {Acts} acts @returns {Node[]} */
function pictures(card, acts) {
  return (card.items || card.rows || []).map((/** @type {any} */ item, /** @type {number} */ i) => {
    const caption = item.caption || say('picture', { n: i + 1 });
    const src = `/file/${item.file}?size=small`;
    return el('button', { class: 'ph', type: 'button', 'aria-label': say('picture_bigger', { n: i + 1 }), onclick: () => acts.picture(src, caption) },
      el('img', { src, alt: caption, loading: 'lazy' }), item.caption ? el('span', { text: item.caption }) : null);
  });
}

/** One picture that a question is about. @param {any} card @param {Acts} acts @returns {Node[]} */
function picture(card, acts) {
  const src = `/file/${card.file}?size=small`;
  const alt = say('picture', { n: card.n });
  return [
    el('button', { class: 'ph one', type: 'button', 'aria-label': say('picture_bigger', { n: card.n }), onclick: () => acts.picture(src, alt) },
      el('img', { src, alt, loading: 'lazy' })),
  ];
}

/**
 * The first line of a message: the rest repeats, for channels that cannot draw, what the card shows.
 * @param {string} text
 * @returns {HTMLElement}
 */
function lead(text) {
  return el('p', { text: text.split('\n')[0] });
}

const KINDS = { question, overview, preview, document: file, editions: choice, cases: choice, code, pictures, picture };
/** Cards beside which the message's own text is shown as well. */
const WITH_TEXT = { document: true, editions: true, cases: true, picture: true };

/**
 * Draws a card.
 * @param {any} event
 * @param {Acts} acts
 * @returns {{cls: string, nodes: Node[]}|null} null: no such card here, the text says it all
 */
export function draw(event, acts) {
  const card = event.card;
  if (!card || !Object.prototype.hasOwnProperty.call(KINDS, card.kind)) return null;
  const nodes = KINDS[card.kind](card, acts);
  if (card.kind === 'pictures' && event.author === 'me') return { cls: 'photos', nodes };
  if (card.kind === 'pictures') return { cls: 'bot wide', nodes: [lead(event.text), el('div', { class: 'photos' }, ...nodes)] };
  if (card.kind === 'preview') {
    const said = lead(event.text);
    if (said.textContent.includes(nodes[1].firstChild.textContent)) nodes[1].firstChild.remove();
    nodes[1].prepend(said);
  } else if (WITH_TEXT[card.kind] && event.text) nodes.unshift(lead(event.text));
  return { cls: card.kind === 'preview' ? 'bot wide doc' : 'bot wide', nodes };
}
