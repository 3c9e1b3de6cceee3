// What the phone keeps: half-typed text, the letter size, and what still has to be sent.

const DB = 'anlitong';
const OUT = 'out';
const LS_OUT = 'anlitong.out';
const BOX = 'anlitong.box.';

/**
 * Something to send. `n` gives the order. `body` is what /api/say gets beside cid and base_seq.
 * @typedef {{n?: number, cid: string, conversation: string, kind: 'talk'|'files', body: any, label: string,
 *   chained?: boolean, failed?: string, files?: Piece[]}} Item
 */
/**
 * A picture or file of an item.
 * @typedef {{upload: string, name: string, size: number, blob: Blob|null, offset: number, done: boolean, failed: string}} Piece
 */

/** @param {string} key @returns {any} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || 'null');
  } catch (e) {
    return null;
  }
}

/** @param {string} key @param {any} value */
function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch (e) {
    // A full or forbidden store: the text is still in the box and goes to the server in three seconds.
  }
}

/**
 * Half-typed text of a question; `dirty` while the server does not have it.
 * @param {string} key
 * @returns {{text: string, dirty: boolean, version: number}|null}
 */
export function typed(key) {
  return read(BOX + key);
}

/**
 * @param {string} key
 * @param {string} text
 * @param {boolean} dirty
 * @param {number} version the answer's, when this was typed
 */
export function keepTyped(key, text, dirty, version) {
  if (key) write(BOX + key, text || dirty ? { text, dirty, version } : null);
}

/** The outbox on disk: IndexedDB, or localStorage (texts only) where IndexedDB throws. */
export class OutStore {
  constructor() {
    /** @type {IDBDatabase|null} */
    this.db = null;
    /** @type {Map<number, Item>} */
    this.memory = new Map();
  }

  /** @returns {Promise<Item[]>} what was left from last time, in order */
  async open() {
    try {
      this.db = await new Promise((resolve, reject) => {
        const asked = indexedDB.open(DB, 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore(OUT, { keyPath: 'n' });
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
        asked.onblocked = () => reject(new Error('blocked'));
      });
      return await this.run('readonly', (s) => s.getAll());
    } catch (e) {
      this.db = null;
      for (const item of read(LS_OUT) || []) this.memory.set(item.n, item);
      return [...this.memory.values()];
    }
  }

  /** @param {Item} item @returns {Promise<void>} */
  async put(item) {
    if (!item.n) item.n = Date.now() + Math.random();
    this.memory.set(item.n, item);
    if (this.db) {
      try {
        await this.run('readwrite', (s) => s.put(item));
        return;
      } catch (e) {
        // Some browsers refuse blobs there; the text below is kept all the same.
      }
    }
    this.spill();
  }

  /** @param {Item} item @returns {Promise<void>} */
  async remove(item) {
    this.memory.delete(item.n);
    if (this.db) {
      try {
        await this.run('readwrite', (s) => s.delete(item.n));
      } catch (e) {
        // It will be sent once more and answered as a repeat.
      }
    }
    this.spill();
  }

  /** Forgets everything on this phone, half-typed text as well. */
  clear() {
    this.memory.clear();
    if (this.db) this.run('readwrite', (s) => s.clear()).catch(() => {});
    this.spill();
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(BOX)) localStorage.removeItem(key);
    } catch (e) {
      // Where nothing may be kept, nothing is.
    }
  }

  spill() {
    if (this.db) return;
    const texts = [...this.memory.values()].filter((item) => item.kind === 'talk');
    write(LS_OUT, texts.length ? texts : null);
  }

  /** @param {IDBTransactionMode} mode @param {(s: IDBObjectStore) => IDBRequest} what @returns {Promise<any>} */
  run(mode, what) {
    return new Promise((resolve, reject) => {
      const deal = this.db.transaction(OUT, mode);
      const asked = what(deal.objectStore(OUT));
      deal.oncomplete = () => resolve(asked.result);
      deal.onerror = () => reject(deal.error);
      deal.onabort = () => reject(deal.error);
    });
  }
}
