"""Bare echo bots, each library as its own documentation has it: `python -m benchmarks.echo aiogram|ptb URL TOKEN`."""

from __future__ import annotations

import asyncio
import logging
import sys


async def aiogram(url: str, token: str) -> None:
    """aiogram's Dispatcher, polling."""
    from aiogram import Bot, Dispatcher
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import Message

    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        await message.answer(message.text or "")

    await dispatcher.start_polling(Bot(token, AiohttpSession(api=TelegramAPIServer.from_base(url))))


def ptb(url: str, token: str) -> None:
    """python-telegram-bot's Application, polling."""
    from telegram import Update
    from telegram.ext import ApplicationBuilder, ContextTypes, MessageHandler, filters

    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(update.message.text or "")

    made = ApplicationBuilder().token(token).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot").build()
    made.add_handler(MessageHandler(filters.TEXT, echo))
    made.run_polling()


if __name__ == "__main__":
    logging.disable()
    name, url, token = sys.argv[1:]
    if name == "aiogram":
        asyncio.run(aiogram(url, token))
    else:
        ptb(url, token)
