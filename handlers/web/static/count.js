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

// How a text counts once it is on paper, the rule of bot/engine/answers.py: a line without a mark at its end
// gets one, unless it is short and numbered like a heading; a mark at its beginning is not printed.
const ENDINGS = new Set('\u3002\uff01\uff1f\uff1b\uff1a\uff0c\u3001\u2026\u2014\uff5e\u201d\u2019\uff09\u300b\u300d\u300f\u3011\u3009!?;:,.)]}"\'~');
const HAN = '[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341]{1,3}';
const HEADING = new RegExp(`^(?:${HAN}\u3001|[\uff08(]${HAN}[\uff09)]|\\d{1,2}[\u3001.\uff0e](?!\\d)|[\uff08(]\\d{1,2}[\uff09)])`, 'u');
const LONGEST = 30;
const LEADING = /^[\uff0c\u3001\uff1b\uff1a\u3002,; \t\u3000]+/u;

/**
 * 字数 that a text adds to the paper.
 * @param {string} text
 * @returns {number}
 */
export function measure(text) {
  let sum = 0;
  for (const raw of text.split('\n')) {
    const line = raw.trim().replace(LEADING, '');
    if (!line) continue;
    const letters = [...line];
    const marked = ENDINGS.has(letters[letters.length - 1]);
    const heading = !marked && letters.length <= LONGEST && !line.includes('\u3002') && HEADING.test(line);
    sum += count(line) + (marked || heading ? 0 : 1);
  }
  return sum;
}
