// The phone: draws what the fake says is to be seen, and does what the person taps. All text goes in as text.

const words = JSON.parse(document.getElementById('words').textContent);
const byId = (id) => document.getElementById(id);
const pictures = new Map(); // file id -> address of its bytes
let user = 0; // whose phone it is
let screen = { version: -1, messages: [], commands: [], answers: [] };
let editing = 0; // the message that the box changes
let told = new Set(); // answers to buttons that were shown
let drawn = ''; // what the log shows, so that it is drawn anew only when it differs

/** An element; `text` becomes its text, `on…` its listeners, the rest attributes. */
function el(tag, props, ...children) {
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
async function ask(verb, args) {
  const answer = await fetch(`/control/${verb}`, { method: 'POST', body: JSON.stringify(args) });
  const body = await answer.json();
  if (!body.ok) throw new Error(body.error);
  return body.result;
}

/** Does something as this person, and shows what came of it. */
async function act(verb, args, trouble = words.failed) {
  notice('');
  try {
    await ask(verb, { user, ...args });
    await look();
    return true;
  } catch (error) {
    notice(trouble);
    return false;
  }
}

function notice(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}

// ---------------------------------------------------------------- what is to be seen

async function look() {
  const whose = user;
  const next = await ask('screen', { user: whose });
  if (whose !== user) return;
  screen = next;
  draw();
}

/** Looks again whenever there is something new, for as long as the page is there. */
async function watch() {
  for (;;) {
    try {
      await ask('wait', { after: screen.version, seconds: 25 });
      await look();
      if (byId('notice').textContent === words.gone) notice('');
    } catch (error) {
      notice(words.gone);
      await new Promise((go) => setTimeout(go, 2000));
      screen.version = -1;
    }
  }
}

function draw() {
  byId('starting').hidden = screen.open;
  byId('writing').hidden = !screen.open;
  byId('state').textContent = screen.action ? words.typing : words.note;
  byId('pinned').hidden = !screen.pinned;
  byId('pinned').lastChild.textContent = screen.pinned ? line(screen.pinned) : '';
  byId('menu').hidden = !screen.commands.length;
  const log = byId('log');
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const now = JSON.stringify([user, screen.messages, screen.waiting]);
  if (now !== drawn) {
    drawn = now;
    log.replaceChildren(...screen.messages.map(message));
  }
  drawKeys();
  drawCommands();
  if (low) log.scrollTop = log.scrollHeight;
  for (const answer of screen.answers) {
    if (!told.has(answer.query) && answer.text) notice(answer.text);
    told.add(answer.query);
  }
}

const line = (m) => m.text.split('\n')[0] || words[m.kind] || words.service;

function message(m) {
  if (m.kind === 'pinned_message' || m.kind === 'service' || m.kind === 'new_chat_members') {
    return el('p', { class: 'said small', text: m.kind === 'pinned_message' ? words.pinned_done : words.service });
  }
  const bubble = el('div', { class: 'bubble' });
  if (m.kind === 'photo') bubble.append(picture(m.file));
  else if (m.kind === 'document') bubble.append(file(m.file));
  else if (m.kind !== 'text') bubble.append(el('p', { text: words[m.kind] }));
  if (m.text) bubble.append(styled(m.text, m.entities));
  const rows = m.buttons.map((row) => el('div', {}, ...row.map((button) => inline(m, button))));
  const own = m.mine && m.kind === 'text' && !m.text.startsWith('/');
  const under = m.edited || own;
  return el(
    'article',
    { class: m.mine ? 'me' : 'bot', 'data-id': m.id },
    bubble,
    rows.length > 0 && el('div', { class: 'buttons' }, ...rows),
    under && el(
      'div',
      { class: 'under small' },
      m.edited && el('span', { text: words.edited }),
      own && el('button', { type: 'button', class: 'link', text: words.edit, onclick: () => begin(m) }),
    ),
  );
}

/** The text with what is bold in it; offsets count UTF-16 units, as JavaScript does. */
function styled(text, entities) {
  const p = el('p');
  let at = 0;
  for (const entity of entities.filter((e) => e.type === 'bold')) {
    p.append(text.slice(at, entity.offset), el('b', { text: text.slice(entity.offset, entity.offset + entity.length) }));
    at = entity.offset + entity.length;
  }
  p.append(text.slice(at));
  return p;
}

function inline(m, button) {
  const press = async (event) => {
    event.currentTarget.setAttribute('aria-busy', 'true');
    await act('press', { data: button.data, message: m.id });
  };
  if (!button.url) return el('button', { type: 'button', text: button.label, onclick: press });
  return el('button', { type: 'button', text: button.label, onclick: () => window.open(button.url, '_blank', 'noopener') });
}

async function bytes(about) {
  if (!pictures.has(about.id)) {
    const raw = atob(await ask('file', { id: about.id }));
    const data = Uint8Array.from(raw, (c) => c.charCodeAt(0));
    pictures.set(about.id, URL.createObjectURL(new Blob([data])));
  }
  return pictures.get(about.id);
}

function picture(about) {
  const log = byId('log');
  const img = el('img', { alt: words.photo, onload: () => { if (log.scrollHeight - log.scrollTop - log.clientHeight < 400) log.scrollTop = log.scrollHeight; } });
  bytes(about).then((address) => { img.src = address; }, () => notice(words.failed));
  return img;
}

function file(about) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 44 52');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const look = { d: 'M6 3h22l10 10v36H6zM28 3v10h10M13 24h18M13 31h18M13 38h11', fill: 'none', stroke: 'currentColor', 'stroke-width': '2.4', 'stroke-linejoin': 'round' };
  for (const [name, value] of Object.entries(look)) path.setAttribute(name, value);
  svg.append(path);
  const save = async () => el('a', { href: await bytes(about), download: about.name }).click();
  return el('button', { type: 'button', class: 'file', onclick: save }, svg, el('span', { text: about.name }));
}

