// Asking the server, and telling what it said: one notice, one alert, one dialog at a time.

import { byId, el, say } from './dom.js';
import { ask } from './net.js';

let hiding = 0;

/** @param {string} text */
export function tell(text) {
  show('notice', text);
}

/** @param {any} trouble */
export function complain(trouble) {
  const text = (trouble && trouble.sentence) || say('offline');
  const inside = byId('dialog').open ? byId('dialog').querySelector('.bad') : null;
  if (inside) { // a dialog hides what stands behind it
    inside.textContent = text;
    inside.hidden = false;
    inside.scrollIntoView({ block: 'nearest' });
  } else show('trouble', text);
}

/** @param {string} id @param {string} text */
function show(id, text) {
  for (const other of ['notice', 'trouble']) byId(other).hidden = other !== id;
  byId(id).textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => { byId(id).hidden = true; }, id === 'trouble' ? 9000 : 4000);
}

/** @param {string} path @returns {Promise<any>} */
export function read(path) {
  return ask('GET', `/api/console${path}`);
}

/**
 * One command of the office. Its sentence is shown; what was refused is told and changes nothing.
 * @param {string} name
 * @param {Object<string, any>} fields
 * @param {{quiet?: boolean}} [how]
 * @returns {Promise<any>} what it gave, or null
 */
export async function act(name, fields, how) {
  try {
    const answer = await ask('POST', '/api/console/act', { do: name, ...fields });
    if (!(how && how.quiet)) tell(answer.notice || say('done'));
    return answer;
  } catch (trouble) {
    complain(trouble);
    return null;
  }
}

/**
 * @typedef {{name: string, label: string, kind?: 'text'|'area'|'date'|'select'|'radio'|'files'|'tall'|'digits'|'tel', value?: any, list?: string[]|((values: any) => string[]),
 *   options?: Array<{id: string, label: string, note?: string}>, min?: string, max?: string, needed?: boolean, hint?: string,
 *   wrong?: string}} Field `wrong`: what is said of a field of digits that holds something else, in place of the usual sentence
 */

/** @param {Field} f @param {any} value @returns {string} what is to be mended in a field before it is sent; "" where it is well */
function fault(f, value) {
  if (f.needed && !value.length) return say(f.kind && ['date', 'files', 'select'].includes(f.kind) ? 'fill_choose' : 'fill', { label: f.label });
  if (f.kind === 'digits' && value && !/^[0-9]+$/.test(value)) return f.wrong || say('fill_digits', { label: f.label });
  return '';
}

/**
 * A dialog with fields. Resolves to their values, or to null where it was closed.
 * @param {{title: string, about?: string, fields?: Field[], ok: string, tone?: string, more?: Node|null, send?: (values: any) => Promise<any>}} what
 * @returns {Promise<any>}
 */
export function form(what) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
  const before = document.activeElement;
  dialog.className = '';
  return new Promise((resolve) => {
    let result = null;
    const ok = el('button', { type: 'submit', class: `b ${what.tone || 'strong'}`, text: what.ok });
    const cancel = el('button', { type: 'button', class: 'b', text: say('cancel'), onclick: () => dialog.close() });
    const body = el('form', { novalidate: true },
      el('h2', { text: what.title }), what.about ? el('p', { class: 's', text: what.about }) : null,
      ...(what.fields || []).map(field), what.more || null, el('p', { class: 'bad', role: 'alert', hidden: true }), el('div', { class: 'do' }, cancel, ok));
    body.addEventListener('submit', async (e) => {
      e.preventDefault();
      body.querySelector('.bad').hidden = true;
      const values = valuesOf(body, what.fields || []);
      const missing = (what.fields || []).find((f) => fault(f, values[f.name]));
      if (missing) {
        body.querySelector(`[name="${missing.name}"]`).focus();
        complain({ sentence: fault(missing, values[missing.name]) });
        return;
      }
      ok.disabled = true;
      const answer = what.send ? await what.send(values) : values;
      ok.disabled = false;
      if (answer) { result = answer; dialog.close(); }
    });
    const offer = () => offers(body, what.fields || []);
    body.addEventListener('change', offer);
    offer();
    dialog.replaceChildren(body);
    dialog.addEventListener('close', () => {
      dialog.replaceChildren();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve(result);
    }, { once: true });
    dialog.showModal();
    const first = body.querySelector('input:not([type=radio]),textarea,select');
    (first || ok).focus();
  });
}

