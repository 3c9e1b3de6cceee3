"""Both Telegram libraries hear the same, whatever comes from a real server that plays Telegram."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import Refused
from handlers.telegram_common import Clip, Heard, Leave, Library, Speak, Unread
from handlers.telegram_words import SERVICE
from tests import pictures
from tests.telegram import Bot, bot_and_fake
from tests.telegram_libraries import BOT, LI, LIBRARIES, bytes_of, everything, heard_by, opened

NOW = 1_795_300_000  # the fake's time stands still
PERSON = {"id": LI, "is_bot": False, "first_name": "李建国"}
PRIVATE = {"id": LI, "type": "private", "first_name": "李建国"}
FILE = {"file_id": "f", "file_unique_id": "u"}
SIZED = {**FILE, "width": 9, "height": 9}


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A fake with a bot that 李建国 has started."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Bot]:
    """One fake for many examples."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture(params=LIBRARIES)
async def library(request: pytest.FixtureRequest, bot: Bot) -> AsyncIterator[Library]:
    """Each of the libraries."""
    async with opened(request.param, bot.url) as one:
        yield one


def message(**content: Any) -> dict[str, Any]:
    """A message of 李建国's."""
    return {"message": {"message_id": 7, "from": PERSON, "chat": PRIVATE, "date": NOW, **content}}


def heard(kind: Any = "message", **more: Any) -> Heard:
    """What is expected of such a message."""
    given = {"update": 1, "chat": LI, "private": True, "user": LI, "message": 7, "date": NOW, **more}
    return Heard(kind=kind, **given)


# ---------------------------------------------------------------- what a phone does


async def test_what_a_person_writes_is_heard(bot: Bot, library: Library) -> None:
    """Texts, commands, edits, a contact and a place, each with its chat, its message and its time."""
    started = bot.li.start("7Kq2")
    (own,) = bot.li.say("院坝会每月一次🌶\nمرحبا")
    bot.li.edit(own, "院坝会每月两次")
    contact, place = bot.li.contact(), bot.li.location(31.05, 107.1)
    first = (await library.updates(0, seconds=0))[0]["update_id"]
    assert await heard_by(library) == [
        heard(update=first, message=started, text="/start 7Kq2"),
        heard(update=first + 1, message=own, text="院坝会每月一次🌶\nمرحبا"),
        heard("edited", update=first + 2, message=own, text="院坝会每月两次"),
        heard(update=first + 3, message=contact, phone="+8613900001111"),
        heard(update=first + 4, message=place, place=(31.05, 107.1)),
    ]
    assert await library.updates(first + 5, seconds=0) == []
    assert bot.call("pending") == 0, "an offset confirms what lies before it"


async def test_what_a_person_sends_is_heard_and_fetched(bot: Bot, library: Library) -> None:
    """A photo in its largest size, a file with its name, a voice, albums of both; their bytes come back as sent."""
    picture, paper = pictures.jpeg(1600, 1200), b"PK\x03\x04" * 50_000
    bot.li.photo(picture, "院坝会")
    bot.li.document(paper, "石桥镇“片长制”方案.docx", "application/msword", "方案")
    bot.li.voice(data=b"OggS!")
    bot.li.album([picture, picture], "两张")
    bot.li.files([("一.txt", b"1"), ("二.txt", b"22")], "两个")
    all_heard = await heard_by(library)
    photo, file, voice, *rest = all_heard
    assert [(h.text, h.odd, h.service) for h in (photo, file, voice)] == [
        ("院坝会", False, False),
        ("方案", False, False),
        ("", False, False),
    ]
    (clip,) = photo.clips
    assert (clip.kind, clip.name, clip.size) == ("picture", "", len(await bytes_of(library, clip)))
    raw = (await library.updates(0, seconds=0))[0]["message"]["photo"]
    assert clip.id == max(raw, key=lambda size: int(size["width"]))["file_id"]
    (clip,) = file.clips
    assert clip == Clip(
        id=clip.id, kind="file", name="石桥镇“片长制”方案.docx", mime="application/msword", size=len(paper)
    )
    assert await bytes_of(library, clip) == paper
    (clip,) = voice.clips
    assert clip == Clip(id=clip.id, kind="voice", mime="audio/ogg", size=5)
    assert [(h.text, h.clips[0].kind, h.clips[0].name) for h in rest] == [
        ("两张", "picture", ""),
        ("", "picture", ""),
        ("两个", "file", "一.txt"),
        ("", "file", "二.txt"),
    ]
    photos, files = {h.album for h in rest[:2]}, {h.album for h in rest[2:]}
    assert len(photos) == len(files) == 1
    assert photos != files and "" not in photos | files
    with pytest.raises(Refused):
        await bytes_of(library, Clip(id="nobody", kind="file"))