function drawKeys() {
  const rows = screen.keyboard ? screen.keyboard.keyboard : [];
  byId('keys').hidden = !rows.length || !byId('commands').hidden;
  byId('keys').replaceChildren(...rows.map((row) => el('div', {}, ...row.map((key) => (
    el('button', { type: 'button', text: key.text, onclick: () => act('press', { label: key.text }) })
  )))));
}

function drawCommands() {
  byId('commands').replaceChildren(...screen.commands.map((one) => el(
    'button',
    { type: 'button', onclick: () => { menu(false); act('say', { text: `/${one.command}` }); } },
    el('span', { text: one.description }),
    el('span', { class: 'small', text: `/${one.command}` }),
  )));
}

function menu(open) {
  byId('commands').hidden = !open;
  byId('menu').setAttribute('aria-expanded', String(open));
  drawKeys();
}

// ---------------------------------------------------------------- what the person does

function begin(m) {
  editing = m ? m.id : 0;
  byId('editing').hidden = !m;
  byId('box').value = m ? m.text : '';
  grow();
  byId('box').focus();
}

function grow() {
  const box = byId('box');
  box.style.height = '52px';
  box.style.height = `${box.scrollHeight + 3}px`;
  byId('send').disabled = !box.value.trim();
}

async function send() {
  const text = byId('box').value;
  const done = editing ? await act('edit', { message: editing, text }) : await act('say', { text });
  if (done) begin(null);
  byId('log').scrollTop = byId('log').scrollHeight;
}

const base64 = (one) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(',')[1] || '');
  reader.onerror = failed;
  reader.readAsDataURL(one);
});

/** Sends what was chosen: several together, as Telegram's apps do, ten at most in one album. */
async function attach(input, asPhotos) {
  const chosen = [...input.files];
  input.value = '';
  while (chosen.length) {
    const group = chosen.splice(0, chosen.length === 11 ? 9 : 10);
    const items = await Promise.all(group.map(async (one) => ({ data: await base64(one), ...(asPhotos ? {} : { name: one.name }) })));
    if (items.length > 1) await act('album', { items });
    else await act(asPhotos ? 'photo' : 'document', items[0]);
  }
}

/** What a start link carries: of t.me links the part behind start=, of page links the last part. */
const code = (written) => (written.includes('start=') ? written.split('start=')[1] : written.split('/').pop()).trim();

byId('starting').addEventListener('submit', async (event) => {
  event.preventDefault();
  await act('start', { payload: code(byId('link').value) }, words.wrong_link);
});
byId('box').addEventListener('input', grow);
byId('send').addEventListener('click', send);
byId('cancel').addEventListener('click', () => begin(null));
byId('menu').addEventListener('click', () => menu(byId('commands').hidden));
byId('pinned').addEventListener('click', () => {
  const there = document.querySelector(`[data-id="${screen.pinned.id}"]`);
  if (there) there.scrollIntoView({ block: 'center' });
});
for (const [button, input] of [['photo', 'photos'], ['document', 'documents']]) {
  byId(button).addEventListener('click', () => byId(input).click());
  byId(input).addEventListener('change', () => attach(byId(input), button === 'photo'));
}

async function pickUp(whose) {
  user = Number(whose);
  localStorage.setItem('who', String(user));
  byId('who').value = String(user);
  menu(false);
  notice('');
  await look();
  told = new Set(screen.answers.map((answer) => answer.query));
  byId('log').scrollTop = byId('log').scrollHeight;
}

byId('who').addEventListener('change', () => pickUp(byId('who').value));
pickUp(localStorage.getItem('who') || byId('who').value).then(() => {
  document.documentElement.dataset.ready = '';
  watch();
});
