"""The page in a real browser, against the program as it is started."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.engine.answers import measure
from bot.engine.count import count
from tests import pictures
from tests.browser import HALF, Phone, Served, photos

pytestmark = pytest.mark.browser

XSS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "javascript:window.hit=1",
    "</script><script>window.hit=1</script>",
    "{{constructor.constructor('window.hit=1')()}}",
    "<!--<script>window.hit=1//-->",
]


def test_from_the_link_to_the_first_question(phone: Phone) -> None:
    phone.join()
    phone.wait_for_text("征集")
    assert phone.has_button("同意，开始")
    phone.press("同意，开始")
    phone.wait_for_text("请问您的姓名")
    assert not phone.has_button("同意，开始")
    phone.say("李建国")
    assert phone.box == ""
    phone.wait_for_text("李建国")


def test_a_second_phone_takes_over_by_its_code(browser: Any, served: Served) -> None:
    first, second = Phone(browser, served), Phone(browser, served, width=360, height=640)
    first.join()
    first.introduce()
    first.press("我的资料")
    first.press("换手机（接续码）")
    code = first.page.locator(".digits").inner_text()
    page = second.page
    page.goto(served.writer)
    page.get_by_role("button", name="我写过").click()
    field = page.locator("input[name=code]")
    box = field.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 640
    field.fill("12 34")
    page.locator("#bycode button").click()
    page.get_by_text("请填6位接续码").wait_for()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    for pasted in (wide, f"{code[:3]} {code[3:]}", f"接续码：{code}。10分钟内在另一部手机上输入，就能接着写。"):
        field.fill(pasted)
        assert field.input_value() == code
    page.locator("#bycode button").click()
    second.ready()
    second.wait_for_text("李建国")
    second.close()
    third = Phone(browser, served, width=360, height=640)  # has no link at all
    first.press("我的资料")
    first.press("换手机（接续码）")
    third.page.goto(served.url)
    third.page.get_by_role("button", name="用接续码接着写").click()
    third.page.locator("input[name=code]").fill(first.page.locator(".digits").last.inner_text())
    third.page.locator("#bycode button").click()
    third.ready()
    third.wait_for_text("两边写的是同一份稿子")
    first.close()
    third.close()


def test_a_case_has_ring_tasks_and_meter(writing: Phone) -> None:
    page = writing.page
    assert page.locator("#ringText").inner_text().startswith("0/")
    writing.type(HALF)
    assert page.locator("#count strong").inner_text() == str(count(HALF))
    page.locator("#list").click()
    sheet = page.locator("[role=dialog]")
    assert sheet.locator(".rows button").count() >= 3
    assert page.locator("main").get_attribute("inert") is not None
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "list"
    assert writing.box == HALF


def test_done_sends_the_box_and_goes_on_in_one_tap(writing: Phone) -> None:
    asked = writing.page.locator(".bot h2:visible").last.inner_text()
    writing.type("槐树村在石桥镇东南边，6个村民小组，412户1586人，出去打工的620多人，主要种花椒，留守老人多。" * 3)
    writing.press("写完了")
    assert writing.box == ""
    writing.page.wait_for_function(
        "old => [...document.querySelectorAll('.bot h2')].pop().innerText !== old", arg=asked
    )


def test_without_net_it_waits_and_then_goes_by_itself(writing: Phone) -> None:
    page = writing.page
    writing.context.set_offline(True)
    page.wait_for_function("() => document.getElementById('saved').dataset.s === 'offline'")
    assert "没网，先存手机" in writing.status
    writing.type("槐树村在石桥镇东南边")
    page.locator("#send").click()
    page.get_by_text("等网发送").wait_for()
    writing.type("6个村民小组")
    page.locator("#send").click()
    assert writing.box == ""
    writing.context.set_offline(False)
    page.wait_for_function("() => document.getElementById('saved').dataset.s === 'ok'")
    writing.open()
    said = [line for line in writing.transcript() if line in ("槐树村在石桥镇东南边", "6个村民小组")]
    assert said == ["槐树村在石桥镇东南边", "6个村民小组"]
    assert "哪一" not in writing.transcript()[-1]


def test_what_waited_survives_a_reload(writing: Phone) -> None:
    page = writing.page
    page.route("**/api/say", lambda route: route.abort())
    writing.type("六个村民小组都在河边")
    page.locator("#send").click()
    page.get_by_text("等网发送").wait_for()
    page.unroute("**/api/say")
    writing.open()
    writing.wait_for_text("六个村民小组都在河边")
    page.wait_for_function(
        "() => document.getElementById('saved').dataset.s === 'ok' && !document.querySelector('[data-cid]')"
    )
    assert writing.transcript().count("六个村民小组都在河边") == 1


def test_a_lost_answer_is_not_said_twice(writing: Phone) -> None:
    page = writing.page
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data)
        route.fetch()
        route.abort()

    page.route("**/api/say", lose)
    writing.type("只说一遍的话")
    page.locator("#send").click()
    page.wait_for_function(
        "() => document.getElementById('saved').dataset.s === 'ok' && !document.querySelector('[data-cid]')"
    )
    assert lost
    assert writing.transcript().count("只说一遍的话") == 1


def test_half_a_sentence_survives_a_reload_and_another_browser(writing: Phone) -> None:
    page = writing.page
    writing.type(HALF)
    page.wait_for_function("() => Object.keys(localStorage).some(k => k.startsWith('anlitong.box.'))")
    writing.open()
    assert writing.box == HALF
    with page.expect_response(lambda r: r.url.endswith("/api/typing")):
        writing.type(HALF + "再一件一件商量")
        page.locator("#box").blur()
    page.evaluate("localStorage.clear()")
    writing.open()
    assert writing.box == HALF + "再一件一件商量"


def test_sent_text_does_not_come_back_into_the_box(writing: Phone) -> None:
    with writing.page.expect_response(lambda r: r.url.endswith("/api/typing")):
        writing.type("槐树村在石桥镇东南边")
        writing.page.locator("#box").blur()
    writing.say("槐树村在石桥镇东南边，6个组")
    writing.open()
    assert writing.box == ""


def test_two_tabs_show_one_conversation(writing: Phone) -> None:
    other = writing.open_tab()
    other.goto(writing.served.url + "/chat")
    writing.ready(other)
    writing.say("第一张页面上写的")
    writing.wait_for_text("第一张页面上写的", other)
    assert other.locator("#log").get_by_text("第一张页面上写的").count() == 1
    assert other.locator("#count strong").inner_text() == writing.page.locator("#count strong").inner_text()


def test_two_devices_on_one_answer_lose_nothing(writing: Phone) -> None:
    one, two = "槐树村有6个村民小组。", "全村412户1586人。"
    other = writing.open_tab()
    other.goto(writing.served.url + "/chat")
    writing.ready(other)
    other.locator("#box").fill(two)
    writing.say(one)
    writing.wait_for_text(one, other)
    assert other.locator("#box").input_value() == two
    other.locator("#send").click()
    writing.wait_for_text(two)
    writing.page.wait_for_function(
        f"() => document.querySelector('#count strong').textContent === '{count(one + two)}'"
    )


def test_letters_still_in_the_keyboard_are_sent_as_text(writing: Phone) -> None:
    page = writing.page
    keyboard = writing.context.new_cdp_session(page)
    page.locator("#box").click()
    keyboard.send("Input.imeSetComposition", {"text": "石桥镇", "selectionStart": 3, "selectionEnd": 3})
    page.wait_for_function("() => document.getElementById('box').value === '石桥镇'")
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Process", "windowsVirtualKeyCode": 229})
    with writing.turn():
        page.locator("#send").click()
    writing.wait_for_text("石桥镇")
    assert writing.transcript().count("石桥镇") == 1
    assert writing.box == ""


def test_a_second_tap_without_net_is_the_same_tap(writing: Phone) -> None:
    writing.say("槐树村有6个村民小组，412户")
    writing.context.set_offline(True)
    writing.page.wait_for_function("() => document.getElementById('saved').dataset.s === 'offline'")
    for _ in range(3):
        writing.page.locator("#chips").get_by_text("上一问").click()
        writing.page.get_by_text("等网发送").first.wait_for()
    assert writing.page.get_by_text("等网发送").count() == 1
    writing.context.set_offline(False)
    writing.page.wait_for_function("() => document.getElementById('saved').dataset.s === 'ok'")


def test_nothing_a_person_writes_is_markup(writing: Phone) -> None:
    for text in XSS:
        writing.say(text)
        writing.wait_for_text(text)
    writing.open()
    for text in XSS:
        writing.wait_for_text(text)
    writing.page.locator("#chips").get_by_text("预览").click()
    writing.page.locator(".peek").last.wait_for()
    writing.page.locator(".peek").last.click()
    writing.page.locator(".leaf").first.wait_for()
    writing.page.locator(".sheet .top .btn").click()
    writing.page.locator(".desk.pages .leaf").first.wait_for()
    assert writing.page.evaluate("window.hit") is None
    assert writing.page.locator("#log script, #log img[src=x], .leaf script").count() == 0


def test_enter_makes_a_line_and_never_sends(writing: Phone) -> None:
    box = writing.page.locator("#box")
    box.click()
    box.press_sequentially("第一行")
    box.press("Enter")
    box.press_sequentially("第二行")
    assert writing.box == "第一行\n第二行"


def test_letters_grow_in_four_steps_and_stay(phone: Phone) -> None:
    phone.join()
    sizes = []
    for _ in range(4):
        sizes.append(phone.page.evaluate("getComputedStyle(document.documentElement).fontSize"))
        phone.page.locator("#font").click()
    assert sizes == ["18px", "21px", "25px", "30px"]
    phone.page.locator("#font").click()
    phone.open()
    assert phone.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "21px"


def _noise(width: int, height: int) -> bytes:
    """A picture that no packing makes smaller: three bytes a pixel."""
    return pictures.saved(
        Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3)), "PNG"
    )


def test_a_broken_upload_goes_on_where_it_stopped(writing: Phone, tmp_path: Path) -> None:
    page = writing.page
    path = tmp_path / "大图.png"
    path.write_bytes(_noise(340, 400))
    assert 300_000 < path.stat().st_size < 600_000
    seen: list[int] = []

    def cut(route: Any) -> None:
        seen.append(int(route.request.url.rsplit("=", 1)[1]))
        if len(seen) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/uploads/*?offset=*", cut)
    writing.send_pictures([path])
    assert seen[0] == 0 and seen[1] == seen[2] == 256 * 1024
    assert seen.count(0) == 1
    page.locator(".photos img").last.wait_for()


def test_a_large_photo_is_made_small_on_the_phone(writing: Phone, tmp_path: Path) -> None:
    path = tmp_path / "大照片.jpg"
    path.write_bytes(pictures.saved(pictures.scene(4000, 3000), "JPEG", quality=100, subsampling=0) + bytes(600 * 1024))
    with writing.page.expect_request(lambda r: r.url.endswith("/api/uploads")) as asked:
        writing.send_pictures([path])
    assert json.loads(asked.value.post_data or "{}")["size"] < path.stat().st_size


def test_a_picture_that_is_none_is_named_and_the_others_go(writing: Phone, tmp_path: Path) -> None:
    good = photos(tmp_path, 1)
    bad = tmp_path / "不是照片.jpg"
    bad.write_bytes(b"MZ" + bytes(3000))
    writing.send_pictures([bad, *good])
    assert "不是照片.jpg" in writing.page.locator("#notice").inner_text()
    assert writing.page.locator("#log .photos:not([data-cid]) img").count() == 1


LINES = [
    "",
    " \n ",
    "两行\n没有句号",
    "（一）抓组织",
    "1、分片包干\n每片一人。",
    "（2）议事，",
    "12.5公里的路",
    "一、头一条办法，说。",
    "，后来好了\n、；真的",
    "。。。",
    ", ok",
]


def test_the_count_is_the_same_in_the_browser(phone: Phone) -> None:
    table = json.loads((Path(__file__).parent / "count_table.json").read_text("utf-8"))
    phone.join()
    counted = phone.page.evaluate(
        """async table => {
            const base = document.querySelector('link[rel=modulepreload]').href.replace(/[^/]+$/, '');
            const { count, measure } = await import(base + 'count.js');
            return table.map(row => [count(row[0]), measure(row[0])]);
        }""",
        [*table, *([text, 0] for text in LINES)],
    )
    assert [n for n, _ in counted[: len(table)]] == [row[1] for row in table]
    assert [n for _, n in counted] == [measure(text) for text in [*(row[0] for row in table), *LINES]]


def _serious(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]


def test_nothing_serious_stands_in_the_way_of_a_screen_reader(writing: Phone) -> None:
    page = writing.page
    assert _serious(page) == []
    page.locator("#list").click()
    page.locator("[role=dialog]").wait_for()
    assert _serious(page) == []
    page.keyboard.press("Escape")
    writing.press("预览")
    page.locator(".peek").last.click()
    page.locator(".leaf").first.wait_for()
    assert _serious(page) == []
    page.goto(writing.served.writer)
    assert _serious(page) == []


@pytest.mark.parametrize(("width", "height", "step"), [(360, 640, 0), (360, 640, 3), (390, 844, 2), (195, 422, 0)])
def test_everything_fits(browser: Any, served: Served, width: int, height: int, step: int) -> None:
    phone = Phone(browser, served, width=width, height=height)
    phone.context.add_cookies([{"name": "fs", "value": str(step), "url": served.url}])
    phone.join()
    phone.begin_case()
    phone.press("从第1节开始")
    phone.type(HALF * 6)
    page = phone.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for target in ("#send", "#photo", "#font", "#list", "#chips button >> nth=0"):
        box = page.locator(target).bounding_box()
        assert box is not None, target
        assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1, target
        assert box["y"] >= 0 and box["y"] + box["height"] <= height + 1, target
        assert min(box["width"], box["height"]) >= (60 if step >= 2 and width > 379 else 48), target
    share = page.locator("#log").bounding_box()["height"] / height  # type: ignore[index]
    assert share >= (0.5 if width > 279 and step else 0.15)
    phone.type("")
    share = page.locator("#log").bounding_box()["height"] / height  # type: ignore[index]
    assert share >= (0.55 if width > 279 and step else 0.15)
    phone.close()