async def test_a_pressed_button_is_heard_with_its_label(bot: Bot, library: Library) -> None:
    """Label and text are those of the message; where that is gone, chat and data are still known."""
    sent = await library.do(Speak(chat=LI, text="选一个", rows=((("甲", "p:1"),), (("乙", "p:2"), ("丙", "p:3")))))
    query, gone = bot.li.press("丙"), bot.li.press_gone(999, "p:9")
    first, second = await heard_by(library)
    update = first.update
    assert first == heard("pressed", update=update, message=sent, query=query, text="选一个", data="p:3", label="丙")
    assert second == heard("pressed", update=update + 1, message=999, date=0, query=gone, data="p:9")


async def test_coming_and_going_is_heard(bot: Bot, library: Library) -> None:
    """Stopping the bot and starting it again; a group is told from a private chat, its own messages from people's."""
    bot.li.block()
    bot.li.unblock()
    group = bot.li.add_to_group("石桥镇")
    (said,) = bot.li.say("/start@anlitong_bot", group)
    blocked, back, added, joined, spoken = await heard_by(library)
    assert blocked == heard("member", update=blocked.update, message=0, inside=False)
    assert back == heard("member", update=back.update, message=0, inside=True)
    assert (added.kind, added.chat, added.private, added.user, added.inside) == ("member", group, False, LI, True)
    assert (joined.kind, joined.chat, joined.service, joined.odd) == ("message", group, True, False)
    assert (spoken.text, spoken.message, spoken.private, spoken.service) == ("/start@anlitong_bot", said, False, False)
    await library.do(Leave(chat=group))
    assert (await heard_by(library))[-1] == Heard(
        update=spoken.update + 1, kind="member", chat=group, user=BOT["id"], date=NOW
    )


async def test_a_poll_waits_and_can_be_given_up(bot: Bot, library: Library) -> None:
    """What comes while a poll waits ends it at once; a poll that is cancelled leaves nothing behind."""
    for given_up in (False, True):
        poll = asyncio.create_task(library.updates(0, seconds=30))
        while not await asyncio.to_thread(bot.call, "polled"):
            assert not poll.done()
        if given_up:
            poll.cancel()
            with pytest.raises(asyncio.CancelledError):
                await poll
        else:
            bot.li.say("来了")
            (raw,) = await poll
            assert library.read(raw).text == "来了"
            assert await library.updates(raw["update_id"] + 1, seconds=0) == []
    while await asyncio.to_thread(bot.call, "polled"):
        assert poll.cancelled()
    bot.li.say("又来了")
    assert [h.text for h in await heard_by(library)] == ["又来了"]


# ---------------------------------------------------------------- what no phone here sends


AUDIO = {**FILE, "duration": 3, "file_name": "会.mp3", "mime_type": "audio/mpeg", "file_size": 9}
FILM = {**SIZED, "duration": 3, "file_name": "a.mp4", "mime_type": "video/mp4"}
VENUE = {"location": {"latitude": 31.0, "longitude": 107.0}, "title": "村委会", "address": "槐树村一组"}
POLL: dict[str, Any] = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
STICKER = {**SIZED, "type": "regular", "is_animated": False, "is_video": False}
RIGHTS = {
    f"can_{right}": True
    for right in (
        *("send_messages", "send_audios", "send_documents", "send_photos", "send_videos", "send_video_notes"),
        *("send_voice_notes", "send_polls", "send_other_messages", "add_web_page_previews", "change_info"),
        *("invite_users", "pin_messages", "manage_topics", "edit_tag", "react_to_messages"),
    )
}
LOOSE = {"from": PERSON, "chat_instance": "1", "id": "5"}


