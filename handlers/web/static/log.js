// The conversation as it is seen: messages by seq, slots, pending ones at the end.

import { draw } from './cards.js';
import { el, han, say } from './dom.js';

/** @typedef {import('./store.js').Item} Item */
/** @typedef {{event: any, node: HTMLElement, rule?: HTMLElement}} Entry `rule`: the line before it, where a section begins */

const NEAR = 60; // pixels from the end within which a reader is taken to be at the end

/** @param {any} event @returns {string} what a message asked, without what only helped to answer it */
function askedIn(event) {
  const card = event.card || {};
  if (card.kind === 'question') return card.ask;
  return card.kind ? event.text.split('\n')[0] : event.text;
}

export class Log {
  /**
   * @param {HTMLElement} root
   * @param {import('./cards.js').Acts & {choose: () => void, covered: (press: string) => boolean, again: (item: Item) => void,
   *   back: (item: Item) => void, drop: (item: Item) => void}} acts
   */
  constructor(root, acts) {
    this.root = root;
    this.acts = acts;
    /** @type {Map<number, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, number>} the newest seq of each slot */
    this.slots = new Map();
    /** @type {Map<string, {nodes: HTMLElement[], item: Item, timer: any}>} */
    this.waiting = new Map();
    this.newer = el('button', { class: 'newer', type: 'button', text: say('newer'), hidden: true, onclick: () => { this.follows = true; this.head = 0; this.toEnd(); } });
    root.appendChild(this.newer);
    /** Whether the view follows what is new; a reader who scrolls lets go of it. */
    this.follows = true;
    /** The seq from which on the view shows what is new; 0: to the very end. */
    this.head = 0;
    for (const name of ['wheel', 'touchmove', 'keydown']) root.addEventListener(name, () => { this.follows = false; }, { passive: true });
    let was = 0;
    root.addEventListener('scroll', () => {
      // The first step upwards is still near the end: only who comes down again is taken to follow.
      const up = root.scrollTop < was;
      was = root.scrollTop;
      if (up || !this.atEnd()) return;
      this.newer.hidden = true;
      if (!this.follows) this.head = 0;
      this.follows = true;
    }, { passive: true });
    // The keyboard comes up, the box grows: what was in view stays in view.
    if (typeof ResizeObserver === 'function') new ResizeObserver(() => { this.follow(); }).observe(root);
  }

