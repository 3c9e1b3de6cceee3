// The chat: puts log, composer, outbox and sheets together, and keeps them in step with the server.

import { taskRow } from './cards.js';
import { counting, setClock } from './clock.js';
import { Composer } from './composer.js';
import { byId, el, newId, say } from './dom.js';
import { Log } from './log.js';
import { ask, pause, Trouble } from './net.js';
import { Outbox } from './outbox.js';
import { openPaper } from './paper.js';
import { piece, upload } from './pictures.js';
import { closeSheet, openSheet } from './sheets.js';
import { OutStore } from './store.js';

/** @typedef {import('./store.js').Item} Item */

const MAX_TEXT = 20000;
const FULL = 200; // an answer with so many messages has more behind it
const POLL = 25;
const RING = 147.7;
const LOW = 34; // letters high

const first = JSON.parse(byId('state').textContent);
/** @type {{conversation: string, seq: number, board: any}} */
const state = { conversation: first.conversation, seq: -1, board: null };
/** @type {Set<string>} what this page said: answers to it are its own, whichever request brings them */
const mine = new Set();
/** @type {HTMLElement[]} */
let busy = [];
/** @type {any} the board of the answer that is being taken in */
let latest = first.board;
let netUp = navigator.onLine;
let gone = '';

const store = new OutStore();
const log = new Log(byId('log'), {
  press, paper: (draft, n) => { openPaper(draft, n); }, picture: showPicture, guide: showGuide, choose, covered,
  again: resend, back: takeBack, drop: giveUp,
});
const composer = new Composer({ send: sayText, press, typing: sendTyping, choose });
const talk = new Outbox(store, {
  send: sendTalk, answered, state: (item, s) => { log.state(item, s); if (s !== 'sending') free(); status(); }, gone: lost, net: setNet,
});
const albums = new Outbox(store, {
  send: sendFiles, answered, state: (item, s) => { log.state(item, s); status(); }, gone: lost, net: setNet,
});

// ---------------------------------------------------------------- what comes from the server

/**
 * Takes in an answer: messages, cursor, board.
 * @param {any} answer
 * @param {''|'say'|'press'} cause
 */
function apply(answer, cause) {
  if (answer.conversation !== state.conversation) {
    notice(say('moved'));
    window.location.reload();
    return;
  }
  setClock(answer.now);
  const causes = answer.events.map((/** @type {any} */ e) => String(e.cause).split(':').pop());
  const own = Boolean(cause) || causes.some((/** @type {string} */ c) => mine.has(c));
  for (const cid of causes) if (mine.has(cid)) log.settle(cid);
  const bigger = state.seq >= 0 && answer.events.some((/** @type {any} */ e) => e.seq > state.seq && e.card && e.card.kind === 'bigger');
  latest = answer.board;
  if (state.board && state.board.agreed && !answer.board.agreed) erased();
  log.add(answer.events, own);
  if (answer.seq >= state.seq) {
    state.seq = answer.seq;
    state.board = answer.board;
    header(answer.board);
    composer.update(answer.board, cause || (own ? 'press' : ''));
  }
  log.follow();
  if (bigger) font(1);
  if (answer.events.length >= FULL) sync();
}

/**
 * Whether a button of the question in focus stands at the thumb already, among the chips or beside the box.
 * @param {string} id
 * @returns {boolean}
 */
function covered(id) {
  if (id === 'page:choose') return latest.pictures.on;
  return /^(done|skip):/.test(id) && latest.chips.some((/** @type {any} */ chip) => chip.press === id);
}

/** The person had everything deleted, here or on another phone: nothing of it stays on the screen or on this phone. */
function erased() {
  closeSheet();
  log.clear();
  composer.clear();
  talk.clear();
  albums.clear();
  store.clear();
  notice(say('erased'), 'erased');
}

/** @param {any} board */
function header(board) {
  byId('call').textContent = board.call || '';
  byId('place').textContent = board.where || '';
  byId('sub').textContent = board.sub || '';
  if (board.due) byId('sub').appendChild(counting(board.due.at, { tell: true }));
  byId('list').hidden = !board.tasks;
  const ring = byId('ring');
  ring.hidden = !board.ring;
  if (!board.ring) return;
  const share = board.ring.total ? board.ring.done / board.ring.total : 0;
  ring.setAttribute('aria-label', board.ring.label);
  byId('ringText').textContent = `${board.ring.done}/${board.ring.total}`;
  byId('arc').setAttribute('stroke-dasharray', `${share * RING} ${RING}`);
  byId('arc').setAttribute('stroke-opacity', share ? '1' : '0');
}

