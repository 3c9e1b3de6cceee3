"""What can be said at any moment: undo, later, help, example, my cases, my data, and leaving."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine import desk
from bot.engine.answers import printed
from bot.engine.asking import NOTHING, anew, command, next_time, on, show, where
from bot.engine.card import overview
from bot.engine.ids import b36
from bot.engine.mending import take_back
from bot.engine.messages import Button, Moment, Say, Wake, Want
from bot.engine.model import PROFILE, Focus, Pending
from bot.engine.opening import choose, greet, take_over
from bot.engine.progress import first_open
from bot.engine.review import case_state, writable
from bot.engine.work import Work

EVENING, MORNING, SATURDAY = 20, 9, 5  # 明晚8点; 周六上午 is the next Saturday at nine


def undo(w: Work) -> None:
    """Takes the last action of the current draft back; said again, the one before."""
    focus = w.focus
    steps = list(w.conversation.undo)
    draft = focus.draft if focus is not None else 0
    entry = next((u for u in reversed(steps) if u.draft == draft or (u.focus and u.focus.draft == draft)), None)
    if steps and steps[-1].what == "jump" and steps[-1].draft in w.drafts:  # also one that led away from its draft
        entry, draft = steps[-1], steps[-1].draft
    if entry is None or draft not in w.drafts or w.drafts[draft].state not in ("writing", "returned", "handed_in"):
        w.say("undo.nothing")
        return
    steps.reverse()
    steps.remove(entry)  # the last of equal ones
    steps.reverse()
    for old in entry.answers:
        now = w.answer(old.draft, old.question)
        if now is not None:
            w.write(old.draft, old.question, old.state, old.parts, old.picks)
    w.refocus(entry.focus)
    w.set(undo=tuple(steps), pending=None)
    take_back(w, draft, entry.notes)
    if w.drafts[draft].call == PROFILE:
        if w.drafts[draft].state == "handed_in":
            w.change(draft, state="writing")
        take_over(w, draft)
    at = where(w, entry.focus) if entry.focus else Say(key="where.review")
    w.say("undo.done", what=Say(key=f"undo.what.{entry.what}"), where=at, buttons=[command("undo")])
    if w.here() is not None:
        show(w)
    elif entry.notes:
        w.then("mend_show", draft, b36(entry.notes[-1][0]))
    elif entry.focus is not None and entry.focus.mode == "mend":
        w.then("mend_again")


def later(w: Work) -> None:
    """Stop for now: everything is kept, and a time may be agreed."""
    focus = w.focus
    if focus is None or focus.draft not in w.drafts:
        w.say("later.plain", next=next_time(w))
        return
    buttons = [
        Button(press="wake:evening", key="tomorrow_evening"),
        Button(press="wake:saturday", key="saturday"),
        Button(press="wake:none", key="no_reminder"),
    ]
    spot = first_open(w.call(focus.draft), w.texts(focus.draft)) if w.here() is None else None
    at = Focus(draft=focus.draft, section=spot[0].id, question=spot[1].id) if spot else focus
    w.say("later.kept", where=where(w, at), next=next_time(w), buttons=buttons)


def set_wake(w: Work, choice: str) -> None:
    """The agreed time, in the zone of the call."""
    if choice == "none":
        w.wakes.append(Wake(kind="chosen", at=None))
        w.say("later.no_reminder")
        return
    focus = w.focus
    zone = w.call(focus.draft).zone if focus is not None and focus.draft in w.drafts else "Asia/Shanghai"
    at = chosen_time(choice, w.now, zone)
    w.wakes.append(Wake(kind="chosen", at=at, data={"draft": focus.draft if focus else 0}))
    w.say("later.agreed", at=Moment(at=at, zone=zone), buttons=[Button(press="wake:none", key="no_reminder")])


def chosen_time(choice: str, now: datetime, zone: str) -> datetime:
    """明晚8点, or the next Saturday at nine, as an instant."""
    tz = ZoneInfo(zone)
    local = now.astimezone(tz)
    if choice == "saturday":
        days = (SATURDAY - local.weekday()) % 7 or 7
        return datetime.combine(local.date() + timedelta(days=days), time(MORNING), tz)
    return datetime.combine(local.date() + timedelta(days=1), time(EVENING), tz)


def help_me(w: Work) -> None:
    """The words that work, and a human being."""
    if w.person.oversees and not w.conversation.consent:
        desk.help_me(w)
        return
    office = w.office(w.focus.draft if w.focus else 0)
    if office is None:
        w.say("help.plain")
        return
    buttons = [Button(press="cmd:contact", key="need_help")]
    if not w.conversation.consent:
        buttons.insert(0, Button(press="consent:yes", key="agree", strong=True))
    elif w.here() is not None:
        buttons.insert(0, Button(press="cmd:resume", key="resume", strong=True))
    menu = Say(key="help.menu") if w.view.caps.menu else NOTHING
    w.say("help.words", contact=office.contact, phone=office.phone, menu=menu, buttons=buttons)


def stuck(w: Work) -> None:
    """不知道写什么: that a little will do, and the example."""
    focus, here = w.focus, w.here()
    if focus is None or here is None or here[1].kind not in ("text", "line") or w.drafts[focus.draft].call == PROFILE:
        help_me(w)
        return
    question = here[1]
    buttons = [Button(press=on("example", focus.draft, question.id), key="example")] if question.example else []
    if not question.required or question.kind == "text":
        buttons.append(Button(press=on("skip", focus.draft, question.id), key="skip"))
    buttons.append(Button(press="cmd:contact", key="need_help"))
    w.say("help.stuck" if question.kind == "text" else "help.stuck_line", label=question.label, buttons=buttons)


def contact(w: Work) -> None:
    """[需要帮忙]: whom to phone, and the coordinator hears of it."""
    office = w.office(w.focus.draft if w.focus else 0)
    w.event("help.wanted", w.focus.draft if w.focus else 0)
    if office is not None:
        w.say("help.contact", contact=office.contact, phone=office.phone)


def example(w: Work, question_id: str = "") -> None:
    """An example for the question in focus."""
    focus, here = w.focus, w.here()
    found = w.call(focus.draft).find(question_id) if focus and question_id and focus.draft in w.drafts else here
    if focus is None or found is None:
        row = writable(w)
        if row is not None and w.call(row.id).sample:
            sample(w, row.id)
        else:
            w.say("example.none")
        return
    if found[1].example:
        w.say("example.given", example=found[1].example)
    else:
        w.say("example.none")


def sample(w: Work, draft: int) -> None:
    """A whole model case to read."""
    call = w.call(draft)
    if not call.sample:
        w.say("example.none")
        return
    w.say(
        "example.sample",
        text=call.sample,
        buttons=[Button(press=on("resume", draft), key="start_writing", strong=True)],
    )


def voice(w: Work) -> None:
    """How to dictate with the keyboard's microphone."""
    w.say("voice.how")


