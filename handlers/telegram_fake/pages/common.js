// What all parts of the phone share: the words, the way to the fake, and what is known at this moment.

export const words = JSON.parse(document.getElementById('words').textContent);
export const byId = (id) => document.getElementById(id);
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** `user`: whose phone it is; `chat`: the group that is open, 0 for the bot's own chat; `editing`: the message that the
 *  box changes; `touched`: the message whose actions are shown. */
export const now = {
  user: 0,
  chat: 0,
  editing: null,
  touched: 0,
  groups: [],
  screen: { version: -1, messages: [], commands: [], answers: [], waiting: [], open: false },
};

const shown = { look: async () => {} };
const files = new Map(); // file id -> address of its bytes

/** What shows the news after something was done. */
export function afterwards(look) {
  shown.look = look;
}

/** An element; `text` becomes its text, `on…` its listeners, the rest attributes. */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === false || value === undefined) continue;
    if (name === 'text') node.textContent = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** Asks the fake; throws what it says against it. */
export async function ask(verb, args) {
  const answer = await fetch(`/control/${verb}`, { method: 'POST', body: JSON.stringify(args) });
  const body = await answer.json();
  if (!body.ok) throw new Error(body.error);
  return body.result;
}

/** Does something as this person, and shows what came of it: whether it could be done. */
export async function act(verb, args, trouble = words.failed) {
  notice('');
  try {
    await ask(verb, { user: now.user, ...args });
    await shown.look();
    return true;
  } catch (error) {
    notice(trouble);
    return false;
  }
}

export function notice(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}

const log = byId('log');
let atEnd = true; // the newest message is to be seen: it stays so, whatever changes its size
let size = ''; // when the log was last scrolled: it also scrolls by itself when what stands around it changes

function scrolled() {
  const next = `${log.clientHeight} ${log.scrollHeight}`;
  if (next === size) atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  size = next;
}

log.addEventListener('scroll', scrolled);
new ResizeObserver(() => toEnd(false)).observe(log);

/** Down to the newest message; not `always`: unless the person has gone up to read. */
export function toEnd(always) {
  atEnd = always || atEnd;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** The address of a file's bytes. */
export async function bytes(file) {
  if (!files.has(file.id)) {
    const raw = atob(await ask('file', { id: file.id }));
    const data = Uint8Array.from(raw, (c) => c.charCodeAt(0));
    files.set(file.id, URL.createObjectURL(new Blob([data])));
  }
  return files.get(file.id);
}

/** What a start link carries: of t.me links the part behind start=, of page links the last part. */
export const code = (written) => (written.includes('start=') ? written.split('start=')[1] : written.split('/').pop()).trim();
