"""What the office writes itself: 直接改 (a slip put right) and 代录 (a case that came on paper)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.acts import ADMINISTRATOR, COORDINATOR, WRITER, Correct, EnterCase, Entered
from bot.config import level_names
from bot.engine import texting
from bot.engine.content import Content, ContentSection
from bot.engine.definition import Edition
from bot.engine.messages import Submitted
from bot.engine.model import Draft, Person, Unit
from bot.engine.printing import make_content
from bot.engine.progress import sections_done, total_words
from bot.engine.route import stops
from bot.engine.tree import COUNTY, above
from bot.office import linking
from bot.office.matter import Matter, Refused
from storage import cases as case_rows
from storage import commands, drafts, people, posts
from storage import review as rows

LONGEST_TITLE = 100
LONGEST_SLIP = 500  # characters: what is longer is no slip, and belongs to the writer
LONGEST_TEXT = 100_000
SHOWN = 60  # characters of what was changed that the writer is told


# ---------------------------------------------------------------- 直接改


def correct(m: Matter, command: Correct) -> Mapping[str, Any]:
    """A new submission with one place changed, in the writer's draft as well; the writer is told what."""
    row = m.case_in_hand(command.case, command.n)
    content = rows.content(m.connection, row.id, row.n)
    to = command.to.strip("\n")
    if content is None or not command.quote:
        raise Refused("gone")
    if max(len(command.quote), len(to)) > LONGEST_SLIP or "\n" in to:
        raise Refused("no_slip", most=LONGEST_SLIP)
    if to == command.quote:
        raise Refused("nothing_changed")
    section, after = _corrected(content, command, to)
    m.move("correct", row, words=after.words(), opened_at=row.opened_at or m.now)
    rows.freeze(m.connection, row.id, row.n + 1, after, m.now)
    people.keep(m.connection, [p.file for p in after.pictures] + [f.file for f in after.materials])
    rows.carry_comments(m.connection, row.id, row.n, row.n + 1)
    rows.shift_comments(
        m.connection, row.id, row.n + 1, command.block, command.start, len(command.quote), len(to) - len(command.quote)
    )
    _into_draft(m, row, content, section, command.block.split("/")[1], after)
    m.note_case("case.corrected", row, to=row.n + 1)
    changes = [{"section": section.heading, "before": command.quote[:SHOWN], "after": to[:SHOWN]}]
    m.tell_writer(row, "corrected", by=m.name(), count=1, n=row.n + 1, changes=changes)
    return {"n": row.n + 1}


def _corrected(content: Content, command: Correct, to: str) -> tuple[ContentSection, Content]:
    """The section that changes, and the content with it changed."""
    for section in content.sections:
        for block in section.blocks:
            end = command.start + len(command.quote)
            if block.id != command.block:
                continue
            if block.text[command.start : end] != command.quote:
                raise Refused("gone")
            text = block.text[: command.start] + to + block.text[end:]
            if not text.strip():
                raise Refused("no_slip", most=LONGEST_SLIP)
            blocks = tuple(replace(b, text=text) if b.id == block.id else b for b in section.blocks)
            changed = replace(section, blocks=blocks)
            return changed, replace(
                content, sections=tuple(changed if s.id == section.id else s for s in content.sections)
            )
    raise Refused("gone")


def _into_draft(
    m: Matter, row: commands.CaseAt, before: Content, section: ContentSection, question: str, after: Content
) -> None:
    """The writer's own draft follows where it still says what was handed in; else it stays as they have it."""
    found = {d.id: d for d in drafts.load(m.connection, [row.person])}.get(row.draft)
    if found is None:
        return
    texts = drafts.texts(m.connection, [row.draft])[row.draft]
    old, new = _lines(before, section.id, question), _lines(after, section.id, question)
    answer = texts.answers.get(question)
    numbered = replace(found, n=row.n + 1)
    if answer is not None and texting.lines(texts, question) == old:
        fragment = texting.fragment(found, question, "\n".join(new), source=f"office:{row.id}:{row.n + 1}")
        version = replace(answer, n=answer.n + 1, parts=(fragment.id,), words=fragment.words)
        drafts.add_fragments(m.connection, [(fragment, m.now)])
        drafts.add_answers(m.connection, [(version, m.now, True)], [answer])
        numbered = replace(numbered, next=found.next + 1, words=found.words + fragment.words - answer.words)
    drafts.save(m.connection, [numbered])
    rows.touch_conversation(m.connection, row.conversation)