def place_of(status: str, **more: Any) -> dict[str, Any]:
    """The bot's place in a chat has become another one."""
    now = {"user": BOT, "status": status, **more}
    before = {"user": BOT, "status": "left"}
    changed = {"chat": PRIVATE, "from": PERSON, "date": NOW, "old_chat_member": before, "new_chat_member": now}
    return {"my_chat_member": changed}


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (message(text="一", reply_to_message=message(text="二")["message"]), heard(text="一")),
        (message(text="坏\ud83d\0字"), heard(text="坏\ud83d\0字")),  # cleaned where it enters the house
        (message(audio=AUDIO), heard(clips=(Clip(id="f", kind="voice", name="会.mp3", mime="audio/mpeg", size=9),))),
        (message(document=FILE), heard(clips=(Clip(id="f", kind="file"),))),
        (message(venue=VENUE, location=VENUE["location"]), heard(place=(31.0, 107.0), venue="村委会 槐树村一组")),
        (message(photo=[SIZED], live_photo=FILM), heard(clips=(Clip(id="f", kind="picture"),))),
        (message(sticker=STICKER), heard(odd=True)),
        (message(animation=FILM, document=FILM, caption="动图"), heard(odd=True, text="动图")),
        (message(video=FILM, caption="院坝会"), heard(odd=True, text="院坝会")),
        (message(video_note={**FILE, "length": 9, "duration": 3}), heard(odd=True)),
        (message(poll=POLL), heard(odd=True)),
        (message(dice={"emoji": "🎲", "value": 3}), heard(odd=True)),
        (message(story={"chat": PRIVATE, "id": 3}), heard(odd=True)),
        (message(hologram={"file_id": "h"}), heard(odd=True)),
        (message(pinned_message=message(text="总览")["message"]), heard(service=True)),
        (message(left_chat_member=BOT), heard(service=True)),
        (message(new_chat_title="石桥镇"), heard(service=True)),
        (message(group_chat_created=True), heard(service=True)),
        (message(migrate_to_chat_id=-100123), heard(service=True)),
        (message(community_chat_removed={}), heard(service=True)),
        ({"edited_message": message(caption="二", photo=[SIZED])["message"]}, "edited"),
        ({"edited_message": message(location=VENUE["location"])["message"]}, "other"),
        ({"callback_query": {**LOOSE, "inline_message_id": "9", "data": "x"}}, "other"),
        ({"channel_post": message(text="广播")["message"]}, "other"),
        ({"telepathy": {"text": "想"}}, "other"),
        ({}, "other"),
        (place_of("restricted", is_member=True, until_date=0, **RIGHTS), heard("member", message=0, inside=True)),
        (place_of("restricted", is_member=False, until_date=0, **RIGHTS), heard("member", message=0)),
        (place_of("creator", is_anonymous=False), heard("member", message=0, inside=True)),
    ],
)
async def test_other_updates_are_heard_for_what_they_are(
    shared: Bot, name: str, payload: dict[str, Any], expected: Heard | str
) -> None:
    """What cannot be taken is odd, what nobody wrote is service, what is nothing for us is other."""
    if expected == "other":
        expected = Heard(update=1, kind="other")
    elif expected == "edited":
        expected = heard("edited", text="二", clips=(Clip(id="f", kind="picture"),))
    shared.call("update", payload={"update_id": 1, **payload})
    async with opened(name, shared.url) as library:
        assert await heard_by(library) == [expected]


BROKEN: list[dict[str, Any]] = [
    {"message": {"text": "SECRET"}},
    message(text={"SECRET": 1}),
    message(chat="SECRET"),
    message(photo=[{"file_id": "SECRET"}]),
    {"callback_query": {"id": "SECRET", "message": {"chat": PRIVATE}}},
    {"my_chat_member": {"chat": PRIVATE, "from": "SECRET"}},
]


async def test_one_that_cannot_be_read_does_not_hurt_its_neighbours(bot: Bot, library: Library) -> None:
    """The batch comes whole; the broken ones are Unread, and nothing of their content is in the error."""
    for payload in BROKEN:
        bot.li.say("好的")
        bot.call("update", payload=payload)
    raws = await library.updates(0, seconds=0)
    assert len(raws) == 2 * len(BROKEN)
    assert [library.read(raw).text for raw in raws[::2]] == ["好的"] * len(BROKEN)
    for raw in raws[1::2]:
        with pytest.raises(Unread) as caught:
            library.read(raw)
        assert "SECRET" not in everything(caught.value)


def test_what_counts_as_service_is_the_bot_api_s() -> None:
    """Compared with the Bot API's own description where it is at hand."""
    path = Path(os.environ.get("ANLITONG_BOTAPI") or Path(__file__).parents[2] / "shared/botapi/api.min.json")
    if not path.is_file():
        return
    fields = json.loads(path.read_text("utf-8"))["types"]["Message"]["fields"]
    said = {f["name"] for f in fields if re.search("[Ss]ervice message", f["description"])}
    assert said <= SERVICE
