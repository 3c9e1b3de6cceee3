"""From a draft's answers to the content model: what would be printed now."""

from __future__ import annotations

from bot.engine.answers import paragraphs, pieces, plain
from bot.engine.content import PICTURE, Block, Content, ContentSection, FormField, Material, Picture
from bot.engine.definition import Call
from bot.engine.model import Draft, Person, Texts, View
from bot.engine.progress import caption_key, picked, pictures_of, walk


def content_of(view: View, draft_id: int) -> Content:
    """The content model of a draft as it stands. Raises KeyError for an unknown draft, NotLoaded for its texts."""
    draft = view.drafts[draft_id]
    return make_content(view.call_of(draft), draft, view.text_of(draft_id), view.person, view.profile)


def make_content(call: Call, draft: Draft, texts: Texts, person: Person, profile: Call) -> Content:
    """The same from its parts. Sections without a word are left out; numbers follow the call's order."""
    sections: list[ContentSection] = []
    for section in call.sections:
        blocks = tuple(
            Block(id=f"{section.id}/{q.id}/{p.fragment}/{p.offset}", text=p.text, level=p.level)
            for q in section.questions
            if q.kind == "text" and q.printed
            for p in paragraphs(pieces(texts, texts.answers.get(q.id)))
        )
        if blocks:
            sections.append(ContentSection(id=section.id, n=len(sections) + 1, heading=section.heading, blocks=blocks))
    return Content(
        call=call.id,
        title=plain(texts, "title") or draft.title,
        unit=_unit(person),
        sections=tuple(sections),
        pictures=_pictures(call, texts),
        materials=_materials(call, texts),
        fields=_fields(call, texts, person, profile),
    )


def _unit(person: Person) -> str:
    unit = person.unit or person.invited
    return "".join(unit.path)


def _pictures(call: Call, texts: Texts) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            id=f"{PICTURE}{a.id}",
            n=n,
            file=a.file,
            name=a.name,
            caption=plain(texts, caption_key(a.id)),
            width=a.width,
            height=a.height,
        )
        for n, a in enumerate(pictures_of(call, texts), 1)
    )


def _materials(call: Call, texts: Texts) -> tuple[Material, ...]:
    out: list[Material] = []
    for _, question in walk(call):
        answer = texts.answers.get(question.id)
        if question.kind == "files" and answer is not None:
            out += [
                Material(
                    id=f"file/{i}", file=texts.attachments[i].file, name=texts.attachments[i].name, label=question.label
                )
                for i in answer.parts
                if i in texts.attachments
            ]
    taken = {m.id for m in out}
    out += [
        Material(id=f"file/{a.id}", file=a.file, name=a.name, label="")
        for a in texts.attachments.values()
        if a.question == "extra" and f"file/{a.id}" not in taken
    ]
    return tuple(out)


def _fields(call: Call, texts: Texts, person: Person, profile: Call) -> tuple[FormField, ...]:
    """The registration form: the person, then what the head asked beside the title."""
    own = {"name": person.name, "post": person.post, "phone": person.phone}
    out = [FormField(id=q.id, label=q.label, value=own[q.id]) for q in profile.head if own.get(q.id)]
    for question in call.head:
        if question.id == "title":
            continue
        value = (
            "、".join(picked(question, texts)) if question.kind in ("choice", "declare") else plain(texts, question.id)
        )
        if value:
            out.append(FormField(id=question.id, label=question.label, value=value))
    return tuple(out)
