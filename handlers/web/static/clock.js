// What is left until a date, by the server's clock: the words change by themselves, once a minute, without a request.
// bot/engine/countdown.py says the same in the same words.

import { byId, el, say } from './dom.js';

const MINUTE = 60000;
const DAY = 1440 * MINUTE;
const SOON = 7; // days before the date from which it is told in another tone
let ahead = 0; // of this device's clock, in milliseconds
let waiting = 0;
let told = '';

/** @param {string} now the server's time, as it came with an answer */
export function setClock(now) {
  const at = Date.parse(now);
  if (Number.isNaN(at)) return;
  ahead = at - Date.now();
  tick();
}

/** @param {number} rest milliseconds @returns {string} */
function left(rest) {
  if (rest <= 0) return say('left_over');
  if (rest >= DAY) return say('left_days', { days: Math.floor(rest / DAY) });
  const all = Math.ceil(rest / MINUTE);
  const gaps = { hours: Math.floor(all / 60), minutes: all % 60 };
  if (!gaps.hours) return say('left_minutes', gaps);
  return say(gaps.minutes ? 'left_hours' : 'left_hour', gaps);
}

/** @param {number} rest @returns {string} what a listener is told of: a day, an hour, the end, and no single minute */
function step(rest) {
  if (rest <= 0) return 'over';
  if (rest >= DAY) return `d${Math.floor(rest / DAY)}`;
  return `h${Math.floor(Math.ceil(rest / MINUTE) / 60)}`;
}

/** @param {HTMLElement} node */
function paint(node) {
  const rest = Date.parse(node.dataset.at) - Date.now() - ahead;
  const now = left(rest);
  const words = say('left_after', { left: now });
  if (node.textContent !== words) node.textContent = words;
  node.dataset.tone = rest <= 0 ? 'over' : rest < (SOON + 1) * DAY ? 'soon' : '';
  if (!node.hasAttribute('data-tell')) return;
  const here = `${node.dataset.at} ${step(rest)}`;
  if (told && told !== here && told.split(' ')[0] === node.dataset.at) byId('ticked').textContent = now;
  told = here;
}

function tick() {
  window.clearTimeout(waiting);
  for (const node of document.querySelectorAll('[data-at]')) paint(/** @type {HTMLElement} */ (node));
  // A date ends with a minute of the server's; what was slept through is told on waking up.
  waiting = window.setTimeout(tick, MINUTE - ((Date.now() + ahead) % MINUTE) + 50);
}

/**
 * What is left until a date, to stand behind it.
 * @param {string} at ISO
 * @param {{tell?: boolean}} [how] whether changes are read out
 * @returns {HTMLElement}
 */
export function counting(at, how) {
  const node = el('span', { class: 'left', 'aria-live': 'off', 'data-at': at, 'data-tell': Boolean(how && how.tell) });
  paint(node);
  return node;
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });
tick();
