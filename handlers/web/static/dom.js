// Small helpers: sentences by key, elements without markup. Text always goes in as text.

const SVG = 'http://www.w3.org/2000/svg';

/** @type {Object<string, string>} */
const sentences = JSON.parse(document.getElementById('words').textContent);

/**
 * The sentence of a key, its {gaps} filled.
 * @param {string} key
 * @param {Object<string, string|number>} [gaps]
 * @returns {string}
 */
export function say(key, gaps) {
  const text = sentences[key];
  if (text === undefined) throw new Error(`no sentence ${key}`);
  return text.replace(/\{(\w+)\}/g, (all, name) => (gaps && name in gaps ? String(gaps[name]) : all));
}

/** @param {number} n @returns {string} 1 to 99 as sections are counted */
export function han(n) {
  const digits = say('numbers');
  const tens = Math.floor(n / 10);
  const head = tens === 0 ? '' : (tens === 1 ? '' : digits[tens]) + digits[10];
  return head + (n % 10 ? digits[n % 10] : '');
}

/**
 * An element. `text` becomes its text, `on…` its listeners, everything else attributes; null and false are left out.
 * @param {string} tag
 * @param {Object<string, any>} [props]
 * @param {...(Node|null|undefined|false)} children
 * @returns {any}
 */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  const all = props || {};
  for (const name of Object.keys(all)) {
    const value = all[name];
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) node.appendChild(child);
  return node;
}

/**
 * A picture out of the page's own symbols.
 * @param {string} name
 * @param {string} [cls]
 * @returns {SVGElement}
 */
export function icon(name, cls) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  if (cls) svg.setAttribute('class', cls);
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#${name}`);
  svg.appendChild(use);
  return svg;
}

/**
 * An element that must be there.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`no element ${id}`);
  return node;
}

/**
 * A random id of 32 hex digits. (crypto.randomUUID is missing where there is no HTTPS.)
 * @returns {string}
 */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, '0')).join('');
}
