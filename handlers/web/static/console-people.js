// Units and people: links, posts, stand-ins, places and dates.

import { act, complain, copy, form, read, sheet } from './console-ask.js';
import { el, say } from './dom.js';

/** @param {string} edition @param {any} overview */
export async function people(edition, overview) {
  try {
    const told = await read(`/people?edition=${edition}`);
    const again = () => people(edition, overview);
    const units = told.units.map((/** @type {any} */ u) => u.path);
    sheet(say('people'), el('div', {}, buttons(edition, told, units, overview, again), loose(told, units, again), invites(told, again), posts(told, units, again), grants(edition, told, again)));
  } catch (trouble) { complain(trouble); }
}

/** @param {string} edition @param {any} told @param {string[]} units @param {any} overview @param {() => any} again */
function buttons(edition, told, units, overview, again) {
  const box = el('div', { class: 'do' });
  const add = (/** @type {string} */ text, /** @type {() => any} */ go) => box.appendChild(el('button', { type: 'button', class: 'b', text, onclick: go }));
  // A unit's places and its own date are set from above: only the levels and units below are offered for that.
  const below = (told.levels || []).filter((/** @type {any} */ l) => told.units.some((/** @type {any} */ u) => u.set === l.id));
  const at = (/** @type {any} */ v) => (v.level ? told.units.filter((/** @type {any} */ u) => u.set === v.level).map((/** @type {any} */ u) => u.path) : units);
  const levels = [{ id: '', label: say('extend_writer') }, ...below];
  add(say('invite'), async () => {
    const roles = [['writer', 'role_writer'], ...(overview.me.admin ? [['coordinator', 'role_coordinator'], ['administrator', 'role_administrator']] : [])].map(([id, key]) => ({ id, label: say(key) }));
    const done = await form({
      title: say('invite_title'), ok: say('save'),
      fields: [{ name: 'unit', label: say('unit'), list: units, needed: true }, { name: 'role', label: say('invite_role'), kind: 'radio', options: roles },
        { name: 'uses', label: say('invite_uses'), kind: 'radio', options: [{ id: 'one', label: say('invite_one') }, { id: 'many', label: say('invite_many') }] },
        { name: 'note', label: say('invite_note') }],
      send: (v) => act('invite', { unit: v.unit, role: v.role, uses: v.role === 'writer' && v.uses === 'many' ? null : 1, days: 30, note: v.note }),
    });
    if (done) given(done, again);
  });
  if (overview.can.extend) {
    add(say('extend'), async () => {
      const done = await form({
        title: say('extend_title'), ok: say('save'),
        fields: [{ name: 'level', label: say('extend_level'), kind: 'radio', options: levels }, { name: 'unit', label: say('unit'), list: at, needed: true },
          { name: 'until', label: say('extend_until'), kind: 'date', needed: true }],
        send: (v) => act('extend', { edition, level: v.level, unit: v.unit, until: v.until, reason: '' }),
      });
      if (done) again();
    });
    add(say('late_key'), async () => {
      const done = await form({
        title: say('late_key_title'), about: say('late_key_about'), ok: say('save'),
        fields: [{ name: 'unit', label: say('unit'), list: units, needed: true }, { name: 'until', label: say('late_key_until'), kind: 'date', needed: true },
          { name: 'uses', label: say('late_key_uses'), kind: 'digits', hint: say('late_key_hint') }],
        send: (v) => act('late_key', { edition, unit: v.unit, until: v.until, uses: v.uses }),
      });
      if (!done) return;
      const known = (await read(`/people?edition=${edition}`)).late_keys.find((/** @type {any} */ k) => k.id === done.key);
      if (known) handed(known, again);
    });
    if (below.length) add(say('quota'), async () => {
      const done = await form({
        title: say('quota_title'), ok: say('save'),
        fields: [{ name: 'level', label: say('quota_level'), kind: 'radio', options: below }, { name: 'unit', label: say('unit'), list: at, needed: true },
          { name: 'key', label: say('category'), kind: 'select', options: told.keys || [{ id: '', label: say('export_all') }] },
          { name: 'most', label: say('quota_most'), kind: 'digits', hint: say('quota_hint'), wrong: say('quota_digits') }],
        send: (v) => act('quota', { edition, level: v.level, unit: v.unit, key: v.key, most: v.most }),
      });
      if (done) again();
    });
  }
  box.appendChild(el('a', { class: 'b', href: `/api/console/calendar?edition=${edition}`, text: say('calendar') }));
  return box;
}

