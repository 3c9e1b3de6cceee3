"""What was heard on Telegram, said in the house's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.channel import Update
from bot.engine.messages import Arrived, Edited, Incoming, Knock, Pressed, Reach, Said, Shared, Unreadable
from bot.wording import Wording
from handlers.telegram_common import Clip, Heard
from handlers.telegram_hearing import Hearing, Lately
from tests.homes import Clock

CLOCK = Clock()
NOW = int(CLOCK.now().timestamp())


def hearing() -> Hearing:
    """A fresh ear."""
    return Hearing(Wording.load(), CLOCK)


def said(text: str, message: int = 5, **more: object) -> Heard:
    """A text in a private chat."""
    about = {"update": 1, "kind": "message", "chat": 7, "private": True, "user": 7, "date": NOW}
    return Heard(**{**about, "message": message, "text": text, **more})  # type: ignore[arg-type]


def heard(one: Heard, ear: Hearing | None = None) -> Incoming:
    """What the house takes."""
    made = (ear or hearing()).update(one)
    assert made is not None
    return made.incoming


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start 7Kq2-abc_DEF", Knock(at=CLOCK.now(), ref="7:5", link="7Kq2-abc_DEF")),
        ("/start c-123456", Knock(at=CLOCK.now(), ref="7:5", code="123456")),
        ("https://a.example/i/abcdefgh12345678", Knock(at=CLOCK.now(), ref="7:5", link="abcdefgh12345678")),
        ("t.me/anlitong_bot?start=c-654321", Knock(at=CLOCK.now(), ref="7:5", code="654321")),
        ("/start", Pressed(at=CLOCK.now(), ref="7:5", press="cmd:resume")),
        ("/undo", Said(at=CLOCK.now(), ref="7:5", text="撤销")),
        ("/DONE@anlitong_bot", Said(at=CLOCK.now(), ref="7:5", text="写完了")),
        ("/nothing", Said(at=CLOCK.now(), ref="7:5", text="帮助")),
        ("/共3户", Said(at=CLOCK.now(), ref="7:5", text="/共3户")),
        (
            "看 https://a.example/i/abcdefgh12345678",
            Said(at=CLOCK.now(), ref="7:5", text="看 https://a.example/i/abcdefgh12345678"),
        ),
        ("a\x00b\r\nc", Said(at=CLOCK.now(), ref="7:5", text="ab\nc")),
    ],
)
def test_texts(text: str, expected: Incoming) -> None:
    """Links, codes and commands are understood; everything else is text, cleaned at the door."""
    assert heard(said(text)) == expected


@pytest.mark.parametrize("name", ["progress", "back", "skip", "done", "undo", "example", "preview", "submit", "later"])
def test_every_command_of_the_menu_is_a_word(name: str) -> None:
    """What the menu offers is understood as the word that means the same."""
    wording = Wording.load()
    incoming = heard(said(f"/{name}"))
    assert isinstance(incoming, Said) and wording.vocabulary.commands[incoming.text] == name
    assert wording.sentences[f"telegram.menu.{name}"]


def test_what_is_no_text() -> None:
    """Buttons, edits, numbers, places, files, and what cannot be taken."""
    ear = hearing()
    pressed = said("", kind="pressed", query="99", data="cmd:undo", label="撤销")
    assert heard(pressed, ear) == Pressed(at=CLOCK.now(), ref="q:99", press="cmd:undo", label="撤销", under="7:5")
    edited = heard(said("改过的", kind="edited", update=44), ear)
    assert edited == Edited(at=CLOCK.now(), ref="edited:7:5:44", source="7:5", text="改过的")
    assert heard(said("", phone="+8613900002217"), ear) == Shared(at=CLOCK.now(), ref="7:5", phone="+8613900002217")
    place = heard(said("", place=(31.05, 107.1)), ear)
    assert isinstance(place, Shared) and place.place == "北纬31.0500，东经107.1000"
    assert heard(said("", kind="member", inside=False), ear) == Reach(at=CLOCK.now(), ref="member:7:5:1", open=False)
    assert heard(said("", odd=True), ear) == Unreadable(at=CLOCK.now(), ref="7:5", key="telegram.odd")
    assert ear.update(said("", service=True)) is None
    clip = Clip(id="F1", kind="picture", size=1000)
    album = heard(said("院坝会", clips=(clip,), album="A"), ear)
    assert isinstance(album, Arrived) and (album.album, album.caption, album.channel) == ("A", "院坝会", "telegram")
    assert [(c.remote, c.source, c.order) for c in album.clips] == [("F1", "7:5", 5)]
    big = heard(said("", clips=(Clip(id="F2", kind="file", size=21 * 1024 * 1024),)), ear)
    assert isinstance(big, Unreadable) and big.params == {"size": 21, "limit": 20}


def test_a_pasted_text_that_the_app_cut_is_put_together_again() -> None:
    """Only the next message of the same second belongs to a long one; its pieces may be many."""
    ear = hearing()
    pieces = [heard(said("村" * 4096, message=n), ear) for n in (5, 6)] + [heard(said("完", message=7), ear)]
    assert [p.cut for p in pieces if isinstance(p, Said)] == [False, True, True]
    heard(said("村" * 4096, message=20), ear)
    later = heard(said("过了一会儿", message=21, date=NOW + 5), ear)
    assert isinstance(later, Said) and not later.cut


def test_the_same_message_is_known_again() -> None:
    """Delivered twice it has the same ref and digest, whatever its update's number and the hour; edited it has not."""
    ear = hearing()

    def key(update: Update | None) -> tuple[str, str]:
        assert update is not None
        return update.ref, update.digest

    first = key(ear.update(said("一")))
    assert key(ear.update(said("一", update=900))) == first
    assert key(ear.update(said("二")))[0] == first[0] and key(ear.update(said("二")))[1] != first[1]


def test_what_waited_counts_from_when_it_was_sent() -> None:
    """A backlog is not late because we were away."""
    sent = CLOCK.now() - timedelta(hours=3)
    assert heard(said("一", date=int(sent.timestamp()))).at == datetime.fromtimestamp(int(sent.timestamp()), UTC)


def test_a_stranger_may_give_a_code_or_a_name() -> None:
    """Six digits are a 接续码; name and last four answer to a link that asked for them, once it was opened."""
    ear = hearing()
    code = ear.of_stranger(said("123456"))
    assert code is not None and isinstance(code.incoming, Knock) and code.incoming.code == "123456"
    assert not ear.may_be_stranger(said("李建国 2217"))
    heard(said("/start abcdefgh"), ear)
    who = ear.of_stranger(said("李建国，2217"))
    assert who is not None and isinstance(who.incoming, Knock)
    assert (who.incoming.link, who.incoming.name, who.incoming.last4) == ("abcdefgh", "李建国", "2217")
    for text, intent in (("第一次来", "new"), ("我写过", "again"), ("这是干啥的", "")):
        once_more = ear.of_stranger(said(text))
        assert once_more is not None and isinstance(once_more.incoming, Knock)
        assert (once_more.incoming.link, once_more.incoming.intent) == ("abcdefgh", intent)
    ear.is_known(7)
    assert not ear.may_be_stranger(said("李建国 2217"))


def test_what_is_remembered_is_bounded() -> None:
    """100,000 chats leave as much behind as ten thousand."""
    lately: Lately[int] = Lately(100)
    for chat in range(100_000):
        lately.put(chat, chat)
    assert len(lately) == 100 and lately.get(99_999) == 99_999
