"""Whatever happens to the program or to Telegram, what people send is taken once and what is said reaches them.

A real `anlitong serve` and a Telegram that outlives it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.http_person import HttpPerson
from tests.telegram_program import PATH, PLAIN, SECRET, Fake, Program, playing, program, until
from tests.telegram_writers import Writer, keeps_everything, kept, reached, said_beyond, text_of, writers

SOAK = os.environ.get("ANLITONG_SOAK") == "1"
KILL, END = signal.SIGKILL, signal.SIGTERM
FETCHED, PUSHED = False, True
_SHARE = 10  # sentences of each before the program is there, and again while it runs
_CONFLICT = "another program fetches this bot's updates, or a webhook is set; waiting"
_WRONG_TOKEN = "nobody has this token: put the one that @BotFather gave into ANLITONG_TELEGRAM__TOKEN"
_UNREACHABLE = "not to be reached, trying on"
_BLOCKED = "SELECT count(*) FROM addresses WHERE state = 'blocked'"
_FAILED = "SELECT count(*) FROM deliveries WHERE state = 'failed'"


def write(people: Sequence[Writer], sentences: int) -> None:
    """All of them in turn, so many each."""
    for _ in range(sentences):
        for one in people:
            one.says()


def quiet(fake: Fake, running: Program) -> None:
    """Returns when everything was taken and said."""
    until(lambda: not fake.call("pending") and not running.owes(), "all is taken and said")


def taken(fake: Fake) -> None:
    """Returns when everything was taken."""
    until(lambda: not fake.call("pending"), "all is taken")


def everything_is_there(running: Program, fake: Fake, people: Sequence[Writer], twice: int = 0) -> None:
    """Ends the program when all is taken: once, and all that is owed was said, so many messages `twice`."""
    taken(fake)
    assert running.ends(END) == 0
    for one, found in zip(people, kept(running, people), strict=True):
        keeps_everything(one, found)
        reached(found, one.phone.screen(last=100_000))
    assert said_beyond(running, people) == twice


# ---------------------------------------------------------------- the program ends


def ends_in_the_middle(running: Program, fake: Fake, people: Sequence[Writer], number: signal.Signals) -> None:
    """Much waits already, more comes while it answers, and at some moment of that it is ended.

    Told to, it ends well and leaves nothing that would be said twice; killed, one message a person at most.
    """
    known = said_beyond(running, people)
    write(people, _SHARE)
    before = fake.answered
    running.start()
    if running.webhook:
        fake.pushes(running.url)
    until(lambda: fake.answered > before, "it answers")
    writing = threading.Thread(target=write, args=(people, _SHARE))
    writing.start()
    time.sleep(random.uniform(0, 1))  # the moment
    status = running.ends(number)
    writing.join()
    fake.pushes()
    assert status == (-KILL if number == KILL else 0)
    unknown = said_beyond(running, people) - known
    assert 0 <= unknown <= (len(people) if number == KILL else 0)
    if number == END:
        assert running.asks("SELECT count(*) FROM deliveries WHERE state = 'claimed'") == 0
        assert running.asks("SELECT count(*) FROM jobs WHERE state = 'claimed'") == 0


@pytest.mark.parametrize(
    ("library", "ends"),
    [
        ("ptb", [(FETCHED, KILL), (FETCHED, END), (PUSHED, KILL), (PUSHED, END)]),
        ("aiogram", [(PUSHED, KILL)]),
    ],
)
def test_killed_at_any_moment_it_loses_nothing_and_takes_nothing_twice(
    library: str, ends: list[tuple[bool, signal.Signals]], tmp_path: Path
) -> None:
    """Each text stands once, in order, and was answered, whether updates are fetched or pushed."""
    ends = [(mode, number) for mode in (FETCHED, PUSHED) for number in (KILL, END)] * 5 if SOAK else ends
    with playing() as fake, program(tmp_path, fake, library) as running:
        people = writers(running, fake)
        for running.webhook, number in ends:
            ends_in_the_middle(running, fake, people, number)
        running.webhook = FETCHED
        twice = said_beyond(running, people)
        running.start()
        quiet(fake, running)
        everything_is_there(running, fake, people, twice)


# ---------------------------------------------------------------- what cannot be read, who else is there


def test_an_update_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path) -> None:
    """In the middle of a batch: its neighbours live, it lies in the quarantine alone, and the next are fetched."""
    with playing() as fake, program(tmp_path, fake) as running:
        (li,) = people = writers(running, fake, 1)
        write(people, 40)
        fake.call("update", payload={"galaxy": {"id": 7}})
        fake.call("update", payload={"message": {"message_id": "seven", "text": "第九件事"}})
        write(people, 40)
        assert fake.call("pending") == 98, "one batch"
        running.start()
        taken(fake)
        listed = running.command("quarantine", "list", "--json")
        (aside,) = json.loads(listed.stdout)
        assert (aside["channel"], aside["kind"]) == ("telegram", "Unreadable")
        assert "第九件事" not in listed.stdout
        li.says()
        everything_is_there(running, fake, people)


def test_two_programs_with_one_token(tmp_path: Path) -> None:
    """Each says so in one line and stays; the page of both goes on; when one ends the other fetches by itself."""
    with playing() as fake, program(tmp_path / "a", fake) as one, program(tmp_path / "b", fake) as other:
        people = writers(one, fake, 1)
        one.start()
        quiet(fake, one)
        other.start()
        until(lambda: one.said(_CONFLICT) and other.said(_CONFLICT), "both have met")
        assert one.serves() and other.serves()
        assert (one.said(_CONFLICT), other.said(_CONFLICT)) == (1, 1)
        assert other.ends(END) == 0
        write(people, 10)
        quiet(fake, one)
        assert one.said(_CONFLICT) == 1
        everything_is_there(one, fake, people)


def test_with_a_wrong_token_the_page_goes_on_and_no_message_is_lost(tmp_path: Path) -> None:
    """One line says what to do; what is owed waits for the right token."""
    wrong = "1000000001:AAThisOneNobodyHasEverBeenGiven0000"
    with playing() as fake, program(tmp_path, fake) as running:
        people = writers(running, fake, 1)
        write(people, 5)
        token, running.environ["TOKEN"] = running.environ["TOKEN"], wrong
        running.start(speaking=False)
        until(lambda: running.said(_WRONG_TOKEN), "it says so")
        on_the_page(running, 3)
        assert running.said(_WRONG_TOKEN) == 1
        assert running.ends(END) == 0
        assert running.asks(_FAILED) == 0 < running.owes()
        running.environ["TOKEN"] = token
        running.start()
        everything_is_there(running, fake, people)


def test_without_telegram_the_page_goes_on_and_everything_is_taken_afterwards(tmp_path: Path) -> None:
    """Nobody is there at the start, and again in the middle."""
    with playing() as fake, program(tmp_path, fake) as running:
        people = writers(running, fake, 2)
        write(people, 5)
        fake.stop()
        running.start(speaking=False)
        is_missed(running, 1)
        fake.start()
        quiet(fake, running)
        write(people, 5)
        fake.stop()
        is_missed(running, 2)
        fake.start()
        write(people, 5)
        everything_is_there(running, fake, people)


def is_missed(running: Program, times: int) -> None:
    """It has said so often that Telegram is not to be reached, and where; and the page goes on."""
    host = running.environ["API"].removeprefix("http://")
    until(lambda: running.said(_UNREACHABLE, api=host) == times, "it says so")
    on_the_page(running, 2)


def on_the_page(running: Program, sentences: int) -> None:
    """Somebody new begins there and writes, and all of it stands in the draft."""

    async def begins() -> None:
        person = HttpPerson(running.url)
        await person.begin(running.link)
        for n in range(1, sentences + 1):
            await person.say(text_of(n))
        assert "".join(text_of(n) for n in range(1, sentences + 1)) in "".join(await person.paper())
        person.close()

    asyncio.run(begins())


# ---------------------------------------------------------------- pushed updates


def push(running: Program, body: bytes, secret: str = SECRET) -> int:
    """A push like Telegram's; the status of the answer."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    return PLAIN.post(running.url + PATH, content=body, headers=headers).status_code


