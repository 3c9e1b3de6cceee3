"""Where a comment of the office points: a sentence's section, a picture, the whole; and whether it was written to."""

from __future__ import annotations

from bot.engine.content import PICTURE
from bot.engine.definition import Question, Section
from bot.engine.messages import Say
from bot.engine.model import Comment
from bot.engine.progress import caption_key, captioned, number_of, pictures_of, walk
from bot.engine.work import Work


def place(w: Work, draft: int, comment: Comment) -> Say:
    """Where a comment points: 第4节, 第2张照片, 照片, 全文."""
    picture = picture_of(w, draft, comment)
    if picture:
        shown = [a.id for a in pictures_of(w.call(draft), w.texts(draft))]
        return Say(key="mend.picture", params={"n": shown.index(picture) + 1})
    section = w.call(draft).section(comment.section)
    if section is not None and (n := number_of(w.call(draft), section)):
        return Say(key="mend.section", params={"n": n, "heading": section.heading})
    known = comment.section in ("pictures", "head")
    return Say(key=f"mend.{comment.section}" if known else "mend.whole")


def picture_of(w: Work, draft: int, comment: Comment) -> int:
    """The attachment that a comment points to; 0 where it points to none that is still printed."""
    shown = pictures_of(w.call(draft), w.texts(draft)) if comment.block.startswith(PICTURE) else []
    return next((a.id for a in shown if f"{PICTURE}{a.id}" == comment.block), 0)


def written_in(w: Work, comment: Comment) -> Section | None:
    """The section that a comment can lead to: one that has questions of its own in the walk."""
    section = w.call(comment.draft).section(comment.section)
    return section if section is not None and section.id not in ("head", "tail") else None


def is_touched(w: Work, draft: int, comment: Comment) -> bool:
    """Whether anything was written since the return where a comment points: 已改 is said of nothing else."""
    changed, call = w.touched(draft), w.call(draft)
    if picture := picture_of(w, draft, comment):
        return caption_key(picture) in changed
    if comment.section == "pictures":  # or the one picture was taken out, or swapped for another
        asked = {question.id for _, question in walk(call) if question.kind == "pictures"}
        return any(key in asked or captioned(key) for key in changed)
    section = call.section(comment.section)
    if section is None or section.id == "head":
        return bool(changed)
    return bool(changed & {question.id for question in section.questions})


def home(w: Work, draft: int, comment: Comment | None) -> tuple[Section, Question] | None:
    """The question that a further sentence about a comment belongs to: its own, else the section's last text."""
    if comment is None:
        return None
    found = w.call(draft).find(comment.question) if comment.question else None
    if found is not None and found[1].kind == "text":
        return found
    section = w.call(draft).section(comment.section)
    texts = [q for q in section.questions if q.kind == "text" and q.printed] if section is not None else []
    return (section, texts[-1]) if section is not None and texts else None
