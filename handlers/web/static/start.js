// The page of an invite link, which redeems it when a button is tapped and never by itself; and the one without a
// link, which takes a 接续码.

import { byId, newId, say } from './dom.js';
import { ask, Trouble } from './net.js';

const { link } = document.body.dataset;
const status = byId('status');
/** @type {Object<string, string>} one cid for each thing asked: a repeat after a lost answer is answered, not done twice */
const cids = {};

/** @param {string} text */
function tell(text) {
  status.textContent = text;
  status.hidden = !text;
}

/** @param {boolean} off */
function freeze(off) {
  for (const button of document.querySelectorAll('button')) button.disabled = off;
}

/** @param {any} what */
async function join(what) {
  const key = JSON.stringify(what);
  cids[key] = cids[key] || newId();
  tell(say('opening'));
  freeze(true);
  try {
    const joined = await ask('POST', '/api/join', { cid: cids[key], ...what });
    window.location.assign(joined.to);
    return;
  } catch (e) {
    if (!(e instanceof Trouble)) throw e;
    freeze(false);
    tell(e.kind === 'net' ? say('offline') : e.sentence);
    if (e.kind !== 'refused') return;
    delete cids[key];
    show(true);
  }
}

/** @param {boolean} again */
function show(again) {
  byId('again').hidden = !again;
  byId('first').hidden = again;
  // The fields come to the top: what the page is about has been read.
  document.body.classList.toggle('asked', again);
}

/** @param {HTMLFormElement} form @param {string} name @returns {string} */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value.normalize('NFKC').trim();
}

/**
 * The six digits in what was typed or pasted: written apart, in full width, or in the middle of the whole message.
 * @param {string} text
 * @returns {string} "" when there are none
 */
function codeIn(text) {
  const runs = text.replace(/(\d)[\s-]+(?=\d)/g, '$1').match(/\d+/g) || [];
  return runs.find((run) => run.length === 6) || '';
}

for (const button of document.querySelectorAll('[data-intent]')) {
  button.addEventListener('click', () => join({ link, intent: button.dataset.intent }));
}
for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => {
    show(true);
    document.querySelector('#bycode h2').focus();
  });
}
byId('back').addEventListener('click', () => {
  tell('');
  show(false);
  document.querySelector('#first button').focus();
});
const byName = document.querySelector('#byname');
if (byName) byName.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const name = field(form, 'name');
  const typed = field(form, 'last4').replace(/\D/g, ''); // a whole phone number is understood as well
  const last4 = typed.length > 8 ? typed.slice(-4) : typed;
  if (!name || !/^\d{4,8}$/.test(last4)) tell(say('need_name'));
  else join({ link, intent: 'again', name, last4 });
});
byId('bycode').addEventListener('submit', (event) => {
  event.preventDefault();
  const code = codeIn(field(event.target, 'code'));
  if (!code) tell(say('need_code'));
  else join({ code, intent: 'again' });
});
byId('bycode').addEventListener('input', (event) => {
  const code = event.isComposing ? '' : codeIn(event.target.value.normalize('NFKC'));
  if (code && code !== event.target.value) event.target.value = code;
});
window.addEventListener('pageshow', () => freeze(false));