def said_by(one: Writer, n: int) -> dict[str, Any]:
    """The update of somebody's nth sentence."""
    user = {"id": one.phone.user, "is_bot": False, "first_name": "李"}
    chat = {"id": one.phone.user, "type": "private", "first_name": "李"}
    message = {"message_id": 1000 + n, "from": user, "chat": chat, "date": int(time.time()), "text": text_of(n)}
    return {"update_id": 900_000_000 + n, "message": message}


@contextmanager
def locked(running: Program) -> Iterator[None]:
    """Somebody else holds the database."""
    with closing(sqlite3.connect(running.data / "anlitong.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_only_telegram_can_push_and_only_what_is_an_update(tmp_path: Path) -> None:
    """Without the secret there is nothing there; what is too large or no update is dropped, and the log says so."""
    with playing() as fake, program(tmp_path, fake, webhook=PUSHED) as running:
        (li,) = people = writers(running, fake, 1)
        running.start()
        assert running.command("telegram", "webhook", "set").returncode == 0
        quiet(fake, running)
        taken = running.asks("SELECT count(*) FROM updates")
        body = json.dumps(said_by(li, 1)).encode()
        for secret in ("", "not-the-secret-of-this-bot", SECRET[:-1]):
            assert push(running, body, secret) == 404
        assert push(running, body + b" " * (1024 * 1024 + 1 - len(body))) == 200
        for wrong in (b"", b"\xff", b"[]", b"{}", b'{"update_id": "x"}', b"[" * 50_000):
            assert push(running, wrong) == 200
        assert running.said("a push without the right secret") == 3
        assert running.said("a push that is too large, dropped") == 1
        assert running.said("a push that is no update, dropped") == 6
        assert running.asks("SELECT count(*) FROM updates") == taken
        li.says()
        everything_is_there(running, fake, people)


def test_a_push_that_cannot_be_stored_comes_again_and_is_taken_once(tmp_path: Path) -> None:
    """While somebody else holds the database Telegram is told to come again, and does."""
    with playing() as fake, program(tmp_path, fake, webhook=PUSHED) as running:
        (li,) = people = writers(running, fake, 1)
        running.start()
        fake.pushes(running.url)
        quiet(fake, running)
        with locked(running):
            li.says()
            until(lambda: "503" in fake.raw("getWebhookInfo")["result"].get("last_error_message", ""), "it is refused")
        everything_is_there(running, fake, people)


def test_pushes_that_arrive_at_once_are_taken_in_their_order(tmp_path: Path) -> None:
    """Twenty connections, the updates in any order, while the program is busy."""
    with playing() as fake, program(tmp_path, fake, webhook=PUSHED) as running:
        (li,) = people = writers(running, fake, 1)
        running.start()
        fake.pushes(running.url)
        quiet(fake, running)
        numbers = list(range(1, 21))
        li.messages += [1000 + n for n in numbers]
        os.kill(running.pid, signal.SIGSTOP)
        with ExitStack() as connections:
            ways = []
            for n in random.sample(numbers, len(numbers)):
                body = json.dumps(said_by(li, n)).encode()
                head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
                way = connections.enter_context(socket.create_connection(("127.0.0.1", int(running.url.split(":")[2]))))
                way.sendall(f"{head}X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n\r\n".encode() + body)
                ways.append(way)
            os.kill(running.pid, signal.SIGCONT)
            assert {way.recv(100).split(b"\r\n")[0] for way in ways} == {b"HTTP/1.1 200 OK"}
        everything_is_there(running, fake, people)


# ---------------------------------------------------------------- Telegram refuses


def test_in_a_storm_every_message_comes_in_the_end(tmp_path: Path) -> None:
    """Floods, broken connections, a gateway's pages: all is there in its order, twice only where an answer was lost."""
    with playing() as fake, program(tmp_path, fake) as running:
        fake.call("pace", every=60, burst=20, chat=20, chat_burst=5)
        people = writers(running, fake, 4)
        running.start()
        quiet(fake, running)
        for kind in ("drop", "lost", "reset", "gateway", "lost", "error"):
            fake.call("fault", kind=kind, method="sendMessage", skip=3, times=2)
        fake.call("fault", kind="flood", method="edit*", seconds=1, times=2)
        fake.call("fault", kind="flood", method="send*", chat=1002, seconds=2)
        fake.call("fault", kind="flood", method="send*", skip=10, seconds=3)
        write(people, 20)
        quiet(fake, running)
        assert fake.count("sendMessage", fate="429") > 3
        lost = fake.count("sendMessage", fate="lost")
        assert lost == 4
        everything_is_there(running, fake, people, twice=lost)


def test_who_blocks_the_bot_keeps_the_draft_and_may_come_back(tmp_path: Path) -> None:
    """Refused for good, the address is closed and what was owed is given up; opened again, one goes on."""
    with playing() as fake, program(tmp_path, fake) as running:
        (li,) = people = writers(running, fake, 1)
        running.start()
        quiet(fake, running)
        words = "Forbidden: bot was blocked by the user"
        fake.call("fault", kind="error", method="sendMessage", status=403, description=words)
        write(people, 1)
        until(lambda: running.asks(_BLOCKED), "the address is closed")
        li.phone.block()
        quiet(fake, running)
        given_up = running.asks(_FAILED)
        assert given_up > 0
        li.phone.unblock()
        until(lambda: not running.asks(_BLOCKED), "the address is open")
        write(people, 2)
        taken(fake)
        assert running.ends(END) == 0
        assert running.asks(_FAILED) == given_up
        (found,) = kept(running, people)
        keeps_everything(li, found)
        assert found.owed[-1][1] == "sent"
        assert li.phone.screen().from_bot[-1].text == found.owed[-1][0].text


# ---------------------------------------------------------------- many


def test_strangers_cost_no_memory(tmp_path: Path) -> None:
    """Thousands who are not known say hello: each is answered, and of none is anything kept."""
    first, half, all_of_them = 1_000_000, 1500, 3000
    with playing() as fake, program(tmp_path, fake) as running:
        fake.call("crowd", count=all_of_them, first=first)
        running.start()
        sizes = []
        for begin, end in ((0, half), (half, all_of_them)):
            fake.call("say_many", said=[[first + n, "您好"] for n in range(begin, end)])
            until(lambda end=end: fake.count("sendMessage") == end, "each is answered")
            sizes.append(running.rss)
        assert sizes[1] - sizes[0] < 8
        assert running.asks("SELECT count(*) FROM addresses") == 0
        assert running.ends(END) == 0
