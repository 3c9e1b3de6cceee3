// What the person does: writes, edits, chooses photos and files, sends them with a caption, and all else behind ＋.

import { act, byId, el, fill, now, toEnd, words } from './common.js';
import { inBrief } from './messages.js';

const CAPTION = 1024; // UTF-16 units
let chosen = []; // files that wait for 发送
let photos = false; // they were chosen as photos
let sending = false;

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
  byId('send').textContent = sending ? words.sending : now.editing ? words.save : words.send;
  byId('send').disabled = sending || !(caption || box.value.trim());
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

async function send() {
  sending = true;
  grow();
  const text = byId('box').value;
  const where = now.chat ? { chat: now.chat } : {};
  const done = now.editing
    ? await act('edit', { message: now.editing.id, text })
    : chosen.length ? await sendChosen(text) : await act('say', { text, ...where });
  sending = false;
  if (done) begin(null);
  else grow();
  toEnd(true);
}

const base64 = (one) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(',')[1] || '');
  reader.onerror = failed;
  reader.readAsDataURL(one);
});

/** Several together, as Telegram's apps do, ten at most in one album; the caption goes with the first. */
async function sendChosen(caption) {
  const asPhotos = photos && !byId('asfiles').checked;
  const trouble = asPhotos ? words.no_picture : words.failed;
  for (let first = true; chosen.length; first = false) {
    const group = chosen.slice(0, chosen.length === 11 ? 9 : 10);
    const items = await Promise.all(group.map(async (one) => ({ data: await base64(one), ...(asPhotos ? {} : { name: one.name }) })));
    const said = first ? { caption } : {};
    const done = items.length > 1
      ? await act('album', { items, ...said }, trouble)
      : await act(asPhotos ? 'photo' : 'document', { ...items[0], ...said }, trouble);
    if (!done) return false;
    chosen = chosen.slice(group.length);
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