/** @param {any} made @param {() => any} again */
function given(made, again) {
  const address = `${location.origin}/i/${made.link}`;
  sheet(say('link'), el('div', {}, el('div', { class: 'nrow' }, el('div', { class: 'ntext', text: address }), el('button', { type: 'button', class: 'b strong', text: say('copy'), onclick: () => copy(address) })),
    el('div', { class: 'do' }, el('a', { class: 'b', href: `/qr/${made.link}`, target: '_blank', rel: 'noopener', text: say('qr') }), el('button', { type: 'button', class: 'b', text: say('people'), onclick: again }))));
}

/** @param {any} key with the words that go to the unit @param {() => any} again */
function handed(key, again) {
  sheet(say('late_key'), el('div', {}, el('p', { class: 'digits', text: key.code }), el('p', { text: key.text }),
    el('div', { class: 'nrow' }, el('div', { class: 'ntext', text: key.words }), el('button', { type: 'button', class: 'b strong', text: say('copy'), onclick: () => copy(key.words) })),
    el('div', { class: 'do' }, el('button', { type: 'button', class: 'b', text: say('people'), onclick: again }))));
}

/** @param {any} told @param {() => any} again */
function invites(told, again) {
  if (!told.invites.length) return null;
  return el('div', {}, el('h3', { text: say('invites') }), el('table', {}, el('tbody', {}, ...told.invites.map((/** @type {any} */ i) => el('tr', {},
    el('td', { text: i.unit }), el('td', { text: i.role_text }), el('td', { text: i.state }),
    el('td', {}, i.link ? el('button', { type: 'button', class: 'b', text: say('link'), onclick: () => given(i, again) }) : null,
      i.link ? el('button', { type: 'button', class: 'b', text: say('revoke'), onclick: async () => {
        const sure = await form({ title: say('revoke'), about: say('revoke_sure'), ok: say('answer_yes'), tone: 'warm', send: () => act('revoke', { invite: i.id }) });
        if (sure) again();
      } }) : null))))));
}

/** @param {any} told @param {string[]} units @param {() => any} again units that a writer typed */
function loose(told, units, again) {
  if (!told.loose.length) return null;
  return el('div', {}, el('h3', { text: say('loose') }), el('p', { class: 's', text: say('loose_about') }), el('table', {}, el('tbody', {}, ...told.loose.map((/** @type {any} */ u) => el('tr', {},
    el('td', { text: u.unit }), el('td', { text: u.names.join(say('joiner')) }),
    el('td', {},
      el('button', { type: 'button', class: 'b', text: say('loose_confirm'), onclick: async () => { if (await act('confirm_unit', { unit: u.path })) again(); } }),
      el('button', { type: 'button', class: 'b', text: say('loose_merge'), onclick: async () => {
        const done = await form({ title: say('loose_merge'), about: say('loose_merge_about', { unit: u.unit }), ok: say('save'),
          fields: [{ name: 'into', label: say('unit'), list: units.filter((path) => path !== u.path), needed: true }],
          send: (v) => act('merge_unit', { unit: u.path, into: v.into }) });
        if (done) again();
      } })))))));
}

