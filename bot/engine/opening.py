"""From the greeting to the first question: consent, the profile, the edition, the title."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from bot.engine.answers import plain
from bot.engine.asking import anew, given, masked, on, short_unit, show
from bot.engine.card import limit_words
from bot.engine.definition import Edition
from bot.engine.going import focus_on
from bot.engine.messages import Button, Moment, Say, UnitNamed
from bot.engine.model import PROFILE, Focus
from bot.engine.progress import first_open, next_question, touched
from bot.engine.tree import TOWNSHIP, above
from bot.engine.work import Work

GREETED = timedelta(days=1)  # so long one remembers to have been greeted
_CONSENT = (
    Button(press="consent:yes", key="agree", strong=True),
    Button(press="consent:full", key="consent_full"),
    Button(press="consent:no", key="decline"),
)


def greet(w: Work) -> None:
    """The first words, and the consent that everything waits for; who was greeted here lately hears that alone."""
    editions = w.view.open_editions()
    office = w.office()
    if greeted(w):
        ask_consent(w)
        return
    if office is None:
        w.say("greet.no_call", anew=anew(w))
        return
    title = editions[0].title if len(editions) == 1 else ""
    w.say("greet.one" if title else "greet.many", unit=office.unit, title=title)
    ask_consent(w)


def greeted(w: Work) -> bool:
    """Whether the person has heard the first words here lately."""
    seen, here = w.before.seen_at, w.before.spoke == w.view.caps.name
    return here and seen is not None and w.now - seen < GREETED and not w.before.declined


def greet_office(w: Work, role: str) -> None:
    """Who reviews or keeps the cases hears what will come and whom to ask."""
    office, unit, home = w.office(), "".join(w.person.invited.path), w.view.home
    desk = Say(key="greet.desk" if home else "greet.desk_here", params={"home": home})
    if office is None:
        w.say(f"greet.{role}_alone", unit=unit, desk=desk)
        return
    w.say(f"greet.{role}", unit=unit, desk=desk, contact=office.contact, phone=office.phone)


def ask_consent(w: Work) -> None:
    """What is promised, and whether the person agrees."""
    office = w.office()
    if office is None:
        w.say("greet.no_call", anew=anew(w))
        return
    w.say(
        "consent.short",
        keeper=office.keeper,
        keep=Moment(at=_noon(office.keep_until), zone="UTC"),
        buttons=_CONSENT,
        slot="question",
    )


def insist(w: Work) -> None:
    """That nothing can be written before the consent; what it is was said a moment ago."""
    w.say("consent.first", buttons=_CONSENT, slot="question")


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def consent(w: Work, choice: str) -> None:
    """What was said to the consent."""
    office = w.office()
    if choice == "full" and office is not None:
        w.say(
            "consent.full",
            way=Say(key="consent.tap" if w.view.caps.page else "consent.speak"),
            keeper=office.keeper,
            contact=office.contact,
            phone=office.phone,
            keep=Moment(at=_noon(office.keep_until), zone="UTC"),
            buttons=[
                Button(press="consent:yes", key="agree", strong=True),
                Button(press="consent:no", key="decline"),
            ],
            slot="question",
        )
    elif choice == "no":
        if not w.conversation.consent:
            w.set(declined=True)
            w.event("consent.declined")
        w.say("consent.declined", anew=anew(w))
    elif w.conversation.consent:
        w.then("resume")
    else:
        w.set(consent=w.view.consent, declined=False)
        w.event("consent.given", version=w.view.consent)
        begin(w)


def begin(w: Work) -> None:
    """The first thing still missing: the consent, the profile, the edition."""
    if not w.conversation.consent:
        greet(w)
        return
    profile = w.profile()
    if profile is None:
        profile = w.new_draft(w.view.profile, None)
        spot = first_open(w.view.profile, w.texts(profile.id))
        if spot is not None:
            focus_on(w, profile.id, *spot)
            w.say("profile.thanks", ask=spot[1].ask, slot="question")
            return
    if profile.state != "handed_in":
        w.then("resume", profile.id)
        return
    choose(w)


def profile_done(w: Work, draft: int, question: str) -> None:
    """After an answer of the profile: takes it over, then the next question or the whole for a look."""
    texts = w.texts(draft)
    row = w.drafts[draft]
    take_over(w, draft)
    target = next_question(w.view.profile, texts, "head", question)
    if target is not None and not touched(texts.answers.get(target[1].id)):
        focus_on(w, draft, *target)
        show(w)
        return
    w.refocus(Focus(draft=draft, mode="review"))
    if row.state == "handed_in":
        w.change(draft, state="writing")
    show_profile(w, draft)


def take_over(w: Work, draft: int) -> None:
    """Brings the person's own columns up to what the profile says."""
    texts = w.texts(draft)
    post = w.view.profile.find("post")
    w.person = replace(
        w.person,
        name=plain(texts, "name"),
        post=given(w, draft, post[1]) if post else "",
        phone=plain(texts, "phone"),
    )