let syncing = false;

/** Asks for what came since. */
async function sync() {
  if (syncing || gone) return;
  syncing = true;
  try {
    apply(await ask('GET', `/api/events?after=${state.seq}`), '');
    setNet(true);
  } catch (e) {
    failing(e);
  }
  syncing = false;
}

/** The long poll: as long as the page is seen, one request waits at the server. */
async function poll() {
  let tries = 0;
  for (;;) {
    if (gone) return;
    if (document.hidden || !navigator.onLine) {
      await woken();
      continue;
    }
    try {
      const stop = new AbortController();
      const cut = () => { if (document.hidden) stop.abort(); };
      document.addEventListener('visibilitychange', cut);
      const answer = await ask('GET', `/api/events?after=${state.seq}&wait=${POLL}`, undefined, { timeout: (POLL + 15) * 1000, signal: stop.signal });
      document.removeEventListener('visibilitychange', cut);
      tries = 0;
      setNet(true);
      apply(answer, '');
    } catch (e) {
      if (!document.hidden) {
        failing(e);
        await new Promise((go) => { setTimeout(go, pause(tries)); window.addEventListener('online', go, { once: true }); });
        tries += 1;
      }
    }
  }
}

/** @returns {Promise<any>} when the page is seen again, or the net is back */
function woken() {
  return new Promise((go) => {
    for (const name of ['online', 'pageshow']) window.addEventListener(name, go, { once: true });
    document.addEventListener('visibilitychange', go, { once: true });
  });
}

/** @param {any} error */
function failing(error) {
  if (!(error instanceof Trouble)) throw error;
  if (error.kind === 'gone') lost(error.sentence);
  else if (error.kind === 'net') setNet(false);
}

/** @param {string} sentence */
function lost(sentence) {
  gone = sentence || say('reload');
  notice(say('reload'));
  status();
}

// ---------------------------------------------------------------- what goes to the server

/** @param {Item} item @returns {Promise<any>} */
async function sendTalk(item) {
  await composer.inFlight;
  const body = { ...item.body };
  if (item.chained && state.board && state.board.box.question === body.about) body.version = state.board.box.version;
  else if (item.chained) body.version = -1;
  return ask('POST', '/api/say', { cid: item.cid, base_seq: state.seq, ...body });
}

/** @param {Item} item @returns {Promise<any>} null when none of them was taken: nothing to say */
async function sendFiles(item) {
  for (let i = 0; i < item.files.length; i += 1) {
    const one = item.files[i];
    if (one.done || one.failed) continue;
    if (!one.blob) {
      one.failed = say('picture_lost');
      continue;
    }
    try {
      await upload(one, (share) => log.progress(one.upload, share));
    } catch (e) {
      if (!(e instanceof Trouble)) throw e;
      if (e.kind === 'net') notice(say('picture_slow', { n: i + 1 }), 'slow');
      if (e.kind !== 'refused') throw e;
      one.failed = say('picture_failed', { n: i + 1, name: one.name, why: e.sentence });
    }
  }
  over('slow');
  const files = item.files.filter((one) => one.done).map((one) => one.upload);
  return files.length ? ask('POST', '/api/say', { cid: item.cid, base_seq: state.seq, files }) : null;
}

/** @param {Item} item @param {any} answer */
function answered(item, answer) {
  const failed = item.kind === 'files' ? item.files.filter((one) => one.failed).map((one) => one.failed) : [];
  log.settle(item.cid);
  free();
  if (failed.length) notice([...new Set(failed)].join('\n'));
  status();
  if (!answer) return;
  apply(answer, item.body.press || item.kind === 'files' ? 'press' : 'say');
  if (answer.notice) notice(answer.notice);
  if (answer.outcome === 'refused' && item.body.text) composer.putBack(item.body.text);
}

/**
 * @param {'talk'|'files'} kind
 * @param {any} body
 * @param {string} label
 * @returns {Item}
 */
