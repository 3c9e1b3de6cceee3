// 字数, the rule of bot/engine/count.py in the browser's words. Both are run over tests/count_table.json.

const SINGLE = '\\u3001-\\u303f\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}\\uff00-\\uffef“”‘’—…·×';
// What Python's \s means: JavaScript's own differs in U+0085, U+FEFF and U+001C–1F.
const SPACE = '\\t\\n\\v\\f\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const UNIT = new RegExp(`[${SINGLE}]|[^${SINGLE}${SPACE}]+`, 'gu');

/**
 * 字数 of a text.
 * @param {string} text
 * @returns {number}
 */
export function count(text) {
  const found = text.match(UNIT);
  return found ? found.length : 0;
}
