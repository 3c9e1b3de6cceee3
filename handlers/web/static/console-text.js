// The paper as it will print, with comments and new text marked; places are counted in characters as the server counts.

import { el, say } from './dom.js';

/** @param {string} text @param {number} at place in UTF-16 units @returns {number} place in characters */
export function inChars(text, at) {
  return Array.from(text.slice(0, at)).length;
}

/**
 * One printed paragraph.
 * @param {{id: string, text: string, level: number}} block
 * @param {Array<any>} comments those whose quote stands in this block
 * @param {Array<{start: number, end: number}>} fresh what is new against the submission before
 * @param {(id: string) => void} onPick
 * @returns {HTMLElement}
 */
export function paragraph(block, comments, fresh, onPick) {
  const p = el('p', { class: 't', 'data-block': block.id, 'data-level': block.level || null });
  const letters = Array.from(block.text);
  const cuts = new Set([0, letters.length]);
  const spans = comments.filter((c) => c.quote).map((c) => ({ c, start: c.start, end: c.start + Array.from(c.quote).length }));
  for (const one of [...spans, ...fresh]) { cuts.add(Math.min(one.start, letters.length)); cuts.add(Math.min(one.end, letters.length)); }
  const places = [...cuts].sort((a, b) => a - b);
  places.slice(0, -1).forEach((start, n) => {
    const end = places[n + 1];
    /** @type {any} */
    let node = document.createTextNode(letters.slice(start, end).join(''));
    if (fresh.some((one) => one.start < end && one.end > start)) node = el('ins', {}, node);
    for (const { c } of spans.filter((one) => one.start < end && one.end > start)) {
      node = el('mark', { 'data-comment': c.id, class: c.answer ? 'ok' : null }, node);
    }
    p.appendChild(node);
    for (const { c } of spans.filter((one) => one.end === end)) p.appendChild(number(c, onPick));
  });
  return p;
}

/** @param {any} comment @param {(id: string) => void} onPick @returns {HTMLElement} its number, which leads to its card */
export function number(comment, onPick) {
  const label = `${say('comments')}${comment.i}`;
  return el('button', {
    type: 'button', class: comment.answer ? 'nn ok' : 'nn', 'data-i': comment.i, 'aria-label': label,
    onclick: (/** @type {Event} */ e) => { e.stopPropagation(); onPick(comment.id); },
  });
}

/**
 * What somebody has selected or tapped in the paper: a place within one paragraph, or null.
 * @param {HTMLElement} page
 * @param {MouseEvent|null} event a tap: the sentence under it is meant
 * @returns {{block: string, start: number, quote: string}|null}
 */
export function chosen(page, event) {
  const selection = window.getSelection();
  if (selection && selection.rangeCount && !selection.isCollapsed) {
    const range = selection.getRangeAt(0);
    const p = within(range.startContainer);
    if (!p || p !== within(range.endContainer) || !page.contains(p)) return null;
    return place(p, offset(p, range.startContainer, range.startOffset), offset(p, range.endContainer, range.endOffset));
  }
  if (!event) return null;
  const caret = document.caretRangeFromPoint ? document.caretRangeFromPoint(event.clientX, event.clientY) : null;
  const p = caret ? within(caret.startContainer) : null;
  if (!caret || !p || !page.contains(p)) return null;
  const text = p.textContent || '';
  const at = offset(p, caret.startContainer, caret.startOffset);
  const ends = /[\u3002\uff01\uff1f\uff1b!?;]/;
  let start = at;
  while (start > 0 && !ends.test(text[start - 1])) start -= 1;
  let end = at;
  while (end < text.length && !ends.test(text[end])) end += 1;
  return place(p, start, Math.min(end + 1, text.length));
}

/** @param {Node} node @returns {HTMLElement|null} the paragraph a node stands in */
function within(node) {
  const element = node instanceof Element ? node : node.parentElement;
  return element ? element.closest('p[data-block]') : null;
}

/** @param {HTMLElement} p @param {Node} node @param {number} at @returns {number} the place in the paragraph's text */
function offset(p, node, at) {
  const range = document.createRange();
  range.setStart(p, 0);
  range.setEnd(node, at);
  return range.toString().length;
}

/** @param {HTMLElement} p @param {number} from @param {number} to */
function place(p, from, to) {
  const text = p.textContent || '';
  let start = from;
  let end = to;
  while (start < end && /\s/.test(text[start])) start += 1;
  while (end > start && /\s/.test(text[end - 1])) end -= 1;
  if (start >= end) return null;
  return { block: p.dataset.block || '', start: inChars(text, start), quote: text.slice(start, end) };
}

/** @param {Array<[string, string]>} ops @returns {DocumentFragment} a changed paragraph, what went and what came marked; a
 * paragraph that was parted or joined shows a mark where it was */
export function changes(ops) {
  const out = document.createDocumentFragment();
  for (const [kind, text] of ops) {
    if (kind === '=') out.appendChild(document.createTextNode(text));
    else out.appendChild(kind === '+' ? el('ins', { text: text.split('\n').join('\u21b5\n') }) : el('del', { text: text.split('\n').join('\u21b5') }));
  }
  return out;
}