/** @param {Field} f @returns {HTMLElement} */
function field(f) {
  if (f.kind === 'radio') {
    return el('fieldset', {}, el('legend', { text: f.label }), ...(f.options || []).map((o, n) => el('label', { class: 'row' },
      el('input', { type: 'radio', name: f.name, value: o.id, checked: f.value === undefined ? n === 0 : f.value === o.id }),
      el('span', {}, el('span', { text: o.label }), o.note ? el('span', { class: 's', text: `　${o.note}` }) : null))));
  }
  const common = { name: f.name, required: Boolean(f.needed) };
  let input;
  if (f.kind === 'area' || f.kind === 'tall') {
    input = el('textarea', { ...common, class: f.kind === 'tall' ? 'tall' : null });
    input.value = f.value || '';
  } else if (f.kind === 'select') {
    input = el('select', common, ...(f.options || []).map((o) => el('option', { value: o.id, text: o.label, selected: o.id === f.value })));
  } else if (f.kind === 'files') {
    input = el('input', { ...common, type: 'file', multiple: true });
  } else {
    const list = f.list ? `list-${f.name}` : null;
    input = el('input', { ...common, type: f.kind === 'date' ? 'date' : 'text', min: f.min, max: f.max, list, value: f.value || '', inputmode: { digits: 'numeric', tel: 'tel' }[f.kind || ''] || null, autocomplete: 'off' });
    if (list) {
      return el('label', {}, el('span', { text: f.label }), input, el('datalist', { id: list }),
        f.hint ? el('span', { class: 's', text: f.hint }) : null);
    }
  }
  return el('label', {}, el('span', { text: f.label }), input, f.hint ? el('span', { class: 's', text: f.hint }) : null);
}

/** @param {HTMLFormElement} body @param {Field[]} fields what a field offers may hang on what is chosen in another one */
function offers(body, fields) {
  const values = valuesOf(body, fields);
  for (const f of fields) {
    const box = f.list ? body.querySelector(`#list-${f.name}`) : null;
    if (box) box.replaceChildren(...(typeof f.list === 'function' ? f.list(values) : f.list || []).map((one) => el('option', { value: one })));
  }
}

/** @param {HTMLFormElement} body @param {Field[]} fields */
function valuesOf(body, fields) {
  /** @type {Object<string, any>} */
  const out = {};
  for (const f of fields) {
    const input = /** @type {any} */ (f.kind === 'radio' ? body.querySelector(`[name="${f.name}"]:checked`) : body.querySelector(`[name="${f.name}"]`));
    out[f.name] = f.kind === 'files' ? [...input.files] : (input ? input.value.trim() : '');
    if (f.kind === 'digits') out[f.name] = out[f.name].normalize('NFKC'); // digits of full width are digits, too
  }
  return out;
}

/** @param {string} title @param {Node} content something to read, in a wide dialog */
export function sheet(title, content) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
  const before = document.activeElement;
  dialog.className = 'wide';
  const close = el('button', { type: 'button', class: 'b', text: say('close'), onclick: () => dialog.close() });
  dialog.replaceChildren(el('div', { class: 'in' }, el('h2', { text: title, tabindex: '-1' }), content, el('div', { class: 'do' }, close)));
  dialog.addEventListener('close', () => {
    dialog.replaceChildren();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  }, { once: true });
  if (!dialog.open) dialog.showModal();
  const head = dialog.querySelector('h2');
  if (head) head.focus();
  dialog.scrollTop = 0; // a long list begins at its beginning, whatever button has the focus
}

/** @param {string} text @returns {Promise<void>} */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (e) { // no clipboard without HTTPS: the old way
    const box = el('textarea', { class: 'sr' });
    box.value = text;
    (byId('dialog').open ? byId('dialog') : document.body).appendChild(box);
    box.select();
    document.execCommand('copy');
    box.remove();
  }
  tell(say('copied'));
}
