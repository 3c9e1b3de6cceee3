// What the person does: writes, edits, chooses photos and files, sends them with a caption, and all else behind ＋.

import { act, byId, el, fill, now, toEnd, words } from './common.js';
import { inBrief } from './messages.js';

const CAPTION = 1024; // UTF-16 units
let chosen = []; // files that wait for 发送
let photos = false; // they were chosen as photos
let before = Promise.resolve(); // what was sent before goes first

/** The box, empty or with the text of a message that is to be changed. */
export function begin(m) {
  choose([], false);
  now.editing = m;
  byId('editing').hidden = !m;
  byId('editing').firstChild.textContent = m && m.kind !== 'text' && !m.text ? `${words.editing}：${inBrief(m)}` : words.editing;
  byId('box').value = m ? m.text : '';
  grow();
  if (m) byId('box').focus();
}

function grow() {
  const box = byId('box');
  const caption = chosen.length > 0 || (now.editing && now.editing.kind !== 'text');
  box.placeholder = caption ? words.caption : words.box;
  if (caption) box.maxLength = CAPTION;
  else box.removeAttribute('maxlength');
  box.style.height = '52px';
  box.style.height = `${box.scrollHeight + 3}px`;
  byId('send').textContent = now.editing ? words.save : words.send;
  byId('send').disabled = !(caption || box.value.trim());
}

/** Shows what was chosen, and waits for 发送. */
function choose(files, asPhotos) {
  chosen = files;
  photos = asPhotos;
  byId('chosen').hidden = !chosen.length;
  byId('raw').hidden = !photos;
  byId('asfiles').checked = false;
  byId('chosen').querySelector('span').textContent = fill(photos ? words.chosen_photos : words.chosen_files, { count: chosen.length });
  byId('thumbs').querySelectorAll('img').forEach((img) => URL.revokeObjectURL(img.src));
  byId('thumbs').replaceChildren(...chosen.map((one) => (
    photos ? el('img', { src: URL.createObjectURL(one), alt: one.name }) : el('span', { class: 'small', text: one.name })
  )));
  grow();
}

/** Sends what is in the box and clears it at once; what could not be sent comes back, unless something new is there. */
async function send() {
  const whose = { user: now.user, ...(now.chat ? { chat: now.chat } : {}) };
  const out = { whose, text: byId('box').value, editing: now.editing, files: chosen, photos, raw: byId('asfiles').checked };
  begin(null);
  before = before.then(() => deliver(out));
  if (await before) toEnd(true);
  else if (whose.user === now.user && !byId('box').value && !chosen.length && !now.editing) restore(out);
}

function restore(out) {
  begin(out.editing);
  choose(out.files, out.photos);
  byId('asfiles').checked = out.raw;
  byId('box').value = out.text;
  grow();
}

function deliver(out) {
  if (out.editing) return act('edit', { ...out.whose, message: out.editing.id, text: out.text });
  if (out.files.length) return sendFiles(out);
  return act('say', { ...out.whose, text: out.text });
}

const base64 = (one) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(',')[1] || '');
  reader.onerror = failed;
  reader.readAsDataURL(one);
});

/** Several together, as Telegram's apps do, ten at most in one album; the caption goes with the first. What is sent
 *  leaves `out`. */
async function sendFiles(out) {
  const asPhotos = out.photos && !out.raw;
  const trouble = asPhotos ? words.no_picture : words.failed;
  while (out.files.length) {
    const group = out.files.slice(0, out.files.length === 11 ? 9 : 10);
    const items = await Promise.all(group.map(async (one) => ({ data: await base64(one), ...(asPhotos ? {} : { name: one.name }) })));
    const more = { ...out.whose, caption: out.text };
    const done = items.length > 1
      ? await act('album', { items, ...more }, trouble)
      : await act(asPhotos ? 'photo' : 'document', { ...items[0], ...more }, trouble);
    if (!done) return false;
    Object.assign(out, { files: out.files.slice(group.length), text: '' });
  }
  return true;
}

const THINGS = {
  photo: () => byId('photos').click(),
  document: () => byId('documents').click(),
  send_voice: () => act('voice', { seconds: 5 }),
  send_location: () => act('location', {}),
  own_contact: () => act('contact', {}),
  other_contact: () => act('contact', { phone: '+8613900000009', first_name: words.friend, of: 0 }),
  send_sticker: () => act('sticker', {}),
  group: () => act('add_to_group', { title: words.group_name }),
  block: () => act('block', {}),
};

/** Opens or closes what lies behind a button; one at a time. `drawKeys` follows, since they share the room. */
export function unfold(name, drawKeys) {
  for (const [button, panel] of [['menu', 'commands'], ['more', 'things']]) {
    const open = button === name && byId(panel).hidden;
    byId(panel).hidden = !open;
    byId(button).setAttribute('aria-expanded', String(open));
  }
  drawKeys();
}

/** Listens; `close` shuts what was unfolded. */
export function listen(close) {
  byId('box').addEventListener('input', grow);
  byId('box').addEventListener('focus', close);
  byId('send').addEventListener('click', send);
  byId('cancel').addEventListener('click', () => begin(null));
  byId('drop').addEventListener('click', () => choose([], false));
  byId('unblock').addEventListener('click', async () => { if (await act('unblock', {})) await act('start', {}); });
  for (const button of byId('things').querySelectorAll('button')) {
    button.addEventListener('click', () => { close(); THINGS[button.dataset.thing](); });
  }
  for (const [id, asPhotos] of [['photos', true], ['documents', false]]) {
    byId(id).addEventListener('change', () => {
      const files = [...byId(id).files];
      byId(id).value = '';
      if (now.editing) begin(null);
      choose(files, asPhotos);
    });
  }
}