function item(kind, body, label) {
  const made = { cid: newId(), conversation: state.conversation, kind, body, label };
  mine.add(made.cid);
  return made;
}

/** @param {string} text @param {boolean} done */
async function sayText(text, done) {
  if (text.length > MAX_TEXT) {
    notice(say('too_long', { limit: MAX_TEXT }));
    return;
  }
  notice('');
  const { question, version, editing } = composer.bound;
  const one = item('talk', { text, done, about: question, version, editing: !!editing }, '');
  // What waits before it will move the answer's version on: then the version is taken when this one goes.
  one.chained = talk.waiting;
  const key = composer.sent();
  await talk.add(one);
  composer.forget(key);
  byId('box').focus({ preventScroll: true });
}

/** @param {string} id @param {string} label @param {HTMLElement} button */
function press(id, label, button) {
  // A second tap on what is under way, or waits for the net, is the same tap.
  if (busy.length || talk.items.some((one) => one.body.press === id)) return;
  notice('');
  const { box } = composer.latest;
  if (/^(done:|cmd:done)/.test(id) && composer.text.trim() && composer.bound.mode === 'text' && !unchanged(box)) {
    composer.submit(true);
    return;
  }
  composer.flush(false);
  button.setAttribute('aria-busy', 'true');
  busy = [...document.querySelectorAll('[data-press]')];
  for (const one of busy) one.setAttribute('aria-disabled', 'true');
  closeSheet();
  talk.add(item('talk', { press: id, label }, label));
}

/** @param {any} box @returns {boolean} an answer brought out for editing, as it was */
function unchanged(box) {
  return box.editing && composer.text.trim() === String(box.text).trim() && !composer.changed;
}

function free() {
  for (const one of busy) {
    one.removeAttribute('aria-disabled');
    one.removeAttribute('aria-busy');
  }
  busy = [];
}

/** @param {string} question @param {string} text @param {boolean} leaving @returns {Promise<any>} */
function sendTyping(question, text, leaving) {
  if (gone || (!navigator.onLine && !leaving)) return Promise.reject(new Trouble('net', '', 0, 0));
  // A keepalive request may carry 64 KB; more stays on the phone until the page is back.
  const small = text.length < 20000;
  return ask('POST', '/api/typing', { question, text }, { keepalive: leaving && small, timeout: 5000 });
}

function choose() {
  const input = byId('pictures');
  const pictures = state.board.pictures || {};
  if (!pictures.files && pictures.on && pictures.left === 0) notice(say('picture_none_left'));
  input.accept = pictures.files ? '' : 'image/*';
  input.value = '';
  input.click();
}

/** @param {FileList} list */
async function chosen(list) {
  const pictures = state.board.pictures || {};
  let files = Array.from(list);
  notice('');
  if (!pictures.files && pictures.left > 0 && files.length > pictures.left) {
    files = files.slice(0, pictures.left);
    notice(say('picture_many', { left: pictures.left }));
  }
  if (!files.length) return;
  byId('saved').dataset.s = 'saving';
  byId('saved').lastElementChild.textContent = say('picture_prepare');
  const album = item('files', {}, '');
  album.files = [];
  for (const file of files) album.files.push(await piece(file, Boolean(pictures.original || pictures.files)));
  albums.add(album);
  status();
}

/** @param {Item} one */
function resend(one) {
  log.settle(one.cid);
  const cid = newId();
  mine.add(cid);
  store.remove(one);
  const again = { ...one, n: undefined, cid, failed: '', conversation: state.conversation };
  if (again.files) again.files = again.files.map((f) => ({ ...f, failed: '' }));
  (again.kind === 'files' ? albums : talk).add(again);
}

/** @param {Item} one */
function takeBack(one) {
  giveUp(one);
  composer.putBack(one.body.text);
  notice(say('box_kept'));
}

/** @param {Item} one */
function giveUp(one) {
  log.settle(one.cid);
  store.remove(one);
}

// ---------------------------------------------------------------- what is seen around it

/** @param {boolean} up */
function setNet(up) {
  if (netUp === up) return;
  netUp = up;
  status();
}

function status() {
  const saved = byId('saved');
  const s = !netUp || !navigator.onLine ? 'offline' : talk.waiting || albums.waiting ? 'saving' : 'ok';
  const text = say({ offline: 'offline', saving: 'saving', ok: 'saved' }[s]);
  saved.dataset.s = s;
  saved.firstElementChild.textContent = s === 'ok' ? '✓' : '●';
  if (saved.lastElementChild.textContent !== text) saved.lastElementChild.textContent = text;
}

