// What is decided about a case: 退回 通过 推荐 不推荐 直接改, and what is laid beside it.

import { act, form, read, tell } from './console-ask.js';
import { byId, el, say } from './dom.js';
import { piece, upload } from './pictures.js';

/** @typedef {() => any} Then what follows when something was decided */

/**
 * The buttons under a case.
 * @param {any} one @param {Then} moved after what ends one's work on it @param {Then} stay after what begins it again
 */
export function buttons(one, moved, stay) {
  const end = el('span', { class: 'end' });
  const button = (/** @type {string} */ can, /** @type {string} */ text, /** @type {string} */ tone, /** @type {() => any} */ go) => {
    if (one.can[can]) end.appendChild(el('button', { type: 'button', class: `b ${tone}`, 'data-act': can, text, onclick: go }));
  };
  const unsent = one.comments.filter((/** @type {any} */ c) => !c.sent && !c.old).length;
  button('return', unsent ? say('return_n', { n: unsent }) : say('return'), 'warm', () => giveBack(one, moved));
  button('pass', say('pass'), 'strong', () => pass(one, moved));
  button('reopen', say('reopen'), '', async () => { if (await act('reopen', { case: one.case, n: one.n })) stay(); });
  button('not_recommend', say('not_recommend'), 'warm', () => notRecommend(one, moved));
  button('recommend', say('recommend'), 'strong', () => recommend(one, moved));
  if (!end.childElementCount) end.appendChild(el('span', { class: 's', text: one.mine ? one.state_text : `${one.holder}　${one.state_text}` }));
  return end;
}

/** @param {any} one @param {Then} moved */
export async function pass(one, moved) {
  if (one.can.pass && await act('pass', { cases: [{ case: one.case, n: one.n }] })) moved();
}

/** @param {any} one @param {Then} moved */
export async function giveBack(one, moved) {
  if (!one.can.return) return;
  const list = one.comments.filter((/** @type {any} */ c) => !c.sent && !c.old);
  const more = list.length ? el('div', {}, el('p', { class: 's', text: say('return_list') }), el('ol', {}, ...list.map((/** @type {any} */ c) => el('li', { text: say('pair', { a: c.title, b: c.text }) })))) : null;
  const to = [{ id: 'writer', label: say('return_writer') }];
  if (one.can.return_below) to.push({ id: 'below', label: one.return.below });
  const done = await form({
    title: say('return_title'), ok: list.length ? say('return_n', { n: list.length }) : say('return'), tone: 'warm', more,
    fields: [
      ...(to.length > 1 ? [{ name: 'to', label: say('return_to'), kind: /** @type {'radio'} */ ('radio'), options: to }] : []),
      { name: 'until', label: say('return_until'), kind: 'date', value: one.return.until, min: one.return.least, max: one.return.most },
      ...(one.return.routes.length > 1 ? [{ name: 'route', label: say('return_route'), kind: /** @type {'radio'} */ ('radio'), options: one.return.routes }] : []),
      { name: 'reason', label: list.length ? say('return_reason') : say('return_reason_needed'), kind: 'area' },
    ],
    send: (v) => act('return', { case: one.case, n: one.n, to: v.to || 'writer', route: v.route || one.return.routes[0].id, until: v.until, reason: v.reason }),
  });
  if (done) moved();
}

/** @param {any} one @param {Then} moved */
async function recommend(one, moved) {
  if (await attempt(one, '', '')) { moved(); return; }
  const rows = (await read(`/list?edition=${one.edition || ''}&queue=up`).catch(() => ({ rows: [] }))).rows;
  const options = [{ id: '', label: say('recommend_no_swap') }, ...rows.map((/** @type {any} */ r) => ({ id: r.case, label: `${r.title}　${r.unit}` }))];
  const done = await form({
    title: say('recommend_title'), about: byId('quota').textContent || '', ok: say('recommend'),
    fields: [{ name: 'swap', label: say('recommend_swap'), kind: 'select', options }, { name: 'reason', label: say('recommend_reason'), kind: 'area' }],
    send: (v) => attempt(one, v.swap, v.reason),
  });
  if (done) moved();
}

/** @param {any} one @param {string} swap @param {string} reason */
function attempt(one, swap, reason) {
  return act('recommend', { case: one.case, n: one.n, swap, reason });
}

/** @param {any} one @param {Then} moved */
async function notRecommend(one, moved) {
  const done = await form({
    title: say('not_title'), ok: say('not_recommend'), tone: 'warm', fields: [{ name: 'reason', label: say('not_reason'), kind: 'area', needed: true }],
    send: (v) => act('not_recommend', { case: one.case, n: one.n, reason: v.reason }),
  });
  if (done) moved();
}

/** @param {any} one @param {any} w the place, as a comment on it has it @param {Then} moved */
export async function correct(one, w, moved) {
  const done = await form({
    title: say('correct_title'), about: say('correct_about'), ok: say('save'),
    fields: [{ name: 'to', label: say('correct_to'), kind: 'area', value: w.quote, needed: true, hint: say('pair', { a: say('correct_from'), b: w.quote }) }],
    send: (v) => act('correct', { case: one.case, n: one.n, block: w.block, start: w.start, quote: w.quote, to: v.to }),
  });
  if (done) moved();
}

/** @param {any} one @param {Then} moved */
export async function enclose(one, moved) {
  const done = await form({
    title: say('enclose_title'), ok: say('save'), fields: [{ name: 'files', label: say('files'), kind: 'files', needed: true }],
    send: async (v) => {
      let last = null;
      for (const file of v.files) last = await act('enclose', { case: one.case, kind: 'sealed', upload: await send(file) });
      return last;
    },
  });
  if (done) { tell(say('done')); moved(); }
}

/** @param {any} file what was laid beside the case @param {Then} moved */
export async function takeAway(file, moved) {
  const done = await form({ title: say('enclosure_drop'), about: say('enclosure_drop_sure', { name: file.name }), ok: say('answer_yes'), tone: 'warm', send: () => act('unenclose', { enclosure: file.id }) });
  if (done) moved();
}

/** @param {File} file @returns {Promise<string>} the name of the upload, when all of it is there */
export async function send(file) {
  const one = await piece(file, true);
  await upload(one, () => {});
  return one.upload;
}
