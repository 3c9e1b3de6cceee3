"""A sentence quoted from the paper: where it stands in what is written, and putting another in its place."""

from __future__ import annotations

from bot.engine.answers import END, paragraphs, pieces
from bot.engine.model import Comment, Texts
from bot.engine.values import evolve
from bot.engine.work import Work


def find(w: Work, comment: Comment) -> tuple[str, int, int] | None:
    """Where a comment's quote stands in what is printed now: the question, the paragraph, and the place in it.

    None where it is not there exactly once; the paragraph that it was taken from is looked at first.
    """
    found = w.call(comment.draft).find(comment.question)
    if found is None or found[1].kind != "text" or not comment.quote:
        return None
    printed = printed_lines(w.texts(comment.draft), comment.question)
    mark = comment.block.split("/")[2:4]
    for at, (fragment, offset, text) in enumerate(printed):
        if mark == [str(fragment), str(offset)] and text[comment.start :].startswith(comment.quote):
            return comment.question, at, comment.start
    hits = [(at, start) for at, (_, _, text) in enumerate(printed) for start in _places(text, comment.quote)]
    return (comment.question, *hits[0]) if len(hits) == 1 else None


def _places(text: str, quote: str) -> list[int]:
    found, start = [], text.find(quote)
    while start >= 0:
        found.append(start)
        start = text.find(quote, start + 1)
    return found


def printed_lines(texts: Texts, question: str) -> list[tuple[int, int, str]]:
    return [(p.fragment, p.offset, p.text) for p in paragraphs(pieces(texts, texts.answers.get(question)))]


def rewrite(w: Work, draft: int, question: str, old: str, new: str, wanted: list[str]) -> None:
    """The answer with one sentence changed: within the one piece that holds it, where the paper then says what it is
    to say; else as one piece that does."""
    answer = w.answer(draft, question)
    assert answer is not None
    texts = w.texts(draft)
    for fragment in pieces(texts, answer):
        for quote, text in ((old, new), (old.removesuffix(END), new.removesuffix(END))):
            if quote and fragment.text.count(quote) == 1:
                changed = fragment.text.replace(quote, text)
                if _would_print(texts, answer.parts, fragment.id, changed) == wanted and changed.strip():
                    piece = w.add_fragment(draft, question, changed, flowing=True, source=fragment.source)
                    w.write(draft, question, answer.state, [piece.id if i == fragment.id else i for i in answer.parts])
                    return
    whole = w.add_fragment(draft, question, "\n".join(wanted), flowing=True)
    w.write(draft, question, answer.state, [whole.id])


def _would_print(texts: Texts, parts: tuple[int, ...], id: int, changed: str) -> list[str]:
    shown = [evolve(texts.fragments[i], text=changed) if i == id else texts.fragments[i] for i in parts]
    return [p.text for p in paragraphs(shown)]