def bigger(w: Work) -> None:
    """大字: the page does it, elsewhere the messenger's own setting."""
    if w.view.caps.page:
        w.say("big.page", card="bigger")
    else:
        w.say("big.elsewhere")


def cases(w: Work) -> None:
    """One's own texts and where each stands."""
    rows: list[dict[str, Any]] = []
    for row in sorted(w.drafts.values(), key=lambda d: d.id):
        if row.call == PROFILE or row.state == "closed":
            continue
        case = w.view.cases.get(row.id)
        rows.append(
            {
                "title": row.title or Say(key="cases.untitled"),
                "note": Say(
                    key="cases.note",
                    params={
                        "state": Say(key=case_state(w, row.id)),
                        "words": row.words,
                        "number": case.number if case else "",
                    },
                ),
                "press": on("open", row.id),
            }
        )
    another = Button(press="cmd:another", key="another")
    if not rows:
        w.say("cases.none", buttons=[Button(press="cmd:another", key="begin_one", strong=True)])
        return
    buttons = [Button(press=r["press"], key="open_n", params={"n": n}) for n, r in enumerate(rows, 1)]
    listed = tuple({**r, "n": n} for n, r in enumerate(rows, 1))
    w.say("cases.list", rows=listed, buttons=[*buttons, another], card="cases")


def open_draft(w: Work, draft: int) -> None:
    """Another of one's own texts becomes the current one."""
    row = w.drafts.get(draft)
    if row is None or row.call == PROFILE:
        w.then("resume")
        return
    if row.state == "handed_in":
        w.then("handed_in", draft)
        return
    if w.focus is None or w.focus.draft != draft:
        w.set(undo=())
        w.refocus(Focus(draft=draft, mode="review"))
        w.say("cases.opened", title=row.title or Say(key="cases.untitled"))
    w.then("resume", draft)


def another(w: Work) -> None:
    """[再报一篇]: a further case; a handed-in one leaves its edition free for the next."""
    if not w.conversation.consent or (p := w.profile()) is None or p.state != "handed_in":
        w.then("resume")
        return
    choose(w)


