"""A fake person before the pure engine: a house in memory, with every value passed through the codec.

For properties that want thousands of turns a second. Stories (`tests/transcripts`) run on the real house.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.calls import load_all, load_profile
from bot.channel import Face, Outgoing
from bot.engine.board import board
from bot.engine.content import Content
from bot.engine.dates import resolve
from bot.engine.definition import Call, Edition, Extension, Office
from bot.engine.messages import Incoming, Joined, Pressed, Said, Sent, SentFile, Turn
from bot.engine.model import Caps, CaseView, Comment, Conversation, Draft, Focus, Person, Texts, Unit, View
from bot.engine.step import step
from bot.wording import Wording

WORDING = Wording.load()
CALLS = load_all()
PROFILE_CALL = load_profile()
OFFICE = Office(
    unit="云溪县",
    keeper="县委社会工作部",
    contact="周敏",
    phone="0000-1234567",
    answer_days=5,
    keep_until=date(2027, 12, 31),
)
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


class Village:
    """One writer of 槐树村 and the house around them."""

    def __init__(self, *calls: Call | str, page: bool = True, caps: Caps | None = None) -> None:
        self.now = START
        self.ids = 100
        self.caps = caps or Caps(page=page)
        self.editions: dict[int, Edition] = {}
        for number, call in enumerate(calls or ("mca", "people"), 1):
            self.open(number, CALLS[call] if isinstance(call, str) else call)
        home = Unit(id=5, path=("云溪县", "石桥镇", "槐树村"), level="村")
        self.person = Person(id=1, invited=home)
        self.conversation = Conversation(id=1, person=1)
        self.drafts: dict[int, Draft] = {}
        self.texts: dict[int, Texts] = {}
        self.cases: dict[int, CaseView] = {}
        self.comments: dict[int, tuple[Comment, ...]] = {}
        self.touched: dict[int, set[str]] = {}
        self.extensions: tuple[Extension, ...] = ()
        self.contents: list[Content] = []
        self.faces: list[Face] = []
        self.turn: Turn | None = None

    def open(self, number: int, call: Call) -> None:
        """Opens an edition, or (same number) puts a changed call under it."""
        due, dates = resolve(call, self.now)
        self.editions[number] = Edition(
            id=number, call=call, title=f"2026年{call.title}", opened_at=self.now, due=due, dates=dates, office=OFFICE
        )

    def view(self) -> View:
        """What the desk would load."""
        self.ids += 1
        return View(
            now=self.now,
            person=self.person,
            profile=PROFILE_CALL,
            editions=dict(self.editions),
            drafts=dict(self.drafts),
            texts=self.texts,
            cases=self.cases,
            comments=self.comments,
            touched=self.touched,
            extensions=self.extensions,
            vocabulary=WORDING.vocabulary,
            caps=self.caps,
            levels=("县", "乡镇", "村"),
            new_id=self.ids,
        )

    def take(self, incoming: Incoming) -> list[Outgoing]:
        """One turn, written back; every reply is rendered, every board is ready for JSON."""
        turn = step(self.view(), self.conversation, incoming)
        self.turn = turn
        self.conversation = replace(turn.conversation, version=self.conversation.version + 1)
        if turn.person:
            self.person = turn.person
        if turn.unit:
            path = (*self.person.invited.path[:-1], turn.unit.name)
            self.person = replace(self.person, unit=Unit(id=9, path=path, level="村", confirmed=False))
        for draft in turn.drafts:
            self.drafts[draft.id] = draft
            self.texts.setdefault(draft.id, Texts(answers={}, fragments={}, attachments={}))
        for fragment in turn.fragments:
            self.texts[fragment.draft].fragments[fragment.id] = fragment  # type: ignore[index]
        for attachment in turn.attachments:
            self.texts[attachment.draft].attachments[attachment.id] = attachment  # type: ignore[index]
        for comment in turn.comments:
            noted = self.comments[comment.draft]
            self.comments[comment.draft] = tuple(comment if c.id == comment.id else c for c in noted)
        for answer in turn.answers:
            self.texts[answer.draft].answers[answer.question] = answer  # type: ignore[index]
            if self.drafts[answer.draft].state == "returned":
                self.touched.setdefault(answer.draft, set()).add(answer.question)
        return self._show(turn, self._office(turn))

    def _office(self, turn: Turn) -> dict[str, str]:
        extra = {}
        if turn.submitted:
            extra["number"] = "云溪26-001"
            self.contents.append(turn.submitted.content)
            self.cases[turn.submitted.draft] = CaseView(
                id=7,
                draft=turn.submitted.draft,
                number="云溪26-001",
                n=turn.submitted.n,
                level="county",
                state="waiting",
                first=True,
                opened=False,
            )
        if turn.nominated:
            self.cases[turn.nominated.draft] = replace(
                self.cases[turn.nominated.draft], state="waiting", level=turn.nominated.level, first=False
            )
        if turn.taken_back:
            self.cases[turn.taken_back.draft] = replace(self.cases[turn.taken_back.draft], state="withdrawn")
        if turn.erase:
            self.drafts, self.texts = {}, {}
            self.person = Person(id=1, invited=self.person.invited)
        if turn.code_wanted:
            extra["code"] = "123456"
        return extra

    def _show(self, turn: Turn, extra: dict[str, str]) -> list[Outgoing]:
        out = [WORDING.render(r, {k: v for k, v in extra.items() if k in r.params}) for r in turn.replies]
        faces = [b for o in out for b in o.buttons]
        if faces:
            self.faces = faces
        json.dumps([o.card for o in out], ensure_ascii=False)
        json.dumps(WORDING.render_values(board(self.view(), self.conversation)), ensure_ascii=False)
        return out

    def say(self, text: str, *, done: bool = False, base: int | None = None, about: str = "") -> list[Outgoing]:
        """Types a text, or presses the button whose label stands in [brackets].

        With `base` the text is the whole answer, written over that version of it.
        """
        self.now += timedelta(minutes=1)
        self.ids += 1
        ref = f"r{self.ids}"
        if text.startswith("[") and text.endswith("]"):
            face = next((f for f in self.faces if f.label == text[1:-1]), None)
            assert face is not None, (text, [f.label for f in self.faces])
            return self.take(Pressed(at=self.now, ref=ref, press=face.press, label=face.label))
        return self.take(
            Said(
                at=self.now,
                ref=ref,
                text=text,
                done=done,
                about=about,
                editing=base is not None,
                base=-1 if base is None else base,
            )
        )

    def press(self, press: str) -> list[Outgoing]:
        """Presses a button by its id."""
        self.now += timedelta(minutes=1)
        return self.take(Pressed(at=self.now, ref=f"r{self.ids}", press=press))

    def send(self, *hashes: str, width: int = 1600, kind: str = "picture", name: str = "1.jpg") -> list[Outgoing]:
        """Sends pictures or files."""
        files = tuple(
            SentFile(
                kind=kind,  # type: ignore[arg-type]
                file=h,
                name=name,
                mime="image/jpeg",
                size=1000,
                width=width,
                height=width * 3 // 4,
            )
            for h in hashes
        )
        return self.take(Sent(at=self.now, ref=f"r{self.ids}", files=files))

    def begin(self, title: str = "片长进院坝，小事不出片") -> None:
        """From the link to the first question of the first open edition."""
        self.take(Joined(at=self.now, first=True))
        for text in ["[同意，开始]", "李建国", "[是的]", "[村党支部书记]", "13900002217", "[对]"]:
            self.say(text)
        if any(f.press.startswith("edition:") for f in self.faces):
            self.press(self.faces[0].press)
        self.say(title)
        self.say("[就用这个]")
        while self.focus is not None and self.focus.section == "head":
            self.press(self.faces[0].press)
        self.say("[从第1节开始]")

    @property
    def focus(self) -> Focus | None:
        """Where the conversation stands."""
        return self.conversation.focus

    @property
    def draft(self) -> Draft:
        """The newest case draft."""
        return self.drafts[max(i for i, d in self.drafts.items() if d.call != "profile")]

    @property
    def written(self) -> Texts:
        """What stands in the newest case draft."""
        return self.texts[self.draft.id]
