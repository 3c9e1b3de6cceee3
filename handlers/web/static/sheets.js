// Sheets that come up from below: one at a time, focus kept inside, Escape and the phone's Back close them.

import { byId, el, icon, say } from './dom.js';

/** @type {{scrim: HTMLElement, opener: Element|null}|null} */
let open = null;

const REST = ['log'];

function shut() {
  if (!open) return;
  const { scrim, opener } = open;
  open = null;
  scrim.remove();
  setRest(false);
  if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
}

/** @param {boolean} off */
function setRest(off) {
  for (const node of [document.querySelector('header'), byId(REST[0]), document.querySelector('footer')]) {
    if (off) node.setAttribute('inert', '');
    else node.removeAttribute('inert');
  }
}

/** Closes the open sheet, if any. */
export function closeSheet() {
  if (open && history.state && history.state.sheet) history.back();
  shut();
}

window.addEventListener('popstate', shut);

/** @param {KeyboardEvent} event */
function keys(event) {
  if (event.key === 'Escape') {
    event.preventDefault();
    closeSheet();
  } else if (event.key === 'Tab' && open) {
    const stops = [...open.scrim.querySelectorAll('button, a[href], [tabindex="0"]')].filter((n) => !n.hasAttribute('disabled'));
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (stops.length && (document.activeElement === edge || document.activeElement === open.scrim.firstChild)) {
      event.preventDefault();
      /** @type {HTMLElement} */ (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
    }
  }
}

/**
 * Opens a sheet with a title and a close button.
 * @param {string} title
 * @param {Node[]} content
 * @param {{tall?: boolean, beside?: Node, focus?: HTMLElement, closeLabel?: string}} [how]
 */
export function openSheet(title, content, how) {
  const options = how || {};
  const opener = document.activeElement;
  shut();
  const heading = el('h2', { id: 'sheetTitle', text: title });
  const close = el('button', { class: 'x', type: 'button', 'aria-label': options.closeLabel || say('close'), onclick: closeSheet }, icon('i-x'));
  const top = el('div', { class: 'top' }, heading, options.beside || null, close);
  const sheet = el('div', {
    class: options.tall ? 'sheet tall' : 'sheet', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'sheetTitle', tabindex: '-1',
  }, options.tall ? null : el('div', { class: 'grab' }), top, ...content);
  const scrim = el('div', { class: 'scrim', onkeydown: keys, onclick: (/** @type {Event} */ e) => { if (e.target === scrim) closeSheet(); } }, sheet);
  document.body.appendChild(scrim);
  open = { scrim, opener };
  setRest(true);
  if (!history.state || !history.state.sheet) history.pushState({ sheet: true }, '');
  (options.focus || sheet).focus({ preventScroll: true });
}
