"""The libraries' own HTTP clients work against the fake as well: it is no server that only our transport can use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiogram
import pytest
import telegram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import BufferedInputFile
from aiogram.types import InputMediaPhoto as AiogramPhoto
from telegram.request import HTTPXRequest

from handlers.telegram_fake.telegram import TOKEN
from tests import pictures
from tests.telegram import Bot, bot_and_fake

LI = 1001
NAME = "石桥镇“片长制”案例.docx"
PICTURE = pictures.jpeg(800, 600)
PAPER = b"PK\x03\x04" * 1000


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A fake with a bot whom 李建国 has written to and sent a file."""
    with bot_and_fake() as one:
        one.li.say("您好，院坝会🌶")
        one.li.document(PAPER, NAME)
        yield one


async def echo_of_aiogram(bot: Bot) -> bytes:
    """What a small bot does with aiogram as it comes: the bytes of the file it was sent."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(bot.url))
    async with aiogram.Bot(TOKEN, session=session).context() as one:
        text, file = await one.get_updates(timeout=1)
        assert text.message and text.message.text and file.message and file.message.document
        await one.send_message(LI, text.message.text)
        await one.send_photo(LI, BufferedInputFile(PICTURE, "院坝会.jpg"), caption="院坝会")
        photos = [BufferedInputFile(PICTURE, f"{n}.jpg") for n in range(2)]
        await one.send_media_group(LI, [AiogramPhoto(media=photo) for photo in photos])
        await one.send_document(LI, BufferedInputFile(PAPER, NAME), caption="写好了")
        fetched = await one.download(file.message.document.file_id)
        assert fetched is not None
        return fetched.read()


async def echo_of_ptb(bot: Bot) -> bytes:
    """The same with python-telegram-bot as it comes."""

    def client() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"trust_env": False})  # whatever proxy this machine has

    async with telegram.Bot(
        TOKEN,
        base_url=f"{bot.url}/bot",
        base_file_url=f"{bot.url}/file/bot",
        request=client(),
        get_updates_request=client(),
    ) as one:
        text, file = await one.get_updates(timeout=1)
        assert text.message and text.message.text and file.message and file.message.document
        await one.send_message(LI, text.message.text)
        await one.send_photo(LI, PICTURE, caption="院坝会", filename="院坝会.jpg")
        await one.send_media_group(LI, [telegram.InputMediaPhoto(PICTURE, filename=f"{n}.jpg") for n in range(2)])
        await one.send_document(LI, PAPER, caption="写好了", filename=NAME)
        fetched = await one.get_file(file.message.document.file_id)
        return bytes(await fetched.download_as_bytearray())


@pytest.mark.parametrize("echo", [echo_of_aiogram, echo_of_ptb])
async def test_a_library_as_it_comes_works_with_the_fake(bot: Bot, echo: Any) -> None:
    """Text, photo, album and document arrive, a file comes back, and nothing breaks a rule of the Bot API."""
    assert await echo(bot) == PAPER
    text, photo, one, other, paper = bot.li.screen().from_bot
    assert (text.text, photo.kind, photo.text) == ("您好，院坝会🌶", "photo", "院坝会")
    assert one.album == other.album != ""
    assert paper.file is not None and (paper.text, paper.file["name"]) == ("写好了", NAME)
    assert (bot.li.fetch(photo), bot.li.fetch(paper)) == (PICTURE, PAPER)
    sent = [entry["files"] for entry in bot.call("journal") if entry["files"]]
    assert [[file["file"] for file in files] for files in sent] == [["院坝会.jpg"], ["0.jpg", "1.jpg"], [NAME]]
    assert bot.violations == []
