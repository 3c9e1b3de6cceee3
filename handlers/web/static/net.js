// One way to ask the server, and three ways for it to go wrong.

/**
 * `kind`: "net" (nothing came back: try again), "later" (the server says later: try again after `after` seconds),
 * "gone" (this browser is not known any more), "refused" (never as it is; `sentence` says why).
 */
export class Trouble extends Error {
  /**
   * @param {'net'|'later'|'gone'|'refused'} kind
   * @param {string} sentence
   * @param {number} after
   * @param {number} status
   */
  constructor(kind, sentence, after, status) {
    super(sentence || kind);
    this.kind = kind;
    this.sentence = sentence;
    this.after = after;
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {any} [body] an object goes as JSON, a Blob as it is
 * @param {{timeout?: number, keepalive?: boolean, signal?: AbortSignal}} [how] timeout in milliseconds
 * @returns {Promise<any>} the JSON that came back
 */
export async function ask(method, url, body, how) {
  const options = how || {};
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), options.timeout || 15000);
  if (options.signal) options.signal.addEventListener('abort', () => stop.abort());
  const raw = body instanceof Blob;
  /** @type {Object<string, string>} */
  const headers = { 'X-Anlitong': '1' };
  if (body !== undefined) headers['Content-Type'] = raw ? 'application/octet-stream' : 'application/json';
  let response;
  let value;
  try {
    response = await fetch(url, {
      method, headers, signal: stop.signal, keepalive: Boolean(options.keepalive), credentials: 'same-origin', cache: 'no-store',
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
    value = await response.json();
  } catch (e) {
    if (!response || response.ok || response.status >= 500) throw new Trouble('net', '', 0, 0);
    value = {};
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return value;
  const sentence = value.error || '';
  const after = Number(response.headers.get('Retry-After')) || 0;
  if (response.status === 401) throw new Trouble('gone', sentence, 0, 401);
  if (response.status === 429 || response.status >= 500) throw new Trouble('later', sentence, after, response.status);
  throw new Trouble('refused', sentence, 0, response.status);
}

/**
 * How long to wait before try n (from 0): 1, 2, 4 … 30 s, a quarter more or less so that phones do not march in step.
 * @param {number} n
 * @returns {number} milliseconds
 */
export function pause(n) {
  return Math.min(30000, 1000 * Math.pow(2, n)) * (0.75 + Math.random() / 2);
}
