// The document in the page: to read in large letters, or laid out as A4 pages.

import { el, han, say } from './dom.js';
import { ask, Trouble } from './net.js';
import { openSheet } from './sheets.js';

const LINES = 22;
const PEEK = 12; // blocks that are enough to fill the small leaf

/**
 * @param {any} paper
 * @returns {HTMLElement[]} the blocks in printing order
 */
export function blocks(paper) {
  const out = [el('h3', { text: paper.title }), el('p', { class: 'by', text: paper.unit })];
  for (const section of paper.sections) {
    out.push(el('h4', { text: say('heading', { n: han(section.n), heading: section.heading }) }));
    for (const text of section.paragraphs) for (const line of text.split('\n')) out.push(el('p', { text: line }));
  }
  for (const one of paper.pictures) {
    const label = say('figure', { n: one.n });
    out.push(el('figure', {},
      el('img', { src: `/file/${one.file}?size=small`, alt: one.caption || label, width: one.width, height: one.height, loading: 'lazy' }),
      el('figcaption', { text: one.caption ? say('caption', { label, caption: one.caption }) : label })));
  }
  return out;
}

/** @param {HTMLElement} desk @param {any} paper */
function read(desk, paper) {
  desk.className = 'desk read';
  desk.replaceChildren(el('article', { class: 'leaf' }, ...blocks(paper)));
  for (const img of desk.querySelectorAll('img')) img.style.height = 'auto';
}

/** @param {HTMLElement} desk @param {any} paper */
function pages(desk, paper) {
  desk.className = 'desk pages';
  desk.replaceChildren();
  /** @type {HTMLElement[]} */
  const leaves = [];
  let room = 0;
  let letter = 0;
  const leaf = () => {
    const sheet = el('article', { class: 'leaf' });
    desk.appendChild(sheet);
    leaves.push(sheet);
    const wide = sheet.clientWidth;
    // 28 characters a line and 22 lines a page, as the Word file has them.
    letter = (wide * 156) / 210 / 28;
    sheet.style.fontSize = `${letter}px`;
    sheet.style.lineHeight = `${(wide * 225) / 210 / LINES}px`;
    room = (wide * (297 - 35)) / 210;
    return sheet;
  };
  let sheet = leaf();
  const full = () => sheet.lastElementChild.offsetTop + sheet.lastElementChild.offsetHeight > room + 1;
  for (const block of blocks(paper)) {
    if (block.tagName === 'H3') block.style.fontSize = `${letter * 1.375}px`;
    const img = block.querySelector('img');
    if (img) {
      const wide = Math.min(letter * 28, (room * 0.42 * (Number(img.getAttribute('width')) || 4)) / (Number(img.getAttribute('height')) || 3));
      img.style.width = `${wide}px`;
      img.style.height = `${(wide * (Number(img.getAttribute('height')) || 3)) / (Number(img.getAttribute('width')) || 4)}px`;
    }
    sheet.appendChild(block);
    if (!full()) continue;
    const rest = block.tagName === 'P' ? split(block, full) : null;
    if (rest === null && sheet.children.length === 1) continue;
    const onward = rest === null ? block : el('p', { class: 'cut', text: rest });
    if (rest === null) {
      block.remove();
      // A heading does not stay behind alone.
      if (sheet.lastElementChild.tagName === 'H4') {
        const heading = sheet.lastElementChild;
        sheet = leaf();
        sheet.appendChild(heading);
      } else sheet = leaf();
    } else sheet = leaf();
    sheet.appendChild(onward);
  }
  leaves.forEach((one, i) => one.after(el('p', { class: 'small folio', text: say('preview_page', { n: i + 1, of: leaves.length }) })));
}

/**
 * Leaves in a paragraph what fits, and gives back the rest; null when not even a line fits.
 * @param {HTMLElement} block
 * @param {() => boolean} full
 * @returns {string|null}
 */
function split(block, full) {
  const text = block.textContent;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    block.textContent = text.slice(0, middle);
    if (full()) high = middle - 1;
    else low = middle;
  }
  block.textContent = low ? text.slice(0, low) : text;
  return low > 10 && low < text.length ? text.slice(low) : null;
}

/**
 * Draws the beginning of the document on a small leaf, headings and all, once the leaf is seen. Until then, and
 * without net, the leaf keeps what it has.
 * @param {HTMLElement} leaf
 * @param {string} draft
 * @param {number} n
 */
export function peek(leaf, draft, n) {
  if (typeof IntersectionObserver !== 'function') return;
  const seen = new IntersectionObserver(async (rows) => {
    if (!rows.some((row) => row.isIntersecting)) return;
    seen.disconnect();
    try {
      const paper = await ask('GET', `/api/paper/${draft}?n=${n}`);
      leaf.replaceChildren(...blocks({ ...paper, pictures: [] }).slice(0, PEEK));
    } catch (e) {
      if (!(e instanceof Trouble)) throw e;
    }
  });
  seen.observe(leaf);
}

/**
 * Shows a draft (n = 0) or its submission n.
 * @param {string} draft
 * @param {number} n
 */
export async function openPaper(draft, n) {
  const desk = el('div', { class: 'desk read', tabindex: '0', role: 'region', 'aria-label': say('preview_title') });
  const toggle = el('button', { class: 'btn', type: 'button', text: say('preview_pages'), hidden: true });
  openSheet(say('preview_title'), [desk], { tall: true, beside: toggle });
  const load = async () => {
    desk.replaceChildren(el('p', { role: 'status', text: say('preview_load') }));
    try {
      const paper = await ask('GET', `/api/paper/${draft}?n=${n}`);
      let whole = false;
      read(desk, paper);
      toggle.hidden = false;
      toggle.addEventListener('click', () => {
        whole = !whole;
        toggle.textContent = say(whole ? 'preview_read' : 'preview_pages');
        (whole ? pages : read)(desk, paper);
        desk.scrollTop = 0;
      });
    } catch (e) {
      const why = e instanceof Trouble && e.kind === 'refused' ? e.sentence : say('preview_none');
      desk.replaceChildren(el('p', { role: 'status', text: why }), el('button', { class: 'btn', type: 'button', text: say('preview_again'), onclick: load }));
    }
  };
  await load();
}