  /** @returns {boolean} */
  atEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR;
  }

  /** @returns {Entry[]} */
  inOrder() {
    return [...this.entries.values()].sort((a, b) => a.event.seq - b.event.seq);
  }

  toEnd() {
    this.newer.hidden = true;
    this.root.scrollTop = this.root.scrollHeight;
  }

  /**
   * Takes in messages; those known already are passed over.
   * @param {any[]} events
   * @param {boolean} own whether they answer what was done here: then they are brought into view
   */
  add(events, own) {
    const begun = this.entries.size > 0;
    const stay = !own && begun && !this.follows && !this.atEnd();
    // What comes is read from the first message of its turn on; of what was there before, the newest is wanted.
    const back = !begun && events.some((one) => one.author === 'me');
    let head = 0;
    let turn = null;
    let news = false;
    for (const event of events) {
      if (this.entries.has(event.seq)) continue;
      const node = this.draw(event);
      if (!node) continue;
      this.place(event, node);
      news = true;
      if (back || (begun && (!event.cause || event.cause !== turn))) head = 0;
      if (event.author === 'bot' && !head) head = event.seq;
      turn = event.cause;
    }
    if (!news) return;
    const held = this.root.contains(document.activeElement);
    this.retire();
    this.divide();
    // A button that had the focus may be gone now; the list keeps the place for the keyboard and the reader.
    if (held && (document.activeElement === document.body || document.activeElement.offsetParent === null)) this.root.focus({ preventScroll: true });
    this.newer.hidden = !stay;
    this.follows = !stay;
    if (!stay) this.head = head;
  }

  /**
   * Scrolls to the end, but never so far that the beginning of what is new is out of sight; to be called when
   * everything has its size. A message may have been replaced meanwhile: the next one that is seen counts.
   */
  follow() {
    if (!this.follows) return;
    this.toEnd();
    const first = this.head && this.inOrder().find((one) => one.event.seq >= this.head && one.event.author === 'bot' && !one.node.hidden);
    if (!first) return;
    const top = (first.rule || first.node).offsetTop - 12;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
  }

  /** Where the questions of another section begin, a thin line says which. */
  divide() {
    let at = '';
    for (const one of this.inOrder()) {
      const card = one.event.card || {};
      const asks = card.kind === 'question' && card.n && !one.node.hidden;
      const section = asks ? `${String(card.question).split('/')[0]}/${card.n}` : '';
      const begins = asks && section !== at;
      if (asks) at = section;
      if (begins && !one.rule) {
        one.rule = el('div', { class: 'rule small', text: say('heading', { n: han(card.n), heading: card.heading }) });
        this.root.insertBefore(one.rule, one.node);
      } else if (!begins && one.rule) {
        one.rule.remove();
        one.rule = undefined;
      }
    }
  }

  /** Everything goes from the screen: what was said is gone. */
  clear() {
    for (const cid of [...this.waiting.keys()]) this.settle(cid);
    for (const one of this.entries.values()) {
      one.node.remove();
      if (one.rule) one.rule.remove();
    }
    this.entries.clear();
    this.slots.clear();
    this.follows = true;
  }

  /** @param {any} event @param {HTMLElement} node */
  place(event, node) {
    const after = [...this.entries.values()].find((one) => one.event.seq > event.seq);
    const firstWaiting = [...this.waiting.values()].map((one) => one.nodes[0])[0];
    this.root.insertBefore(node, after ? after.rule || after.node : firstWaiting || this.newer);
    this.entries.set(event.seq, { event, node });
    if (!event.slot) return;
    const before = this.slots.get(event.slot);
    if (before !== undefined && before > event.seq) {
      node.hidden = true;
      return;
    }
    this.slots.set(event.slot, event.seq);
    const old = before === undefined ? undefined : this.entries.get(before);
    if (old) this.replace(old, event);
  }

  /**
   * The newest message of a slot replaces the one before. What was asked earlier stays as a quiet line, or the
   * answers below it would answer nothing; put again in the same words, it goes.
   * @param {Entry} old
   * @param {any} event
   */
  replace(old, event) {
    const asked = askedIn(old.event);
    if (event.slot !== 'question' || asked === askedIn(event)) {
      old.node.hidden = true;
      return;
    }
    const quiet = el('div', { class: 'bot past', 'data-seq': old.event.seq }, el('p', { text: asked }));
    old.node.replaceWith(quiet);
    old.node = quiet;
  }

  /**
   * Only the newest buttons count: those of the last message that has some, and of the others of its turn. Of these,
   * what was tapped is done with, unless it belongs to the question (an example may be looked at twice) or is a word
   * that may be said at any time.
   */
  retire() {
    const all = this.inOrder().reverse();
    const entries = all.filter((one) => !one.node.hidden && one.event.author === 'bot');
    const said = new Map();
    for (const one of all) if (one.event.author === 'me' && !said.has(one.event.text)) said.set(one.event.text, one.event.seq);
    for (const one of entries) {
      if (one.event.slot === 'question') continue;
      for (const acts of one.node.querySelectorAll('.acts.press')) {
        for (const button of [...acts.children]) {
          if (!/^cmd:/.test(button.dataset.press) && said.get(button.dataset.label) > one.event.seq) button.remove();
        }
        if (!acts.childElementCount) acts.remove();
      }
    }
    const last = entries.find((one) => one.node.querySelector('.acts [data-press]') || one.node.matches('.choice'));
    if (!last) return;
    for (const one of entries) {
      if (one.event.seq >= last.event.seq || (one.event.cause && one.event.cause === last.event.cause)) continue;
      const card = one.event.card;
      if (card && card.kind === 'overview') continue;
      for (const acts of one.node.querySelectorAll('.acts.press')) acts.remove();
      if (!card) one.node.classList.remove('wide');
      for (const button of one.node.querySelectorAll('.warn [data-press]')) button.remove();
      for (const button of one.node.querySelectorAll('.rows [data-press]')) button.disabled = true;
    }
  }

  /** @param {any} event @returns {HTMLElement|null} */
  draw(event) {
    if (event.card && event.card.kind === 'bigger') return event.text ? el('div', { class: 'bot' }, el('p', { text: event.text })) : null;
    const drawn = draw(event, this.acts);
    const mine = event.author === 'me';
    if (!drawn && !event.text && !event.buttons.length) return null;
    const node = drawn ? el('div', { class: drawn.cls }, ...drawn.nodes) : el('div', { class: mine ? 'me' : 'bot' }, el('p', { text: event.text }));
    node.dataset.seq = event.seq;
    const card = event.card || {};
    if (card.kind === 'editions' || card.kind === 'cases') node.classList.add('choice');
    const shown = new Set([...node.querySelectorAll('[data-press]')].map((one) => one.dataset.press));
    const question = card.kind === 'question';
    const buttons = event.buttons.filter((/** @type {any} */ b) => !shown.has(b.press)
      && !(question && card.example && /^example:/.test(b.press)) && !this.acts.covered(b.press));
    if (buttons.length) {
      const help = question && buttons.every((/** @type {any} */ b) => /^cmd:/.test(b.press));
      // A way back after something was done is offered in a low voice: words in the line, no big buttons.
      const after = buttons.some((/** @type {any} */ b) => b.press === 'cmd:undo')
        && buttons.every((/** @type {any} */ b) => !b.strong && /^(cmd:undo$|ask:)/.test(b.press));
      const acts = el('div', { class: 'acts press' + (help ? ' quiet' : after ? ' after' : '') }, ...buttons.map((/** @type {any} */ b) => this.button(b)));
      (node.querySelector('.inner') || node).appendChild(acts);
      if (!drawn && !after) node.classList.add('wide');
    }
    return node;
  }

  /** @param {any} face @returns {HTMLElement} */
  button(face) {
    const button = el('button', {
      class: `btn${face.strong ? ' go' : ''}${face.note ? ' noted' : ''}`, type: 'button', 'data-press': face.press, 'data-label': face.label, text: face.label,
      onclick: () => (face.press === 'page:choose' ? this.acts.choose() : this.acts.press(face.press, face.label, button)),
    }, face.note && el('span', { class: 'small', text: face.note }));
    return button;
  }

  /**
   * Shows what waits to be sent, and how it stands with it.
   * @param {Item} item
   * @param {'sending'|'wait'|'failed'} state
   */
  state(item, state) {
    const quiet = item.body.press && state === 'sending';
    let held = this.waiting.get(item.cid);
    if (!held) {
      if (quiet) return;
      held = { nodes: this.pending(item), item, timer: 0 };
      this.waiting.set(item.cid, held);
      for (const node of held.nodes) this.root.insertBefore(node, this.newer);
      this.follows = true;
      this.head = 0;
      this.toEnd();
    }
    clearTimeout(held.timer);
    const tick = held.nodes[held.nodes.length - 1];
    tick.dataset.s = state;
    if (state === 'failed') this.failed(tick, item);
    else if (state === 'wait') this.tell(tick, item.kind === 'files' ? 'picture_wait' : 'waiting');
    else held.timer = setTimeout(() => this.tell(tick, 'sending'), tick.childElementCount ? 0 : 1200);
  }

  /** @param {HTMLElement} tick @param {string} key */
  tell(tick, key) {
    if (tick.textContent === say(key)) return;
    const stay = this.follows && this.atEnd();
    tick.replaceChildren(el('span', { text: say(key) }));
    if (stay) this.toEnd();
  }

  /** @param {HTMLElement} tick @param {Item} item */
  failed(tick, item) {
    const why = el('span', { text: item.failed || say('unsent') });
    const back = item.body.text && el('button', { type: 'button', text: say('take_back'), onclick: () => this.acts.back(item) });
    // What the server refused it refuses again; only what never reached it may go once more.
    const again = !item.body.press && !item.failed && el('button', { type: 'button', text: say('resend'), onclick: () => this.acts.again(item) });
    tick.replaceChildren(why, ...[again, back].filter(Boolean), el('button', { type: 'button', text: say('drop'), onclick: () => this.acts.drop(item) }));
  }

  /** @param {Item} item @returns {HTMLElement[]} */
  pending(item) {
    const tick = el('div', { class: 'tick small', role: 'status' });
    if (item.kind !== 'files') {
      return [el('div', { class: 'me', 'data-cid': item.cid }, el('p', { text: item.body.press ? item.label : item.body.text })), tick];
    }
    const tiles = item.files.map((one, i) => {
      const picture = one.blob && /^image\//.test(one.blob.type);
      const url = picture ? URL.createObjectURL(one.blob) : '';
      const img = picture && el('img', { src: url, alt: one.name, onload: () => URL.revokeObjectURL(url), onerror: (/** @type {any} */ e) => e.target.remove() });
      const label = el('span', { text: picture ? say('picture', { n: i + 1 }) : one.name });
      return el('div', { class: 'ph', 'data-upload': one.upload }, img, label, el('div', { class: 'bar' }, el('b')));
    });
    return [el('div', { class: 'photos', 'data-cid': item.cid }, ...tiles), tick];
  }

  /** @param {string} upload @param {number} share from 0 to 1 */
  progress(upload, share) {
    const tile = this.root.querySelector(`[data-upload="${upload}"]`);
    if (!tile) return;
    tile.querySelector('.bar b').style.width = `${Math.round(share * 100)}%`;
    if (share > 0 && share < 1) tile.querySelector('span').textContent = say('picture_up', { percent: Math.round(share * 100) });
  }

  /** @param {string} cid what waited has been answered, or is given up */
  settle(cid) {
    const held = this.waiting.get(cid);
    if (!held) return;
    clearTimeout(held.timer);
    for (const node of held.nodes) node.remove();
    this.waiting.delete(cid);
  }
}
