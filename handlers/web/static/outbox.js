// What was said and not yet answered: sent in order, one at a time, until the server has it.

import { Trouble, pause } from './net.js';

/** @typedef {import('./store.js').Item} Item */

export class Outbox {
  /**
   * @param {import('./store.js').OutStore} store
   * @param {{send: (item: Item) => Promise<any>, answered: (item: Item, answer: any) => void,
   *   state: (item: Item, state: 'sending'|'wait'|'failed') => void, gone: (sentence: string) => void,
   *   net: (up: boolean) => void}} on
   */
  constructor(store, on) {
    this.store = store;
    this.on = on;
    /** @type {Item[]} */
    this.items = [];
    this.tries = 0;
    this.busy = false;
    this.stopped = false;
    /** @type {any} */
    this.timer = 0;
  }

  /** @returns {boolean} whether something waits to be sent */
  get waiting() {
    return this.items.length > 0;
  }

  /** @param {Item} item @returns {Promise<void>} resolves when the phone has it */
  async add(item) {
    this.items.push(item);
    this.on.state(item, navigator.onLine ? 'sending' : 'wait');
    await this.store.put(item);
    this.pump();
  }

  /** @param {Item[]} items left from last time */
  adopt(items) {
    this.items.push(...items);
    for (const item of items) this.on.state(item, 'wait');
    this.pump();
  }

  /** Gives up what waits. */
  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.items = [];
  }

  /** Tries at once: the net is back, or the page. */
  nudge() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.tries = 0;
    this.pump();
  }

  /** @returns {Promise<void>} */
  async pump() {
    if (this.busy || this.timer || this.stopped) return;
    this.busy = true;
    while (this.items.length) {
      const item = this.items[0];
      this.on.state(item, 'sending');
      try {
        const answer = await this.on.send(item);
        this.items.shift();
        this.tries = 0;
        await this.store.remove(item);
        this.on.net(true);
        this.on.answered(item, answer);
      } catch (e) {
        if (!(e instanceof Trouble)) throw e;
        if (e.kind === 'refused') {
          this.items.shift();
          item.failed = e.sentence;
          await this.store.put(item);
          this.on.state(item, 'failed');
          continue;
        }
        for (const one of this.items) this.on.state(one, 'wait');
        if (e.kind === 'gone') {
          this.stopped = true;
          this.on.gone(e.sentence);
        } else {
          this.on.net(e.kind !== 'net');
          this.timer = setTimeout(() => { this.timer = 0; this.pump(); }, Math.max(e.after * 1000, pause(this.tries)));
          this.tries += 1;
        }
        break;
      }
    }
    this.busy = false;
  }
}