/**
 * One line above the box. `kind` names it, so that it alone can be cleared when what it says is over.
 * @param {string} text
 * @param {string} [kind]
 */
function notice(text, kind) {
  const line = byId('notice');
  line.dataset.kind = kind || '';
  line.textContent = text;
  line.hidden = !text;
}

/** @param {string} kind */
function over(kind) {
  if (byId('notice').dataset.kind === kind) notice('');
}

/** @param {number} step */
function font(step) {
  const root = document.documentElement;
  const n = (Number(root.dataset.fs || 0) + step) % 4;
  root.dataset.fs = String(n);
  document.cookie = `fs=${n};path=/;max-age=31536000;samesite=lax`;
  byId('font').setAttribute('aria-label', say('font_label', { n: n + 1 }));
  fit();
  composer.paint();
  log.follow();
}

/** Few lines fit on a screen when the letters are large or the keyboard is up: then everything but the talk gives way. */
function fit() {
  const letter = parseFloat(getComputedStyle(document.documentElement).fontSize);
  document.body.classList.toggle('low', window.innerHeight < LOW * letter);
}

function showTasks() {
  const { tasks } = state.board;
  if (!tasks) return;
  const rows = tasks.rows.map((/** @type {any} */ row) => taskRow(row, (button) => press(row.press, row.heading, button)));
  const due = el('p', { class: 'due small' }, tasks.due && el('b', { text: tasks.due.date }), tasks.due && counting(tasks.due.at), document.createTextNode(tasks.rest || ''));
  const go = tasks.go && el('button', { class: 'btn go full', type: 'button', 'data-press': tasks.go.press, text: tasks.go.label, onclick: () => press(tasks.go.press, tasks.go.label, go) });
  const head = el('div', { class: 'chips' }, ...tasks.head.map((/** @type {any} */ one) => {
    const button = el('button', { class: 'chip', type: 'button', 'data-press': one.press, text: one.label, onclick: () => press(one.press, one.label, button) });
    return button;
  }));
  openSheet(tasks.title, [due, el('p', { class: 'due small', text: tasks.after }), head, el('ul', { class: 'rows' }, ...rows), go].filter(Boolean), { focus: go, closeLabel: say('close_list') });
}

/** @param {string} src @param {string} caption */
function showPicture(src, caption) {
  openSheet(caption, [el('img', { class: 'big', src: src.split('?')[0], alt: caption })]);
}

function showGuide() {
  const steps = ['guide_1', 'guide_2', 'guide_3', 'guide_4'].map((key) => el('li', { text: say(key) }));
  const ok = el('button', { class: 'btn go full', type: 'button', text: say('guide_ok'), onclick: closeSheet });
  openSheet(say('guide_title'), [el('ul', { class: 'steps' }, ...steps), ok]);
}

function back() {
  if (document.hidden) return;
  if (navigator.onLine) netUp = true;
  status();
  talk.nudge();
  albums.nudge();
  sync();
}

// ---------------------------------------------------------------- beginning

async function begin() {
  font(0);
  apply(first, '');
  byId('font').addEventListener('click', () => font(1));
  byId('list').addEventListener('click', showTasks);
  byId('pictures').addEventListener('change', (e) => chosen(e.target.files));
  window.addEventListener('resize', fit);
  window.addEventListener('online', back);
  window.addEventListener('offline', status);
  document.addEventListener('visibilitychange', back);
  // The first pageshow comes with the page itself; a later one brings it back out of the browser's memory.
  window.addEventListener('pageshow', (e) => { if (e.persisted) back(); });
  const left = await store.open();
  for (const one of left) mine.add(one.cid);
  const ready = left.filter((one) => !one.failed && one.conversation === state.conversation);
  for (const one of left) if (!ready.includes(one)) log.state(one, 'failed');
  talk.adopt(ready.filter((one) => one.kind === 'talk').map((one) => ({ ...one, chained: true })));
  albums.adopt(ready.filter((one) => one.kind === 'files'));
  status();
  document.documentElement.dataset.ready = '1';
  poll();
}

begin();