def _lines(content: Content, section: str, question: str) -> list[str]:
    """What is printed of the answer to a question, a paragraph each."""
    return [
        block.text
        for s in content.sections
        if s.id == section
        for block in s.blocks
        if block.id.split("/")[1] == question
    ]


# ---------------------------------------------------------------- 代录


def enter(m: Matter, command: EnterCase) -> Mapping[str, Any]:
    """A person of the unit with a draft that says what the paper says, handed in at once; a link of their own with it.

    What was entered can be returned like any other: the writer goes on by that link.
    """
    command = replace(command, unit=m.unit_meant(command.unit))
    m.may(command.unit, COORDINATOR, ADMINISTRATOR)
    edition = m.edition(command.edition)
    if edition.closed:
        raise Refused("no_edition")
    unit = people.unit_at(m.connection, tuple(command.unit.split("/")))
    if unit is None:
        raise Refused("no_unit", unit=command.unit)
    name, title = (" ".join(text.split()) for text in (command.name, command.title))
    if not name or not title or not command.text.strip():
        raise Refused("enter_what")
    if len(name) > LONGEST_TITLE or len(title) > LONGEST_TITLE or len(command.text) > LONGEST_TEXT:
        raise Refused("too_long", most=LONGEST_TEXT)
    person, conversation = _writer(m, unit, name, command)
    draft, content = _draft(m, edition, person, replace(command, title=title))
    case = _hand_in(m, edition, person, draft, content)
    drafts.save(m.connection, [replace(draft, case=case.id)])
    if not posts.has_link(m.connection, person.id):
        linking.add_bound(m, person.id, command.unit)
    m.note("case.entered", draft=draft.id, case=case.id, unit=command.unit, params={"n": 1})
    return {"case": case.id, "number": case.number, "conversation": conversation, "draft": draft.id}


def _writer(m: Matter, unit: Unit, name: str, command: EnterCase) -> tuple[Person, int]:
    """Whoever of that name belongs to the unit, else somebody new."""
    known = posts.named(m.connection, unit.id, name)
    if known is not None:
        own = Person(id=known.id, invited=unit, unit=unit, name=name, post=known.post, phone=known.phone)
        return own, known.conversation
    id, conversation = m.world.new_id(), m.world.new_id()
    people.create(m.connection, person=id, conversation=conversation, unit=unit.id, at=m.now)
    person = Person(
        id=id, invited=unit, unit=unit, name=name, post=command.post.strip()[:40], phone=command.phone.strip()[:20]
    )
    people.save(m.connection, [person])
    people.grant(m.connection, id, WRITER, unit.id)
    return person, conversation


def _draft(m: Matter, edition: Edition, person: Person, command: EnterCase) -> tuple[Draft, Content]:
    """The draft with all that was entered, and what is printed of it."""
    call = edition.call
    own = Draft(id=m.world.new_id(), person=person.id, call=call.id, edition=edition.id, state="handed_in", n=1)
    _readable(command.files)
    entered = texting.entered(own, call, command.title, command.category, command.text, command.files)
    texts = entered.texts
    draft = replace(
        own,
        title=command.title,
        words=total_words(call, texts),
        sections_done=sections_done(call, texts),
        next=entered.next,
        seen_at=m.now,
    )
    drafts.add(m.connection, [(draft, m.now)])
    drafts.add_fragments(m.connection, [(f, m.now) for f in texts.fragments.values()])
    drafts.add_attachments(m.connection, [(a, m.now) for a in texts.attachments.values()])
    drafts.add_answers(m.connection, [(a, m.now, True) for a in texts.answers.values()], [])
    people.keep(m.connection, [a.file for a in texts.attachments.values()])
    return draft, make_content(call, draft, texts, person, m.setting.profile)


def _readable(files: tuple[Entered, ...]) -> None:
    if len(files) > 50:
        raise Refused("many_files", most=50)


def _hand_in(m: Matter, edition: Edition, person: Person, draft: Draft, content: Content) -> Any:
    unit = person.unit or person.invited
    levels = level_names()
    first = stops(edition.call, unit.path, m.setting.settings.site.root_level, levels)[0]
    people.keep(m.connection, [p.file for p in content.pictures] + [f.file for f in content.materials])
    return case_rows.submit(
        m.connection,
        case_rows.Handed(
            new_id=m.world.new_id(),
            person=person.id,
            unit=unit,
            county="/".join(above(unit.path, unit.level, COUNTY, levels)),
            level=first.level,
            holder=m.holder_of(first),
            edition=edition,
            submitted=Submitted(draft=draft.id, n=1, content=content),
            at=m.now,
            origin="entered",
        ),
        None,
    )
