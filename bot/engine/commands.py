"""The words understood at any time, and the rule that finds them.

After NFKC, spaces and 。.！!？?，,；;~ are dropped from both ends; the message is compared, then the message
less one final 吧/了/啊/呀. The whole message must equal a word; nothing is searched inside a long text.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

from bot.engine.values import value
from bot.engine.vocabulary import Vocabulary

_EDGE = " \t\n\u3000。.！!？?，,；;~"
_STOPS = frozenset("。！？!?；;，,、. \n\t\u3000")
_GREETING, _NAME = 6, 5  # characters: of what may stand before "my name is", and of the name
_LONGEST = 12  # no word is longer, so a longer message is looked at no further


@value
class Heard:
    """What a message was taken for: a command, a question back ("asked"), or text, maybe with a close."""

    kind: Literal["command", "asked", "text"]
    command: str = ""
    text: str = ""
    closes: bool = False


def normal(text: str) -> str:
    """A message as it is compared with the words."""
    return unicodedata.normalize("NFKC", text).strip(_EDGE)


def hear(text: str, words: Vocabulary, *, writing: bool, content: bool) -> Heard:
    """What a message means.

    `writing`: the focus is a text question, where some short words may be meant as text. `content`:
    something is already gathered there, so that the closing words count.
    """
    bare = text.strip(_EDGE)
    if len(bare) <= _LONGEST * 2:
        key = normal(bare)
        if len(key) <= _LONGEST:
            if key in words.closing and not content:
                return Heard(kind="text", text=text)
            if writing and key in words.asked:
                return Heard(kind="asked", command=words.asked[key], text=text)
            command = words.commands.get(key) or (words.commands.get(key[:-1]) if key.endswith(words.finals) else None)
            if command or _is_stuck(key, words):
                return Heard(kind="command", command=command or "stuck", text=text)
    return _with_close(text, words) if writing else Heard(kind="text", text=text)


def _is_stuck(key: str, words: Vocabulary) -> bool:
    """Whether somebody asks how to write at all (我不知道写什么呀): nothing of that is content."""
    heads = ["", *(head for head in words.stuck_heads if key.startswith(head))]
    tails = ["", *(tail for tail in words.stuck_tails if key.endswith(tail))]
    return any(key[len(head) : len(key) - len(tail)] in words.stuck for head in heads for tail in tails)


def is_doubtful(text: str, words: Vocabulary, *, profile: bool) -> bool:
    """Whether a short answer is hardly what was asked for: 随便, or, in the profile, a whole sentence (我叫…)."""
    key = normal(text)
    plain = key[:-1] if key.endswith(words.finals) else key
    return key in words.doubtful or plain in words.doubtful or (profile and key.startswith(words.doubtful_heads))


def name_in(text: str, words: Vocabulary) -> str:
    """The name somebody gives with a greeting or a verb before it (您好，我叫李建国); else the text as it is."""
    key = normal(text)
    for lead in words.name_leads:
        before, found, name = key.rpartition(lead)
        if found and len(before) <= _GREETING and 2 <= len(name) <= _NAME and name.isalpha():
            return name
    return text


def looks_unsure(text: str, words: Vocabulary) -> bool:
    """A short remark that may have been meant for the assistant.

    Ten characters at most, and either ending as a question or holding a command word without being one.
    """
    key = text.strip()
    if not 0 < len(key) <= 10:
        return False
    return key.endswith(words.questions) or any(len(word) > 1 and word in key for word in words.commands)


def _with_close(text: str, words: Vocabulary) -> Heard:
    """Voice typing: 写完了 as the last sentence of a message ends the question and is cut off the text."""
    body = text.rstrip(_EDGE)
    if not body.endswith(words.tails):
        return Heard(kind="text", text=text)
    for word in words.tails:
        rest = body[: -len(word)] if body.endswith(word) else ""
        if rest and rest[-1] in _STOPS and rest.strip(_EDGE):
            return Heard(kind="text", text=rest.rstrip("，,、 \n\t\u3000"), closes=True)
    return Heard(kind="text", text=text)
