// The box with its meter and chips. What is typed belongs to a question; it is kept on the phone after a quarter
// of a second and on the server after three.

import { measure } from './count.js';
import { byId, el, icon, say } from './dom.js';
import { keepTyped, typed } from './store.js';

const CELLS = 20;
const GOAL_CELL = 15;
const KEEP_AFTER = 250;
const SERVER_AFTER = 3000;
const BLUR_AFTER = 300; // a tap on a button blurs the box first; the button's own request says it better

/** @param {any} box @returns {string} under what half-typed text is kept */
function keyOf(box) {
  return box.question ? box.question + (box.editing ? `#${box.version}` : '') : '';
}

export class Composer {
  /**
   * @param {{send: (text: string, done: boolean) => void, press: (press: string, label: string, button: HTMLElement) => void,
   *   typing: (question: string, text: string, leaving: boolean) => Promise<any>, choose: () => void}} on
   */
  constructor(on) {
    this.on = on;
    this.box = byId('box');
    /** @type {any} what the box is bound to: the board's box at that time */
    this.bound = null;
    /** @type {any} the newest board */
    this.latest = null;
    this.composing = false;
    this.changed = false;
    this.stale = false;
    /** @type {Promise<any>} */
    this.inFlight = Promise.resolve();
    this.timers = { keep: 0, server: 0 };
    for (let i = 0; i < CELLS; i += 1) byId('cells').appendChild(el('b'));
    this.box.addEventListener('input', () => this.input());
    this.box.addEventListener('compositionstart', () => { this.composing = true; });
    this.box.addEventListener('compositionend', () => {
      this.composing = false;
      this.input();
      if (this.latest && keyOf(this.latest.box) !== keyOf(this.bound)) this.update(this.latest, '');
    });
    this.box.addEventListener('blur', () => this.later(BLUR_AFTER));
    byId('send').addEventListener('click', () => this.submit(false));
    byId('photo').addEventListener('click', () => this.on.choose());
    window.addEventListener('pagehide', () => this.flush(true));
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.flush(true); });
    window.addEventListener('resize', () => this.fit());
  }

  /** @returns {string} */
  get text() {
    return this.box.value;
  }

  input() {
    this.changed = true;
    clearTimeout(this.timers.keep);
    this.timers.keep = window.setTimeout(() => this.keep(), KEEP_AFTER);
    this.later(SERVER_AFTER);
    this.paint();
  }

  keep() {
    clearTimeout(this.timers.keep);
    if (this.changed && this.bound) keepTyped(keyOf(this.bound), this.text, true, this.bound.version);
  }

  /** @param {number} wait milliseconds */
  later(wait) {
    clearTimeout(this.timers.server);
    this.timers.server = window.setTimeout(() => this.flush(false), wait);
  }

  /** Brings half-typed text to the phone's store and to the server. @param {boolean} leaving */
  flush(leaving) {
    clearTimeout(this.timers.server);
    this.keep();
    if (!this.changed || !this.bound || !this.bound.question || (this.composing && !leaving)) return;
    const { bound, text } = this;
    this.inFlight = this.on.typing(bound.question, text, leaving).then(() => {
      const kept = typed(keyOf(bound));
      if (kept && kept.text === text) keepTyped(keyOf(bound), text, false, bound.version);
      if (this.bound === bound && this.text === text) this.changed = false;
    }, () => {});
  }

  /** Sends the box; `done` closes the question with it. @param {boolean} done */
  submit(done) {
    if (this.composing) {
      // The keyboard still holds letters that are no text yet: leaving the box commits them.
      this.box.addEventListener('compositionend', () => setTimeout(() => this.submit(done), 0), { once: true });
      this.box.blur();
      return;
    }
    const text = this.text.trim();
    if (!text) return;
    clearTimeout(this.timers.server);
    clearTimeout(this.timers.keep);
    this.on.send(text, done);
  }

  /**
   * Empties the box: the text is on its way into the outbox, and the meter counts it as stored.
   * @returns {string} the key to `forget` once the outbox has it
   */
  sent() {
    const key = this.bound ? keyOf(this.bound) : '';
    if (this.bound && !this.bound.editing) this.bound = { ...this.bound, base: (this.bound.base || 0) + measure(this.text) };
    this.box.value = '';
    this.changed = false;
    this.paint();
    if (this.latest && this.bound && keyOf(this.latest.box) !== key) this.bind(this.latest.box, this.stored(this.latest.box));
    return key;
  }

  /** Drops the kept copy of a text that was sent, unless something new has been typed there. @param {string} key */
  forget(key) {
    if (!this.changed || keyOf(this.bound) !== key) keepTyped(key, '', false, 0);
  }

  /** Forgets what is in the box. */
  clear() {
    clearTimeout(this.timers.keep);
    clearTimeout(this.timers.server);
    this.box.value = '';
    this.changed = false;
    this.bound = null;
  }

  /** Puts text back into the box, before what is there. @param {string} text */
  putBack(text) {
    this.box.value = this.text ? `${text}\n${this.text}` : text;
    this.input();
    this.box.focus();
  }

  /**
   * A new board. `cause`: "say" or "press" when it answers what was done here, "" when it comes from elsewhere.
   * @param {any} board
   * @param {''|'say'|'press'} cause
   */
  update(board, cause) {
    this.latest = board;
    this.chips(board.chips);
    if (cause) byId('chips').scrollLeft = 0;
    const next = board.box;
    const left = this.text;
    if (!this.bound) {
      this.bind(next, this.stored(next));
    } else if (keyOf(next) === keyOf(this.bound) && next.mode === this.bound.mode) {
      // Text typed over what another device has changed keeps the version it was typed for.
      const version = !cause && left.trim() ? this.bound.version : next.version;
      this.bound = { ...next, version };
    } else if (!this.composing) {
      // Every question has its own text. Letters still in the keyboard stay until they are text, and come back here.
      this.flush(false);
      this.bind(next, this.stored(next));
    }
    this.layout(board);
  }

  /** What the box shall hold at first: what this phone has and the server has not, else what the server has. @param {any} next @returns {string} */
  stored(next) {
    const mine = typed(keyOf(next));
    if (mine && mine.dirty) {
      this.stale = true;
      return mine.text;
    }
    return next.text || (mine && mine.version === next.version ? mine.text : '');
  }

  /** @param {any} box @param {string} text */
  bind(box, text) {
    this.bound = box;
    this.box.value = text;
    this.changed = Boolean(this.stale);
    if (this.stale) this.later(SERVER_AFTER);
    this.stale = false;
    this.paint();
  }

  /** @param {any} board */
  layout(board) {
    const { mode, placeholder } = this.bound;
    const pictures = board.pictures || {};
    const photo = byId('photo');
    this.box.hidden = mode === 'none';
    this.box.placeholder = placeholder || say('box_placeholder');
    byId('send').hidden = mode === 'none';
    byId('meter').hidden = mode !== 'text';
    photo.hidden = !pictures.on;
    const label = say(pictures.files ? 'file_label' : 'photo_label');
    photo.querySelector('span').textContent = mode === 'line' ? label : say(pictures.files ? 'file' : 'photo');
    photo.querySelector('use').setAttribute('href', pictures.files ? '#i-clip' : '#i-cam');
    photo.setAttribute('aria-label', label);
    byId('row').hidden = mode === 'none' && !pictures.on;
    this.box.parentElement.className = pictures.on ? `${mode} pic` : mode;
    this.paint();
  }

  /** @param {any[]} faces */
  chips(faces) {
    const root = byId('chips');
    const same = JSON.stringify(faces);
    root.hidden = !faces.length;
    if (root.dataset.faces === same) return;
    root.dataset.faces = same;
    root.replaceChildren(...faces.map((face) => {
      const button = el('button', { class: face.strong ? 'chip done' : 'chip', type: 'button', 'data-press': face.press, onclick: () => this.on.press(face.press, face.label, button) },
        face.strong && /^(done:|cmd:done)/.test(face.press) && icon('i-ok'), document.createTextNode(face.label));
      return button;
    }));
    root.scrollLeft = 0;
  }

  paint() {
    const { bound } = this;
    byId('send').disabled = !this.text.trim();
    this.fit();
    if (!bound || bound.mode !== 'text') return;
    const n = (bound.base || 0) + measure(this.text);
    const over = bound.max > 0 && n > bound.max;
    const per = Math.max(1, Math.round((bound.goal || 300) / GOAL_CELL));
    const cells = byId('cells').children;
    for (let i = 0; i < CELLS; i += 1) {
      cells[i].className = (bound.goal && i + 1 === GOAL_CELL ? 'goal ' : '') + (n >= (i + 1) * per - per / 2 ? 'on' : '');
    }
    const rest = over || !bound.goal ? (bound.max ? say('meter_max', { max: bound.max }) : '') : say('meter_goal', { goal: bound.goal });
    const [before, after] = say('meter', { n: '\u0000' }).split('\u0000');
    byId('count').replaceChildren(document.createTextNode(before), el('strong', { text: String(n) }), document.createTextNode(after + rest));
    byId('meter').classList.toggle('over', over);
  }

  fit() {
    if (this.box.hidden) return;
    this.box.style.height = 'auto';
    this.box.style.height = `${this.box.scrollHeight + 3}px`;
  }
}
