"""A returned case: only the places that the office spoke of are walked, one comment at a time.

The focus is on a comment while its mode is "mend": `at` is the comment's id, with ".own" where the next text is the new
sentence, or ".why" where it is the reason why nothing is changed. The list of all comments is the focus without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.engine.answers import END, plain
from bot.engine.asking import LEAD, NOTHING, command, on
from bot.engine.ids import b36
from bot.engine.mending_places import home, is_touched, picture_of, place, written_in
from bot.engine.messages import Button, Say, Told
from bot.engine.model import Comment, Focus
from bot.engine.pictures import CAPTION_MAX
from bot.engine.pictures import name as name_picture
from bot.engine.progress import caption_key, number_of, pictures_of
from bot.engine.quoting import find, printed_lines, rewrite
from bot.engine.work import Work

MENDING = "mend"
OWN, WHY = "own", "why"
BUTTONS = 4  # comments that get a button of their own in the list; the others come one after the other


# ---------------------------------------------------------------- where one is


def is_mending(w: Work) -> bool:
    """Whether the comments of a returned draft are being walked."""
    focus = w.focus
    return focus is not None and focus.mode == MENDING and focus.draft in w.drafts and bool(w.comments(focus.draft))


def is_due(w: Work, draft: int) -> bool:
    """Whether a returned draft has comments that nobody has answered."""
    return w.drafts[draft].state == "returned" and any(not c.answer for c in w.comments(draft))


def here(w: Work) -> tuple[Comment | None, str]:
    """The comment in focus, if one is, and what the next text is: "", OWN or WHY."""
    focus = w.focus
    assert focus is not None
    id, _, what = focus.at.partition(".")
    return next((c for c in w.comments(focus.draft) if b36(c.id) == id), None), what


def _focus(w: Work, draft: int, comment: Comment | None, what: str = "") -> None:
    at = "" if comment is None else ".".join([b36(comment.id), what]) if what else b36(comment.id)
    w.refocus(Focus(draft=draft, mode="mend", at=at))


def _number(w: Work, comment: Comment) -> int:
    return [c.id for c in w.comments(comment.draft)].index(comment.id) + 1


# ---------------------------------------------------------------- the list


def returned(w: Work, draft: int, told: Told) -> None:
    """The office has sent the case back: who, how many places, until when, and which."""
    name = str(told.params.get("by", ""))
    by = Say(key="told.somebody", params={"name": name}) if name else Say(key="told.office")
    due = told.params.get("due") or w.due(draft)
    reason = str(told.params.get("reason", ""))
    _focus(w, draft, None)
    w.set(undo=())
    params: dict[str, Any] = {
        "by": by,
        "title": w.drafts[draft].title,
        "due": due,
        "count": len(w.comments(draft)),
        "reason": reason,
    }
    if not w.comments(draft):
        buttons = [command("progress"), _question(), Button(press=on("submit", draft), key="resubmit")]
        w.say("told.returned_reason", buttons=buttons, **params)
        return
    key = "told.returned_both" if reason else "told.returned"
    w.say(key, rows=_rows(w, draft), buttons=_list_buttons(w, draft), slot="question", **params)


def listing(w: Work, draft: int) -> None:
    """All comments with what became of each."""
    _focus(w, draft, None)
    left = sum(not c.answer for c in w.comments(draft))
    params: dict[str, Any] = {"rows": _rows(w, draft), "left": left, "due": w.due(draft)}
    w.say("mend.list" if left else "mend.all", buttons=_list_buttons(w, draft), slot="question", **params)


def _rows(w: Work, draft: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "i": i,
            "place": place(w, draft, c),
            "text": c.text,
            "state": Say(key=f"mend.state.{c.answer}") if c.answer else NOTHING,
        }
        for i, c in enumerate(w.comments(draft), 1)
    )


def _list_buttons(w: Work, draft: int) -> list[Button]:
    open_ = [c for c in w.comments(draft) if not c.answer]
    buttons = [
        Button(press=on("mend", draft, b36(c.id)), key="mend_n", params={"i": _number(w, c)}, strong=c is open_[0])
        for c in open_[:BUTTONS]
    ]
    if not open_:
        buttons.append(Button(press=on("resend", draft), key="resubmit", strong=True))
        buttons.append(command("preview"))
    return [*buttons, Button(press=on("change", draft), key="change_more"), _question()]


def _question() -> Button:
    return Button(press="cmd:contact", key="mend_question")


# ---------------------------------------------------------------- one comment


def show(w: Work, draft: int, id: str) -> None:
    """A comment by its id: the sentence, what is asked for, and the three ways."""
    comment = next((c for c in w.comments(draft) if b36(c.id) == id), None)
    if comment is None or w.drafts[draft].state != "returned":
        w.then("resume", draft)
        return
    _focus(w, draft, comment)
    _put(w, draft, comment)


def _put(w: Work, draft: int, comment: Comment) -> None:
    gone = bool(comment.quote) and find(w, comment) is None
    picture = picture_of(w, draft, comment)
    quote = comment.quote if len(comment.quote) <= LEAD else comment.quote[:LEAD] + "……"
    if picture:
        key, quote = "mend.one_picture", plain(w.texts(draft), caption_key(picture))
    elif not comment.quote:
        key = "mend.one_section"
    else:
        key = "mend.one_gone" if gone else ("mend.one_change" if comment.change is not None else "mend.one")
    w.say(
        key,
        i=_number(w, comment),
        of=len(w.comments(draft)),
        place=place(w, draft, comment),
        quote=quote.removesuffix(END) or Say(key="picture.none"),  # the sentence around it ends by itself
        text=comment.text,
        change=(comment.change or "").removesuffix(END),
        buttons=[*_ways(w, draft, comment), Button(press=on("mend_why", draft, b36(comment.id)), key="mend_why")],
        slot="question",
    )


def _ways(w: Work, draft: int, comment: Comment) -> list[Button]:
    """The sentence itself where one can be pointed at; else the section or the pictures, and back when it is done."""
    own = Button(press=on("mend_own", draft, b36(comment.id)), key="mend_own")
    if comment.quote and find(w, comment) is not None:
        ok = Button(press=on("mend_ok", draft, b36(comment.id)), key="mend_ok", strong=True)
        return [ok, own] if comment.change is not None else [own]
    section = written_in(w, comment)
    go = on("go", draft, section.id) if section is not None else ""
    done = Button(press=on("mend_done", draft, b36(comment.id)), key="mend_done")
    if picture_of(w, draft, comment):
        own = Button(press=own.press, key="mend_caption", strong=True)
        return [own, Button(press=on("change", draft), key="mend_go_picture"), done]
    return [Button(press=go or on("change", draft), key="mend_go"), done]


def own(w: Work, draft: int, id: str) -> None:
    """[我自己写]: the next text is the new sentence."""
    _ask(w, draft, id, OWN, "mend.write")


def why(w: Work, draft: int, id: str) -> None:
    """[不改，说明原因]: the next text is the reason."""
    _ask(w, draft, id, WHY, "mend.why")


def _ask(w: Work, draft: int, id: str, what: str, key: str) -> None:
    comment = next((c for c in w.comments(draft) if b36(c.id) == id), None)
    if comment is None:
        w.then("resume", draft)
        return
    _focus(w, draft, comment, what)
    picture = picture_of(w, draft, comment) if what == OWN else 0
    quote = plain(w.texts(draft), caption_key(picture)) if picture else comment.quote
    back = [Button(press=on("mend", draft, id), key="mend_back")]
    told: dict[str, Any] = {"quote": quote.removesuffix(END) or Say(key="picture.none")}
    if picture:
        key, told = "mend.write_caption", {**told, "place": place(w, draft, comment)}
    w.say(key, buttons=back, **told)


def accept(w: Work, draft: int, id: str) -> None:
    """[就这么改]: what the office proposed."""
    comment = next((c for c in w.comments(draft) if b36(c.id) == id), None)
    if comment is None or comment.change is None:
        w.then("resume", draft)
        return
    _focus(w, draft, comment)
    replace(w, draft, comment, comment.change)


def done(w: Work, draft: int, id: str) -> None:
    """[已经改好了]."""
    comment = next((c for c in w.comments(draft) if b36(c.id) == id), None)
    if comment is None:
        w.then("resume", draft)
        return
    _focus(w, draft, comment)
    if not is_touched(w, draft, comment):
        w.say("mend.untouched")
        _put(w, draft, comment)
        return
    _answered(w, draft, comment, "changed", "")
    w.say("mend.noted", buttons=[command("undo")])
    _onward(w, draft)


def explain(w: Work, draft: int, comment: Comment, text: str) -> None:
    """Keeps why nothing is changed, and goes on."""
    what = here(w)[1]
    _answered(w, draft, comment, "explained", text)
    buttons = [command("undo")]
    picture = picture_of(w, draft, comment)
    if what != WHY and (picture or find(w, comment) is not None or home(w, draft, comment) is not None):
        key = "mend_use" if find(w, comment) is not None else "mend_add"
        key = "mend_name" if picture else key
        buttons.insert(0, Button(press=on("mend_add", draft, b36(comment.id)), key=key))
    office = w.office(draft)
    w.say("mend.explained", text=text, contact=office.contact if office else "", buttons=buttons)
    _onward(w, draft)


def add(w: Work, draft: int, id: str) -> None:
    """[换成这一句], [写进稿子]: what was taken for an explanation belongs into the text."""
    comment = next((c for c in w.comments(draft) if b36(c.id) == id), None)
    if comment is None or comment.answer != "explained" or not comment.explained:
        w.then("resume", draft)
        return
    if picture_of(w, draft, comment) or find(w, comment) is not None:
        _focus(w, draft, comment)
        put(w, draft, comment, comment.explained)
        return
    found = home(w, draft, comment)
    if found is None:
        w.then("resume", draft)
        return
    section, question = found
    _focus(w, draft, comment)
    answer = w.answer(draft, question.id)
    fragment = w.add_fragment(draft, question.id, comment.explained, flowing=True)
    w.write(draft, question.id, "closed", (*(answer.parts if answer else ()), fragment.id))
    _answered(w, draft, comment, "changed", "")
    n = number_of(w.call(draft), section)
    w.say("mend.added", n=n, heading=section.heading, text=comment.explained, buttons=[command("undo")])
    _onward(w, draft)


def _answered(w: Work, draft: int, comment: Comment, answer: str, explained: str) -> None:
    w.answer_comment(comment, answer, explained)
    w.remember("mend")


def _onward(w: Work, draft: int) -> None:
    """To the next comment that is open, or to the end."""
    open_ = [c for c in w.comments(draft) if not c.answer]
    if not open_:
        listing(w, draft)
        return
    seen = here(w)[0]
    after = [c for c in open_ if seen is not None and c.id > seen.id]
    nearest = (after or open_)[0]
    _focus(w, draft, nearest)
    _put(w, draft, nearest)


def skip(w: Work) -> None:
    """跳过: this comment stays open for now."""
    focus = w.focus
    assert focus is not None
    comment = here(w)[0]
    open_ = [c for c in w.comments(focus.draft) if not c.answer]
    after = [c for c in open_ if comment is not None and c.id > comment.id]
    if comment is None or not after:
        listing(w, focus.draft)
        return
    _focus(w, focus.draft, after[0])
    w.remember("jump")
    _put(w, focus.draft, after[0])


def again(w: Work) -> None:
    """Back to where the walk stands: the comment in focus, or the list."""
    focus = w.focus
    assert focus is not None
    comment = here(w)[0]
    if comment is None:
        listing(w, focus.draft)
    else:
        _focus(w, focus.draft, comment)
        _put(w, focus.draft, comment)


def take_back(w: Work, draft: int, notes: Iterable[tuple[int, str, str]]) -> None:
    """An undo: what had been answered to these comments before is their answer again."""
    known = {c.id: c for c in w.comments(draft)}
    for id, answer, explained in notes:
        if id in known:
            w.answer_comment(known[id], answer, explained)


def put(w: Work, draft: int, comment: Comment, new: str) -> None:
    """What was written for the place a comment points to: the caption of its picture, or the sentence itself."""
    picture = picture_of(w, draft, comment)
    if not picture:
        replace(w, draft, comment, new)
    elif len(new) > CAPTION_MAX:
        w.say("picture.caption_long")
    else:
        name_picture(w, draft, picture, new)
        _answered(w, draft, comment, "changed", "")
        n = [a.id for a in pictures_of(w.call(draft), w.texts(draft))].index(picture) + 1
        w.say("picture.renamed", n=n, text=new, buttons=[command("undo")])
        _onward(w, draft)


def replace(w: Work, draft: int, comment: Comment, new: str) -> None:
    """Puts a new sentence in the place of the quoted one, and nothing else is different on paper."""
    at = find(w, comment)
    if at is None:
        _focus(w, draft, comment)
        w.say("mend.gone")
        _put(w, draft, comment)
        return
    question, line, start = at
    new = new.strip()
    printed = [text for _, _, text in printed_lines(w.texts(draft), question)]
    tail = printed[line][start + len(comment.quote) :]
    if tail[:1] and tail[0] in "。，；！？" and new[-1:] in "。，；.,;":
        new = new[:-1]  # the old mark stands; two in a row were not meant
    printed[line] = printed[line][:start] + new + tail
    rewrite(w, draft, question, comment.quote, new, [text for text in printed if text.strip()])
    _answered(w, draft, comment, "changed", "")
    near = printed[line][max(0, start - 8) : start + len(new) + 8]
    buttons = [command("undo")]
    w.say("mend.replaced" if new else "mend.removed", quote=near, buttons=buttons)
    _onward(w, draft)
