// The phone: shows what the fake says is to be seen, and lets the person do what a phone can.

import { act, afterwards, ask, byId, code, el, notice, now, toEnd, words } from './common.js';
import { inBrief, message } from './messages.js';
import { begin, listen, unfold } from './sending.js';

let told = new Set(); // answers to buttons that were shown
let drawn = ''; // what the log shows, so that it is drawn anew only when it differs

async function look() {
  const { user, chat } = now;
  const there = chat ? { chat } : {};
  const [screen, groups] = await Promise.all([ask('screen', { user, ...there }), ask('groups', {})]);
  if (user !== now.user || chat !== now.chat) return;
  Object.assign(now, { screen, groups });
  draw();
}

/** Looks again whenever there is something new, for as long as the page is there. */
async function watch() {
  for (;;) {
    try {
      await ask('wait', { after: now.screen.version, seconds: 25 });
      await look();
      if (byId('notice').textContent === words.gone) notice('');
    } catch (error) {
      notice(words.gone);
      await new Promise((go) => setTimeout(go, 2000));
      now.screen.version = -1;
    }
  }
}

function draw() {
  const { screen, chat } = now;
  const group = now.groups.find((one) => one.id === chat);
  byId('starting').hidden = Boolean(chat) || screen.open || screen.blocked;
  byId('stopped').hidden = Boolean(chat) || !screen.blocked;
  byId('writing').hidden = !byId('starting').hidden || !byId('stopped').hidden;
  byId('where').textContent = group ? group.title : words.bot;
  byId('state').textContent = group && !group.open ? words.out : screen.action ? words.typing : words.note;
  byId('pinned').hidden = !screen.pinned;
  byId('pinned').lastChild.textContent = screen.pinned ? inBrief(screen.pinned) : '';
  byId('menu').hidden = Boolean(chat) || !screen.commands.length;
  byId('more').hidden = Boolean(chat);
  drawChats();
  drawKeys();
  drawCommands();
  drawLog(); // last: what stands around it decides how much of it is to be seen
  for (const answer of screen.answers) {
    if (!told.has(answer.query) && answer.text) notice(answer.text);
    told.add(answer.query);
  }
}

function drawLog() {
  const log = byId('log');
  const next = JSON.stringify([now.user, now.chat, now.touched, now.screen.messages, now.screen.waiting]);
  if (next !== drawn) {
    drawn = next;
    const focused = document.activeElement.closest('[data-id]')?.dataset.id;
    log.replaceChildren(...now.screen.messages.map((m) => message(m, { touch, edit, remove })));
    if (focused) log.querySelector(`[data-id="${focused}"] .bubble`)?.focus({ preventScroll: true });
  }
  toEnd(false);
}

function drawChats() {
  const all = [{ id: 0, title: words.bot }, ...now.groups];
  byId('chats').hidden = all.length < 2;
  byId('chats').replaceChildren(...all.map((one) => el(
    'button',
    { type: 'button', text: one.title, 'aria-pressed': String(one.id === now.chat), onclick: () => goTo(now.user, one.id) },
  )));
}

function drawKeys() {
  const rows = now.screen.keyboard && !now.chat ? now.screen.keyboard.keyboard : [];
  byId('keys').hidden = !rows.length || !byId('commands').hidden || !byId('things').hidden;
  byId('keys').replaceChildren(...rows.map((row) => el('div', {}, ...row.map((key) => (
    el('button', { type: 'button', text: key.text, onclick: () => act('press', { label: key.text }) })
  )))));
}

function drawCommands() {
  byId('commands').replaceChildren(...now.screen.commands.map((one) => el(
    'button',
    { type: 'button', onclick: () => { unfold('', drawKeys); act('say', { text: `/${one.command}` }); } },
    el('span', { text: one.description }),
    el('span', { class: 'small', text: `/${one.command}` }),
  )));
}

// ---------------------------------------------------------------- what a tap on a message leads to

function touch(m) {
  now.touched = now.touched === m.id ? 0 : m.id;
  drawLog();
}

function edit(m) {
  now.touched = 0;
  begin(m);
  drawLog();
}

async function remove(m) {
  now.touched = 0;
  if (now.editing && now.editing.id === m.id) begin(null);
  await act('delete', { message: m.id });
}

// ---------------------------------------------------------------- whose phone, which chat

async function goTo(user, chat) {
  const person = byId('who').querySelector(`[value="${user}"]`) || byId('who').firstElementChild;
  Object.assign(now, { user: Number(person.value), chat, touched: 0 });
  byId('who').value = person.value;
  history.replaceState(null, '', `#${person.value}`); // two windows may be two people
  unfold('', drawKeys);
  begin(null);
  notice('');
  await ask('person', { user: now.user, first_name: person.dataset.name, phone: `+861390000${person.value}` });
  await look();
  told = new Set(now.screen.answers.map((answer) => answer.query));
  toEnd(true);
}

afterwards(look);
listen(() => unfold('', drawKeys));
byId('starting').addEventListener('submit', async (event) => {
  event.preventDefault();
  await act('start', { payload: code(byId('link').value) }, words.wrong_link);
});
for (const name of ['menu', 'more']) byId(name).addEventListener('click', () => unfold(name, drawKeys));
byId('pinned').addEventListener('click', () => {
  document.querySelector(`[data-id="${now.screen.pinned.id}"]`)?.scrollIntoView({ block: 'center' });
});
byId('who').addEventListener('change', () => goTo(byId('who').value, 0));
goTo(location.hash.slice(1) || '1001', 0).then(() => {
  document.documentElement.dataset.ready = '';
  watch();
});