def show_profile(w: Work, draft: int) -> None:
    """The profile read back, with a way to change each part."""
    texts = w.texts(draft)
    phone = plain(texts, "phone")
    unit = w.unit.name if w.unit else (short_unit(w.person.unit.path) if w.person.unit else plain(texts, "unit"))
    buttons = [Button(press=on("profile", draft, "ok"), key="right", strong=True)]
    buttons += [
        Button(press=on("ask", draft, q.id), key="change_label", params={"label": q.label}) for q in w.view.profile.head
    ]
    parts = tuple(p for p in (w.person.name, unit, w.person.post, masked(phone) if phone else "") if p)
    w.say("profile.review", parts=parts, buttons=buttons, slot="question")


def profile_ok(w: Work, draft: int) -> None:
    """The person said that the profile is right."""
    if first_open(w.view.profile, w.texts(draft)) is not None:
        w.then("resume", draft)
        return
    if w.drafts[draft].state != "handed_in":
        w.change(draft, state="handed_in")
        w.event("profile.confirmed")
    others = [d for d in w.drafts.values() if d.call != PROFILE and d.state != "closed"]
    if others:
        newest = max(others, key=lambda d: (d.seen_at or w.now, d.id))
        w.refocus(None)
        w.then("resume", newest.id)
        return
    choose(w)


def set_unit(w: Work, draft: int, name: str, yes: bool) -> None:
    """The writer's unit: the invited one, or a name below it that the desk finds or makes."""
    invited = w.person.invited
    if yes:
        w.person = replace(w.person, unit=invited)
        label = short_unit(invited.path)
    else:
        w.unit = UnitNamed(name=name)
        base = above(invited.path, invited.level, TOWNSHIP, w.view.levels)
        label = name if len(base) < 2 else f"{base[-1]}{name}"
    fragment = w.add_fragment(draft, "unit", label, flowing=False)
    w.write(draft, "unit", "closed", [fragment.id], ["yes"] if yes else [])


def choose(w: Work) -> None:
    """Which of the open editions? With only one there is nothing to ask."""
    editions = w.view.open_editions()
    if not editions:
        w.refocus(None)
        w.say("choose.none", anew=anew(w))
        return
    if len(editions) == 1:
        start(w, editions[0])
        return
    rows = tuple(
        {
            "title": e.title,
            "limit": limit_words(e.call.limit),
            "due": Say(key="choose.until", params={"due": w.until(e)}),
            "at": w.until(e).at.isoformat(),
            "press": f"edition:{e.id}",
        }
        for e in editions
    )
    buttons = [Button(press=f"edition:{e.id}", label=e.call.short or e.call.title) for e in editions]
    about = [Button(press="cmd:about", key="what_is_it")] if any(e.call.about for e in editions) else []
    w.refocus(None)
    w.say("choose.which", count=len(editions), rows=rows, buttons=[*buttons, *about], card="editions", slot="question")


def about(w: Work) -> None:
    """What each open edition is for."""
    rows = tuple({"title": e.title, "about": e.call.about} for e in w.view.open_editions())
    buttons = [Button(press=f"edition:{e.id}", label=e.call.short or e.call.title) for e in w.view.open_editions()]
    w.say("choose.about", rows=rows, buttons=buttons, slot="question")


def pick_edition(w: Work, edition_id: int) -> None:
    """An edition was chosen: a new draft, or the one already begun for it."""
    edition = next((e for e in w.view.open_editions() if e.id == edition_id), None)
    profile = w.profile()
    if edition is None or not w.conversation.consent or profile is None or profile.state != "handed_in":
        w.then("resume")
        return
    begun = [d for d in w.drafts.values() if d.edition == edition.id and d.state in ("writing", "returned")]
    if begun and w.focus is not None and w.focus.draft == begun[-1].id:
        w.then("resume")
        return
    if begun:
        w.then("open_draft", begun[-1].id)
        return
    start(w, edition)


def start(w: Work, edition: Edition) -> None:
    """A new draft, at its first question; one that was begun and holds nothing yet is taken up instead."""
    blank = (d for d in w.drafts.values() if d.edition == edition.id and d.state == "writing" and d.next == 1)
    draft = next(blank, None)
    if draft is None:
        draft = w.new_draft(edition.call, edition)
        w.event("draft.begun", draft.id, edition=edition.id)
    due = w.until(edition)
    if w.now >= due.at:
        w.say(
            "due.passed_start",
            due=due,
            contact=edition.office.contact,
            phone=edition.office.phone,
        )
    spot = first_open(w.call(draft.id), w.texts(draft.id))
    if spot is None:
        raise ValueError(f"call {edition.call.id} asks nothing")
    w.set(undo=())
    focus_on(w, draft.id, *spot)
    show(w)


def title_set(w: Work, draft: int, title: str) -> None:
    """The title was given or given anew."""
    w.say(
        "title.set",
        title=title,
        buttons=[
            Button(press=on("next", draft, "title"), key="title_ok", strong=True),
            Button(press=on("redo", draft, "title"), key="title_again"),
        ],
        slot="question",
    )
