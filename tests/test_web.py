"""The page's HTTP interface as docs/http.md tells it, against the program as it is started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.world import World
from handlers.web.guard import Guard
from handlers.web.problems import Problem
from handlers.web.session import Sessions
from handlers.web.settings import WebSettings
from tests import pictures
from tests.browser import MANY, Served, serving

MINE = {"X-Anlitong": "1"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("web") / "data", environ=MANY) as one:
        yield one


class Client:
    """A program that speaks the interface, as docs/http.md describes it."""

    def __init__(self, served: Served) -> None:
        self.http = httpx.Client(base_url=served.url, headers=MINE, timeout=30)
        self.served = served

    def join(self, cid: str = "", **fields: str) -> httpx.Response:
        link = self.served.writer.rsplit("/", 1)[1]
        if not self.http.cookies:
            self.http.get(f"/i/{link}")
        body = {"cid": cid or uuid4().hex, "link": link, "intent": "new", **fields}
        return self.http.post("/api/join", json=body)

    def events(self, after: int = -1) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(f"/api/events?after={after}").raise_for_status().json()
        return answer

    def say(self, **fields: Any) -> httpx.Response:
        return self.http.post("/api/say", json={"cid": uuid4().hex, "base_seq": -1, **fields})

    def upload(self, data: bytes, name: str = "a.jpg", chunk: int = 65536) -> str:
        upload = uuid4().hex
        offset = self.http.post("/api/uploads", json={"upload": upload, "name": name, "size": len(data)}).json()[
            "offset"
        ]
        while offset < len(data):
            url = f"/api/uploads/{upload}?offset={offset}"
            offset = self.http.put(url, content=data[offset : offset + chunk]).raise_for_status().json()["offset"]
        return upload


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """Somebody who has just joined."""
    one = Client(served)
    assert one.join().json()["ok"]
    yield one
    one.http.close()


@pytest.fixture
def stranger(served: Served) -> Iterator[Client]:
    """Somebody without a session."""
    one = Client(served)
    yield one
    one.http.close()


def answer(client: Client, *answers: str) -> list[dict[str, Any]]:
    """Gives these answers one after the other, [a label] pressing its button; the buttons there are then."""
    for text in answers:
        faces = {b["label"]: b["press"] for e in client.events()["events"] for b in e["buttons"]}
        client.say(**({"press": faces[text[1:-1]]} if text.startswith("[") else {"text": text})).raise_for_status()
    buttons: list[dict[str, Any]] = client.events()["events"][-1]["buttons"]
    return buttons


# ---------------------------------------------------------------- joining


def test_looking_at_a_link_uses_nothing(served: Served) -> None:
    coordinator = Client(served)
    path = "/i/" + served.links[1].rsplit("/", 1)[1]
    for _ in range(3):
        shown = coordinator.http.get(path, headers={"Cookie": ""})
        assert shown.status_code == 200
    assert "审核工作台" in shown.text and "排成规范的Word稿" not in shown.text
    first = coordinator.join(link=path.rsplit("/", 1)[1], intent="")
    assert first.json()["ok"], first.text
    coordinator.http.close()


def test_the_session_cookie_is_out_of_scripts_reach(stranger: Client) -> None:
    answer = stranger.http.get("/i/" + stranger.served.writer.rsplit("/", 1)[1])
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie


def test_a_join_repeated_after_a_lost_answer_is_one_join(stranger: Client) -> None:
    cid = uuid4().hex
    one, two = stranger.join(cid), stranger.join(cid)
    assert one.json() == two.json() and one.json()["ok"]
    greetings = [e for e in stranger.events()["events"] if e["author"] == "bot"]
    assert len({e["text"] for e in greetings}) == len(greetings)


def test_an_invented_link_gets_a_sentence_and_no_button(stranger: Client) -> None:
    page = stranger.http.get("/i/7Kq2notarealone0123456789abcd")
    assert page.status_code == 200 and "打不开" in page.text and "data-intent" not in page.text
    refused = stranger.join(link="7Kq2notarealone0123456789abcd")
    assert refused.status_code == 403 and "打不开" in refused.json()["error"]


def test_who_has_not_joined_is_sent_to_the_link(stranger: Client) -> None:
    assert stranger.http.get("/api/events").status_code == 401
    assert stranger.say(text="您好").status_code == 401
    assert stranger.http.get("/chat").headers["location"] == "/"
    assert "链接" in stranger.http.get("/").text


def test_another_device_must_know_name_and_phone(client: Client, stranger: Client) -> None:
    refused = stranger.join(intent="again", name="没有这个人", last4="0000")
    assert refused.status_code == 403
    assert refused.json()["error"].endswith("。")


# ---------------------------------------------------------------- saying


def test_the_answer_comes_back_with_the_post(client: Client) -> None:
    seq = client.events()["seq"]
    answer = client.say(press="consent:yes", label="同意，开始", base_seq=seq).json()
    assert answer["outcome"] == "fresh"
    assert answer["seq"] > seq
    assert all(e["seq"] > seq for e in answer["events"])
    assert any(e["author"] == "bot" for e in answer["events"])
    assert answer["board"]["box"]["mode"] == "line"


def test_the_same_said_again_is_the_stored_answer(client: Client) -> None:
    seq, cid = client.events()["seq"], uuid4().hex
    one = client.say(cid=cid, press="consent:yes", base_seq=seq).json()
    late = client.say(cid=cid, press="consent:yes", base_seq=one["seq"]).json()
    assert late["outcome"] == "repeat"
    said = [e for e in one["events"] if e["author"] == "bot"]
    assert [e for e in late["events"] if e["author"] == "bot"] == said


def test_what_comes_back_with_a_message_is_what_a_reader_finds(client: Client) -> None:
    answer = client.events()
    told = ("李建国", "槐树村", "村党支部书记", "13900002217", "院坝会说开心里话")
    for i in range(40):
        seq, box = answer["seq"], answer["board"]["box"]
        offered = [b for e in answer["events"] for b in e["buttons"] if not b["press"].startswith("page:")]
        strong = [b for b in offered if b["strong"]] or offered
        if box["mode"] == "text" and i % 3:
            fields: dict[str, Any] = {"text": "全村412户，2024年开了23次院坝会", "done": i % 3 == 2}
        elif strong and box["mode"] != "line":
            fields = {"press": strong[0]["press"], "label": strong[0]["label"]}
        else:
            fields = {"text": told[i % len(told)]}
        answer = client.say(base_seq=seq, **fields).json()
        read = client.events(seq)
        assert answer["outcome"] == "fresh" and answer["events"], fields
        assert {k: answer[k] for k in read if k != "now"} == {k: read[k] for k in read if k != "now"}
    assert answer["board"]["tasks"] and answer["board"]["tasks"]["rows"][0]["note"] != ""


def test_the_same_cid_with_other_words_is_a_conflict(client: Client) -> None:
    client.say(press="consent:yes")
    cid = uuid4().hex
    client.say(cid=cid, text="李建国")
    clash = client.say(cid=cid, text="张三")
    assert clash.status_code == 409 and clash.json()["error"].endswith("。")


def test_half_typed_text_comes_back_with_its_question(client: Client) -> None:
    question = client.say(press="consent:yes").json()["board"]["box"]["question"]
    assert client.http.post("/api/typing", json={"question": question, "text": "李建"}).json() == {"ok": True}
    assert client.events()["board"]["box"]["text"] == "李建"


def test_events_go_on_from_the_cursor(client: Client) -> None:
    everything = client.events(0)["events"]
    assert [e["seq"] for e in everything] == sorted({e["seq"] for e in everything})
    half = everything[0]["seq"]
    assert client.events(half)["events"] == everything[1:]
    assert client.events(everything[-1]["seq"])["events"] == []


def test_a_waiting_request_is_answered_when_something_comes(client: Client) -> None:
    seq = client.events()["seq"]
    started = datetime.now(UTC)
    assert client.http.get(f"/api/events?after={seq}&wait=0.3").json()["events"] == []
    assert datetime.now(UTC) - started >= timedelta(seconds=0.3)
    client.say(press="consent:yes")
    assert client.http.get(f"/api/events?after={seq}&wait=25").json()["events"]


# ---------------------------------------------------------------- what is refused


def test_a_foreign_page_cannot_speak_for_a_person(client: Client) -> None:
    body = {"cid": uuid4().hex, "press": "consent:yes"}
    bare = client.http.post("/api/say", json=body, headers={"X-Anlitong": ""})
    foreign = client.http.post("/api/say", json=body, headers={"Origin": "https://evil.example"})
    null = client.http.post("/api/say", json=body, headers={"Origin": "null"})
    assert [r.status_code for r in (bare, foreign, null)] == [403, 403, 403]
    own = client.http.post("/api/say", json=body, headers={"Origin": client.served.url})
    assert own.status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": "a", "press": "b"},
        {"cid": "short", "text": "a"},
        {"cid": "with space 123", "text": "a"},
        {"text": 5},
        {"press": "x" * 65},
        {"files": "upload"},
        {"files": [1]},
        {"text": "a", "version": "2"},
        {"text": "a", "base_seq": 2**70},
    ],
)
def test_what_has_not_the_shape_is_one_sentence(client: Client, fields: dict[str, Any]) -> None:
    refused = client.say(**fields)
    assert refused.status_code in (400, 413)
    assert refused.json()["error"].endswith("。")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'"text"'])
def test_a_body_that_is_no_object_is_one_sentence(client: Client, raw: bytes) -> None:
    assert client.http.post("/api/say", content=raw).status_code == 400


def test_too_much_is_refused_before_it_is_read(client: Client) -> None:
    assert client.http.post("/api/say", content=b" " * (300 * 1024)).status_code == 413
    assert client.say(text="字" * 20_001).status_code == 413
    big = client.http.post("/api/uploads", json={"upload": uuid4().hex, "name": "a.jpg", "size": 21 * 1024 * 1024})
    assert big.status_code == 413


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "‮abc", "字" * 20_000, "<script>alert(1)</script>", "{{7*7}}"])
def test_no_text_breaks_the_server(client: Client, text: str) -> None:
    client.say(press="consent:yes")
    raw = httpx.Request("POST", "http://x", json={"cid": uuid4().hex, "text": "§"}).content
    escaped = "".join(f"\\u{ord(c):04x}" for c in text)
    answer = client.http.post("/api/say", content=raw.replace("§".encode(), escaped.encode()))
    assert answer.status_code == 200
    assert client.events()["board"]["box"]


def test_what_is_not_ones_own_does_not_exist(client: Client) -> None:
    nothing = client.http.get("/file/" + "0" * 64)
    assert nothing.status_code == 404
    assert client.http.get("/file/../../etc/passwd").status_code == 404
    for draft in ("1", "zzzzzzzzzzzz", "-1", "%00", "9" * 40):
        assert client.http.get(f"/api/paper/{draft}").status_code == 404


# ---------------------------------------------------------------- files


def test_an_upload_goes_on_where_it_broke_off(client: Client) -> None:
    data, upload = pictures.jpeg(), uuid4().hex
    begin = {"upload": upload, "name": "院坝会.jpg", "size": len(data)}
    assert client.http.post("/api/uploads", json=begin).json() == {"offset": 0}
    assert client.http.put(f"/api/uploads/{upload}?offset=0", content=data[:5000]).json() == {"offset": 5000}
    assert client.http.post("/api/uploads", json=begin).json() == {"offset": 5000}
    assert client.http.put(f"/api/uploads/{upload}?offset=0", content=data[:5000]).json() == {"offset": 5000}
    assert client.http.put(f"/api/uploads/{upload}?offset=5000", content=data[5000:]).json() == {"offset": len(data)}
    one = client.http.post(f"/api/uploads/{upload}/finish").json()
    assert one == client.http.post(f"/api/uploads/{upload}/finish").json()
    assert (one["kind"], one["width"], one["height"], one["name"]) == ("picture", 1600, 1200, "院坝会.jpg")


def test_what_only_pretends_to_be_a_picture_is_named(client: Client) -> None:
    upload = client.upload(b"MZ" + b"\x00" * 4000, "photo.jpg")
    refused = client.http.post(f"/api/uploads/{upload}/finish")
    assert refused.status_code == 422 and refused.json()["error"].endswith("。")
    assert client.say(files=[upload]).status_code == 422


def test_an_upload_belongs_to_who_began_it(client: Client, stranger: Client) -> None:
    upload = client.upload(pictures.jpeg())
    assert stranger.join().json()["ok"]
    assert stranger.http.post(f"/api/uploads/{upload}/finish").status_code == 422
    assert client.http.post(f"/api/uploads/{upload}/finish").status_code == 200


# ---------------------------------------------------------------- every answer


def test_every_answer_carries_the_same_guard(client: Client) -> None:
    link = client.served.writer.rsplit("/", 1)[1]
    for path in ("/", "/chat", f"/i/{link}", f"/qr/{link}", "/healthz", "/api/events", "/nothing", "/file/x"):
        headers = client.http.get(path).headers
        assert (
            "script-src 'self'" in headers["content-security-policy"] or "sandbox" in headers["content-security-policy"]
        )
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_pages_have_no_code_inside(client: Client) -> None:
    link = client.served.writer.rsplit("/", 1)[1]
    for path in ("/chat", f"/i/{link}", f"/qr/{link}"):
        html = client.http.get(path).text
        assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))
        assert not re.search(r"\son\w+=|<style|\sstyle=|javascript:", html)


def test_static_files_are_kept_by_their_hash(client: Client) -> None:
    page = client.http.get("/chat")
    paths = set(re.findall(r"(/static/[0-9a-f]+/[\w.]+)", page.text))
    weight = len(_wire(client, "/chat"))
    for path in paths:
        answer = client.http.get(path)
        assert "immutable" in answer.headers["cache-control"]
        weight += 0 if path.endswith(".svg") else len(_wire(client, path))
    assert weight <= 40 * 1024
    old = client.http.get(re.sub(r"/static/[0-9a-f]+/", "/static/0000000000000000/", sorted(paths)[0]))
    assert old.status_code == 200 and old.headers["cache-control"] == "no-cache"


def _wire(client: Client, path: str) -> bytes:
    with client.http.stream("GET", path) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        return b"".join(answer.iter_raw())


def test_health_and_the_sheet_to_print(client: Client) -> None:
    assert client.http.get("/healthz").json()["ok"] is True
    sheet = client.http.get("/qr/" + client.served.writer.rsplit("/", 1)[1])
    assert client.served.writer in sheet.text and "data:image/svg+xml" in sheet.text
    assert client.http.get("/qr/0000").status_code == 404


# ---------------------------------------------------------------- session and guard, by themselves


class Clock(World):
    """A clock that is set by hand."""

    at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def _request(headers: dict[str, str] | None = None, peer: str = "203.0.113.9", method: str = "POST") -> Request:
    raw = [(k.lower().encode(), v.encode()) for k, v in {"host": "anli.example", **(headers or {})}.items()]
    return Request(
        {"type": "http", "method": method, "path": "/", "headers": raw, "client": (peer, 1), "query_string": b""}
    )


def _cookie(sessions: Sessions, **how: Any) -> str:
    response = Response()
    sessions.write(response, how.get("session") or sessions.new(), always=True)
    return response.headers["set-cookie"].split(";")[0]


def test_a_session_ends_when_it_is_left_or_old() -> None:
    clock = Clock()
    sessions = Sessions(WebSettings(key=b"k", idle=timedelta(days=30), absolute=timedelta(days=180)), clock)
    cookie = _cookie(sessions)
    session = sessions.read(_request({"cookie": cookie}))
    assert session is not None
    clock.at += timedelta(days=31)
    assert sessions.read(_request({"cookie": cookie})) is None
    clock.at -= timedelta(days=31)
    for _ in range(7):
        clock.at += timedelta(days=25)
        cookie = _cookie(sessions, session=session)
        assert sessions.read(_request({"cookie": cookie})) is not None
    clock.at += timedelta(days=25)
    assert sessions.read(_request({"cookie": cookie})) is None


def test_a_cookie_is_signed_and_bound_to_https() -> None:
    plain = Sessions(WebSettings(key=b"k"), World())
    other = Sessions(WebSettings(key=b"another"), World())
    secure = Sessions(WebSettings(key=b"k", base_url="https://anli.example"), World())
    assert other.read(_request({"cookie": _cookie(plain)})) is None
    assert _cookie(secure).startswith("__Host-")
    assert plain.read(_request({"cookie": "anlitong=nonsense"})) is None


def test_a_proxy_is_believed_only_where_it_is_trusted() -> None:
    guard = Guard(WebSettings(key=b"k", trusted_proxies=("127.0.0.1", "10.0.0.0/8")))
    forwarded = {"x-forwarded-for": "198.51.100.7, 192.0.2.4, 10.1.2.3"}
    assert guard.client(_request(forwarded, peer="127.0.0.1")) == "192.0.2.4"
    assert guard.client(_request(forwarded, peer="203.0.113.9")) == "203.0.113.9"
    assert guard.client(_request(peer="127.0.0.1")) == "127.0.0.1"


def test_rates_hold_by_address_and_by_session() -> None:
    guard = Guard(WebSettings(key=b"k", session_rate=3, join_rate=2, address_rate=100))
    for _ in range(3):
        guard.check(_request(MINE), session="a")
    with pytest.raises(Problem) as refused:
        guard.check(_request(MINE), session="a")
    assert refused.value.status == 429 and refused.value.retry_after >= 1
    guard.check(_request(MINE), session="b")
    for _ in range(2):
        guard.check(_request(MINE), kind="join")
    with pytest.raises(Problem):
        guard.check(_request(MINE), kind="join")
    guard.check(_request(MINE, peer="198.51.100.1"), kind="join")


# ---------------------------------------------------------------- sentences


def _web_files(folder: str, ending: str) -> Iterator[Path]:
    yield from sorted((Path(__file__).parent.parent / "handlers" / "web" / folder).glob(f"*{ending}"))


def test_templates_and_scripts_hold_no_chinese() -> None:
    for file in [*_web_files("pages", ".html"), *_web_files("static", ".js"), *_web_files("static", ".css")]:
        text = re.sub(r"(?s:/\*.*?\*/)|(?m://.*$)", "", file.read_text("utf-8"))
        found = re.findall("[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]+", text)
        assert not found, (file.name, found)


def test_every_sentence_of_the_page_is_there_and_is_used() -> None:
    from bot.wording import Wording

    sentences = Wording.load().sentences
    scripts = {f.name: f.read_text("utf-8") for f in _web_files("static", ".js")}
    pages = "".join(f.read_text("utf-8") for f in _web_files("pages", ".html"))
    quoted = {name: set(re.findall(r"'([a-z0-9_]+)'", text)) for name, text in scripts.items()}
    desk = set().union(*(words for name, words in quoted.items() if name.startswith("console")))
    page = set().union(*(words for name, words in quoted.items() if not name.startswith(("start", "console"))))
    start = quoted["start.js"] | quoted["dom.js"]
    used = set(re.findall(r'say\("((?:web|console)\.[a-z0-9_.]+)"', pages))
    for key in sentences:
        if key.startswith("web.page."):
            assert key.removeprefix("web.page.") in page or key in used, key
        elif key.startswith("web.start."):
            assert key.removeprefix("web.start.") in start or key in used, key
        elif key.startswith("console.page."):
            assert key.removeprefix("console.page.") in desk or key in used, key
    assert used <= set(sentences)
    for name, text in scripts.items():
        prefix = {"start.js": "web.start."}.get(name, "console.page." if name.startswith("console") else "web.page.")
        for key in re.findall(r"\bsay\('([a-z0-9_]+)'", text):
            told = key.replace("_", ".", 1) if key.startswith("left_") else prefix + key
            assert told in sentences, (name, key)


def test_scripts_are_of_2018() -> None:
    for file in _web_files("static", ".js"):
        assert not re.search(
            r"\?\.[a-z(\[]|\?\?|catch \{|\.flat\(|\.at\(|replaceAll|await import\(", file.read_text("utf-8")
        )


# ---------------------------------------------------------------- what the page draws


def test_a_button_tells_what_is_chosen_with_it(client: Client) -> None:
    """Where the call explains its options; other buttons have no note at all."""
    first = (
        "[同意，开始]",
        "李建国",
        "[是的]",
        "[村党支部书记]",
        "跳过",
        "[对]",
        "[基层治理]",
        "片长进院坝",
        "[就用这个]",
    )
    options = answer(client, *first)
    assert [option.get("note", "") for option in options][1] == "村和社区里的治理和服务"
    assert all(set(option) == {"press", "label", "strong", "note"} for option in options)
    assert not any("note" in b for e in client.events()["events"][:-1] for b in e["buttons"])


def test_what_the_consent_promises_is_a_tap_away_from_the_first_question_on(client: Client) -> None:
    answer(client, "[看全文]")
    assert "随时点“我的资料”" in client.events()["events"][-1]["text"]
    agreed = client.say(press="consent:yes").json()
    assert agreed["events"][-1]["text"].endswith("请问您的姓名？")
    assert "cmd:privacy" in [chip["press"] for chip in agreed["board"]["chips"]]
    assert "保管" in client.say(press="cmd:privacy").json()["events"][-1]["text"]