/** @param {any} told @param {string[]} units @param {() => any} again */
function posts(told, units, again) {
  if (!told.people.length) return null;
  return el('div', {}, el('h3', { text: say('posts') }), el('table', {}, el('tbody', {}, ...told.people.map((/** @type {any} */ p) => el('tr', {},
    el('td', { text: p.name }), el('td', { text: p.unit }), el('td', { text: `${p.roles.join(say('joiner'))}${p.until ? `　${p.until}` : ''}` }),
    el('td', {},
      p.can.hand_over && el('button', { type: 'button', class: 'b', text: say('hand_over'), onclick: async () => {
        const done = await form({ title: say('hand_over'), about: say('hand_over_sure', { name: p.name }), ok: say('answer_yes'), send: () => act('hand_over', { person: p.id, unit: p.path }) });
        if (done) given(done, again);
      } }),
      p.can.stand_in && el('button', { type: 'button', class: 'b', text: say('stand_in'), onclick: () => standIn(told, p, again) }),
      p.can.dismiss && el('button', { type: 'button', class: 'b', text: say('dismiss'), onclick: async () => {
        const done = await form({ title: say('dismiss'), about: say('dismiss_sure', { name: p.name }), ok: say('answer_yes'), tone: 'warm', send: () => act('dismiss', { person: p.id, role: p.role, unit: p.path }) });
        if (done) again();
      } })))))));
}

/** @param {any} told @param {any} p whose desk somebody else keeps for some days @param {() => any} again */
async function standIn(told, p, again) {
  const there = told.people.filter((/** @type {any} */ o) => o.path === p.path && o.role === p.role).map((/** @type {any} */ o) => o.id);
  const others = new Map(told.people.filter((/** @type {any} */ o) => !there.includes(o.id)).map((/** @type {any} */ o) => [o.id, { id: o.id, label: say('stand_in_one', { name: o.name, unit: o.unit }) }]));
  if (!others.size) { sheet(say('stand_in_title', { name: p.name }), el('div', {}, el('p', { text: say('stand_in_nobody') }), el('div', { class: 'do' }, el('button', { type: 'button', class: 'b', text: say('people'), onclick: again })))); return; }
  const done = await form({ title: say('stand_in_title', { name: p.name }), about: say('stand_in_about', { name: p.name, unit: p.unit }), ok: say('save'),
    fields: [{ name: 'person', label: say('stand_in_who'), kind: 'select', needed: true, options: [{ id: '', label: say('stand_in_choose') }, ...others.values()] },
      { name: 'until', label: say('stand_in_until'), kind: 'date', needed: true }],
    send: (v) => act('stand_in', { person: v.person, unit: p.path, until: v.until }) });
  if (done) again();
}

/** @param {string} edition @param {any} told @param {() => any} again */
function grants(edition, told, again) {
  const rows = [...told.extensions.map((/** @type {any} */ x) => el('tr', {}, el('td', { text: say('extensions') }), el('td', { text: x.unit }), el('td', { text: x.text }),
    el('td', {}, x.can && el('button', { type: 'button', class: 'b', text: say('revoke'), onclick: async () => { if (await act('extend', { edition, level: x.level, unit: x.path, until: null, reason: '' })) again(); } })))),
  ...told.late_keys.map((/** @type {any} */ k) => el('tr', {}, el('td', { text: say('late_key') }), el('td', { text: k.unit }), el('td', { text: k.text }),
    el('td', {}, k.code && el('button', { type: 'button', class: 'b', text: say('late_key'), onclick: () => handed(k, again) }), k.code && el('button', { type: 'button', class: 'b', text: say('late_key_void'), onclick: async () => {
      const sure = await form({ title: say('late_key_void'), about: say('late_key_sure', { unit: k.unit }), ok: say('answer_yes'), tone: 'warm', send: () => act('no_late_key', { key: k.id }) });
      if (sure) again();
    } })))),
  ...told.quotas.map((/** @type {any} */ x) => el('tr', {}, el('td', { text: say('quotas') }), el('td', { text: x.unit }), el('td', { text: x.text }), el('td')))];
  return rows.length ? el('div', {}, el('h3', { text: say('dates_places') }), el('table', {}, el('tbody', {}, ...rows))) : null;
}
