// A message as it is drawn. All text goes in as text.

import { act, bytes, code, el, fill, notice, now, toEnd, words } from './common.js';

const ADDRESS = /https?:\/\/[^\s，。；、）”]+/g;
const START = /^https?:\/\/t\.me\/\w+\?start=/;
const SAID = { pinned_message: words.pinned_done, new_chat_members: words.joined, service: words.service };
const CAPTIONED = ['photo', 'document', 'voice'];

/** A message in one line: for the pinned one, and for one that is replied to. */
export const inBrief = (m) => m.text.replace(/\s+/g, ' ') || words[m.kind] || words.service;

/** Whether its writer may change it. */
export const editable = (m) => m.mine && !now.chat && (CAPTIONED.includes(m.kind) || (m.kind === 'text' && !m.text.startsWith('/')));

/** The message with its buttons; `does` has what a tap on it leads to: touch, edit, remove. */
export function message(m, does) {
  if (SAID[m.kind]) return el('p', { class: 'said small', text: SAID[m.kind] });
  const touched = (event) => {
    const chosen = String(window.getSelection());
    if (!now.chat && !chosen && !event.target.closest('button,a')) does.touch(m);
  };
  const key = (event) => { if (event.key === 'Enter' && event.target === event.currentTarget) does.touch(m); };
  const bubble = el('div', { class: `bubble ${m.kind}`, tabindex: now.chat ? null : 0, onclick: touched, onkeydown: key });
  if (now.chat && !m.mine) bubble.append(el('p', { class: 'name small', text: m.name }));
  if (m.reply_to) bubble.append(quoted(m.reply_to));
  bubble.append(...content(m));
  const time = (m.edited ? `${words.edited} ` : '') + clock(m.date);
  if (m.text) bubble.append(styled(m, time));
  bubble.append(el('span', { class: m.text ? 'time within' : 'time', text: time }));
  const rows = m.buttons.map((row) => el('div', {}, ...row.map((button) => inline(m, button))));
  return el(
    'article',
    { class: m.mine ? 'me' : 'bot', 'data-id': m.id },
    bubble,
    rows.length > 0 && el('div', { class: 'buttons' }, ...rows),
    under(m, does),
  );
}

function under(m, does) {
  const open = now.touched === m.id;
  const edit = editable(m) && (open || m.kind === 'text' || m.text);
  if (!edit && !open) return null;
  return el(
    'div',
    { class: 'under small' },
    edit && el('button', { type: 'button', class: 'link', text: words.edit, onclick: () => does.edit(m) }),
    open && el('button', { type: 'button', class: 'link', text: words.delete, onclick: () => does.remove(m) }),
  );
}

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false });

function quoted(id) {
  const there = now.screen.messages.find((one) => one.id === id);
  const go = () => document.querySelector(`[data-id="${id}"]`)?.scrollIntoView({ block: 'center' });
  return el('button', { type: 'button', class: 'quoted small', text: there ? inBrief(there) : words.gone_message, onclick: go });
}

function content(m) {
  const two = (title, text) => [el('p', {}, el('b', { text: title }), el('br'), text)];
  if (m.kind === 'photo') return [picture(m.file)];
  if (m.kind === 'document') return [file(m.file)];
  if (m.kind === 'voice') return two(words.voice, fill(words.seconds, { count: m.about.duration }));
  if (m.kind === 'contact') return two(m.about.first_name, m.about.phone_number);
  if (m.kind === 'location') return two(words.location, `${m.about.latitude.toFixed(4)}, ${m.about.longitude.toFixed(4)}`);
  if (m.kind === 'sticker') return [el('p', { class: 'big', role: 'img', 'aria-label': words.sticker, text: m.about.emoji })];
  return [];
}

/** The text with what is bold in it, and room for the time behind it; offsets count UTF-16 units, as JavaScript does.
 *  Of a start with a code the apps show the word alone. */
function styled(m, time) {
  const p = el('p', { class: 'words', 'data-time': time });
  const text = m.mine ? m.text.replace(/^\/start \S+$/, '/start') : m.text;
  let at = 0;
  for (const entity of m.entities.filter((e) => e.type === 'bold')) {
    const bold = el('b');
    linked(bold, text.slice(entity.offset, entity.offset + entity.length));
    linked(p, text.slice(at, entity.offset));
    p.append(bold);
    at = entity.offset + entity.length;
  }
  linked(p, text.slice(at));
  return p;
}

/** A text whose addresses can be tapped, as the apps have it; one that starts the bot starts it here. */
function linked(node, text) {
  let at = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const start = (event) => {
      if (!START.test(found[0])) return;
      event.preventDefault();
      act('start', { payload: code(found[0]) });
    };
    const link = el('a', { href: found[0], target: '_blank', rel: 'noopener', text: found[0], onclick: start });
    node.append(text.slice(at, found.index), link);
    at = found.index + found[0].length;
  }
  node.append(text.slice(at));
}

function inline(m, button) {
  const press = async (event) => {
    event.currentTarget.setAttribute('aria-busy', 'true');
    await act('press', { data: button.data, message: m.id });
  };
  const go = () => window.open(button.url, '_blank', 'noopener');
  return el('button', { type: 'button', text: button.label, title: button.label, onclick: button.url ? go : press });
}

function picture(about) {
  const img = el('img', { alt: words.photo, onload: () => toEnd(false) });
  bytes(about).then((address) => { img.src = address; }, () => notice(words.failed));
  return img;
}

function size(of) {
  return of < 1024 ? `${of} B` : of < 1024 * 1024 ? `${(of / 1024).toFixed(1)} KB` : `${(of / 1024 / 1024).toFixed(1)} MB`;
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
  const told = el('span', {}, el('span', { text: about.name }), el('span', { class: 'small', text: size(about.size) }));
  return el('button', { type: 'button', class: 'file', 'aria-label': about.name, onclick: save }, svg, told);
}