def privacy(w: Work) -> None:
    """我的资料: what is kept, and what the person can do about it."""
    profile = w.profile()
    office = w.office()
    if profile is None or office is None:
        greet(w)
        return
    from_profile = [command("export"), command("code"), Button(press="erase:ask", key="erase")]
    on_with = Button(press="cmd:resume", key="resume", strong=True)
    buttons = [on_with, Button(press=on("profile", profile.id, "show"), key="change_profile"), *from_profile]
    w.say(
        "privacy.what" if w.person.name else "privacy.unnamed",
        name=w.person.name,
        keeper=office.keeper,
        keep=Moment(at=datetime.combine(office.keep_until, time(12), ZoneInfo("UTC")), zone="UTC"),
        contact=office.contact,
        phone=office.phone,
        buttons=buttons,
    )


def export(w: Work) -> None:
    """One's own data as a file."""
    w.wants.append(Want(job="export"))
    w.event("data.exported")
    w.say("privacy.exporting")


def word(w: Work, draft: int) -> None:
    """The Word file of what is written so far, marked as a draft."""
    w.wants.append(Want(job="paper", args={"draft": draft, "submission": 0}))
    w.say("document.setting")


def code(w: Work) -> None:
    """接续码: six digits that bring another device or channel here."""
    if not w.person.name:
        w.then("resume")
        return
    w.code_wanted = True
    w.event("code.made")
    ways = [Say(key="code.home" if w.view.home else "code.link", params={"home": w.view.home})]
    if w.view.caps.page:
        ways = [Say(key="code.page")]
        ways += [Say(key="code.bot", params={"bot": w.view.bot})] if w.view.bot else []
    w.say("code.given", code="", ways=tuple({"way": way} for way in ways), card="code")


def erase(w: Work, answer: str) -> None:
    """Deleting one's own data: said what goes and what stays, then only on a second word."""
    if answer == "ask":
        w.set(pending=Pending(kind="erase"))
        handed = any(d.state == "handed_in" for d in w.drafts.values() if d.call != PROFILE)
        office = w.office()
        keep = Moment(at=datetime.combine(office.keep_until, time(12), ZoneInfo("UTC")), zone="UTC") if office else None
        buttons = [Button(press="erase:yes", key="erase_yes"), Button(press="erase:no", key="erase_no", strong=True)]
        w.say("erase.ask_handed" if handed and keep else "erase.ask", keep=keep, buttons=buttons)
    elif answer == "yes" and w.before.pending is not None and w.before.pending.kind == "erase":
        w.erase = True
        w.set(pending=None, focus=None, undo=(), typing=("", ""), consent="", declined=True, arriving=None)
        w.drafts = dict(w.view.drafts)
        w.event("data.erased")
        w.say("erase.done", anew=anew(w), buttons=[Button(press="cmd:resume", key="start_again")])
    else:
        w.set(pending=None)
        w.say("erase.kept")
        w.then("resume")


def close_draft(w: Work, draft: int, sure: bool) -> None:
    """[我不报了]: asked once more, then the draft is closed and nothing reminds of it."""
    row = w.drafts[draft]
    if row.state not in ("writing", "returned"):
        w.then("resume")
        return
    if not sure:
        buttons = [
            Button(press=on("closed", draft), key="close_yes"),
            Button(press=on("resume", draft), key="go_on_writing", strong=True),
        ]
        w.say("close.ask", title=row.title or Say(key="cases.untitled"), buttons=buttons)
        return
    w.change(draft, state="closed")
    w.refocus(None)
    w.set(undo=())
    w.wakes.append(Wake(kind="chosen", at=None))
    w.event("draft.closed", draft)
    w.say("close.done", anew=anew(w), buttons=[command("cases")])


def full(w: Work, draft: int, question: str) -> None:
    """[看全文]: the whole answer as it will be printed."""
    w.say("edit.full", text=printed(w.texts(draft), question))


def change_more(w: Work, draft: int) -> None:
    """[再改改]: the overview, to go wherever one likes."""
    w.refocus(Focus(draft=draft, mode="review"))
    overview(w, draft)


def go_next(w: Work, draft: int) -> None:
    """[就用这个], [对], [够了，下一问]: on from the question in focus, if the draft still is the current one."""
    focus, here = w.focus, w.here()
    if focus is None or here is None or focus.draft != draft:
        w.then("resume", draft)
        return
    answer = w.answer(draft, here[1].id)
    if answer is not None and answer.state == "open":
        w.write(draft, here[1].id, "closed", answer.parts, answer.picks)
    w.refocus(replace(focus, mode="edit", at=""))
    w.then("advance", draft, here[0].id, here[1].id)
