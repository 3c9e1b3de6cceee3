"""What is seen and said on the page while a case is written, in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import pictures
from tests.browser import HALF, MANY, Phone, photos, serving
from tests.homes import environment

pytestmark = pytest.mark.browser


def test_every_question_has_its_own_half_text(writing: Phone) -> None:
    page = writing.page
    writing.type(HALF)
    other = writing.open_tab()
    other.goto(writing.served.url + "/chat")
    writing.ready(other)
    with other.expect_response(lambda r: r.url.endswith("/api/say")):
        other.locator("#list").click()
        other.locator(".sheet .rows button").nth(2).click()
    page.wait_for_function("() => document.getElementById('place').textContent.startsWith('三、')")
    assert writing.box == ""
    writing.type("第三节的半句")
    page.locator("#list").click()
    with writing.turn():
        page.locator(".sheet .rows button").first.click()
    assert writing.box == HALF
    page.locator("#list").click()
    with writing.turn():
        page.locator(".sheet .rows button").nth(2).click()
    assert writing.box == "第三节的半句"


def test_a_new_section_is_announced_in_the_talk(writing: Phone) -> None:
    rules = writing.page.locator(".rule:visible")
    assert rules.all_inner_texts() == ["一、案例背景"]
    writing.press("先跳过")
    assert rules.count() == 1
    writing.page.locator("#list").click()
    with writing.turn():
        writing.page.locator(".sheet .rows button").nth(1).click()
    assert rules.all_inner_texts() == ["一、案例背景", "二、主要做法"]
    writing.open()
    assert rules.all_inner_texts()[-1] == "二、主要做法"


def test_what_the_question_offers_stands_once(writing: Phone) -> None:
    page = writing.page
    writing.say("槐树村有6个村民小组")
    for labels in (("写完了",), ("跳过", "先跳过")):
        assert sum(page.get_by_role("button", name=label, exact=True).count() for label in labels) == 1
    page.evaluate("document.getElementById('chips').scrollLeft = 999")
    writing.press("帮助")
    assert page.evaluate("document.getElementById('chips').scrollLeft") == 0
    page.locator("#list").click()
    with writing.turn():
        page.locator(".sheet .rows button").last.click()
    assert page.get_by_role("button", name="选照片").count() == 1
    assert page.get_by_role("button", name="跳过").count() == 1


def _in_view(phone: Phone) -> bool:
    """Whether the newest message begins within the log."""
    return bool(
        phone.page.evaluate(
            """() => {
                const log = document.getElementById('log').getBoundingClientRect();
                const all = [...document.querySelectorAll('#log > [data-seq]')].filter(one => !one.hidden);
                const last = all[all.length - 1].getBoundingClientRect();
                return last.top >= log.top && last.top < log.bottom - 40;
            }"""
        )
    )


def test_the_newest_message_is_in_view_after_loading_and_sending(writing: Phone) -> None:
    writing.page.set_viewport_size({"width": 360, "height": 640})
    for n in range(5):
        writing.say(f"第{n}句，槐树村在石桥镇东南边。" * 4)
        assert _in_view(writing)
        writing.open()
        assert _in_view(writing)
    writing.press("写完了")
    writing.press("帮助")
    writing.open()
    assert _in_view(writing)


def test_who_reads_above_is_not_pulled_down(writing: Phone) -> None:
    page = writing.page
    other = writing.open_tab()
    other.goto(writing.served.url + "/chat")
    writing.ready(other)
    page.bring_to_front()
    page.mouse.move(200, 300)
    page.mouse.wheel(0, -9000)
    page.wait_for_function("() => document.getElementById('log').scrollTop === 0")
    other.locator("#box").fill("另一张页面上写的")
    other.locator("#send").click()
    page.locator(".newer").wait_for()
    assert page.evaluate("document.getElementById('log').scrollTop") == 0
    page.locator(".newer").click()
    assert _in_view(writing)
    assert page.locator(".newer").is_hidden()


def test_the_small_leaf_looks_like_the_document(writing: Phone) -> None:
    writing.say("槐树村有6个村民小组，412户1586人。")
    writing.press("预览")
    leaf = writing.page.locator(".a4").last
    leaf.get_by_text("一、案例背景").wait_for()
    shown = leaf.locator("h3, h4, p").all_inner_texts()
    writing.page.locator(".peek").last.click()
    writing.page.locator(".leaf h4").first.wait_for()
    assert writing.page.locator(".leaf").locator("h3, h4, p").all_inner_texts()[: len(shown)] == shown
    assert writing.page.locator(".leaf h4").count() == leaf.locator("h4").count()


def test_whole_pictures_stand_at_the_right_edge(writing: Phone, tmp_path: Path) -> None:
    upright = tmp_path / "竖着拍.jpg"
    upright.write_bytes(pictures.jpeg(900, 1600))
    writing.send_pictures([upright, *photos(tmp_path, 2)])
    tiles = writing.page.locator("#log > .photos .ph")
    log = writing.page.locator("#log").bounding_box()
    boxes = [tile.bounding_box() for tile in tiles.all()]
    assert log is not None and len(boxes) == 3 and all(boxes)
    assert len({(round(box["width"]), round(box["height"])) for box in boxes if box}) == 1
    assert max(box["x"] + box["width"] for box in boxes if box) == log["x"] + log["width"] - 12
    assert tiles.first.locator("img").evaluate("one => getComputedStyle(one).objectFit") == "contain"


def test_what_can_never_be_sent_is_told_once_and_not_offered_again(writing: Phone, tmp_path: Path) -> None:
    bad = tmp_path / "不是照片.jpg"
    bad.write_bytes(b"MZ" + bytes(3000))
    writing.send_pictures([bad])
    assert writing.page.locator("body").inner_text().count("不是照片.jpg") == 1
    assert "请" in writing.page.locator("#notice").inner_text()
    assert not writing.has_button("再发一次")
    writing.open()
    assert "不是照片.jpg" not in writing.page.locator("body").inner_text()


def test_a_refused_way_back_is_not_offered_again(browser: Any, tmp_path: Path) -> None:
    with serving(tmp_path / "data", environ={**MANY, **environment(tmp_path)}) as served:
        phone = Phone(browser, served)
        phone.join()
        phone.introduce()
        phone.say("片长进院坝，小事不出片")
        phone.press("就用这个")
        phone.press("从第1节开始")
        phone.type("每月5号晚上开院坝会，一户来一个人，把烦心事一件一件议完。" * 4)
        phone.press("写完了")
        phone.send_pictures(photos(tmp_path, 1))
        phone.say("6月院坝会现场")
        phone.press("都没有")
        phone.press("提交案例")
        phone.press("确认")
        phone.press("提交")
        phone.wait_for_text("已提交，编号")
        number = re.findall(r"编号 (\S+?)，", phone.page.locator("#log").inner_text())[-1]
        phone.context.set_offline(True)
        phone.button("撤回修改").click()
        phone.wait_for_text("等网发送")
        paper = [sys.executable, "-m", "bot", "paper", number, "-o", str(tmp_path / "case.docx"), "--read"]
        paper += ["--data", str(tmp_path / "data")]
        subprocess.run(paper, check=True, env={**os.environ, **environment(tmp_path)})
        phone.context.set_offline(False)
        phone.wait_for_text("不能撤回")
        assert not phone.has_button("撤回修改")
        phone.open()
        assert not phone.has_button("撤回修改")
        assert phone.faults == []
        phone.close()


def test_after_erasure_nothing_old_is_left_to_tap(writing: Phone) -> None:
    page = writing.page
    other = writing.open_tab()
    other.goto(writing.served.url + "/chat")
    writing.ready(other)
    other.locator("#box").fill(HALF)
    writing.type(HALF)
    writing.press("我的资料")
    writing.press("删除我的资料")
    writing.press("确定删除")
    for tab in (page, other):
        tab.get_by_text("已经删除").wait_for()
        assert tab.locator("#log button:visible").all_inner_texts() == ["重新开始"]
        assert tab.locator("#list").is_hidden() and tab.locator("#box").is_hidden()
        assert tab.locator("#box").input_value() == ""
    assert page.evaluate("Object.keys(localStorage)") == []
    page.goto(writing.served.writer)
    assert page.locator("#first button").all_inner_texts() == ["第一次来", "我写过"]
    page.locator("#first button").first.click()
    writing.ready()
    assert writing.has_button("同意，开始")


def test_an_option_says_what_it_means(phone: Phone) -> None:
    phone.join()
    phone.introduce()
    with phone.turn():
        phone.page.locator(".choice [data-press]:visible").first.click()
    phone.say("片长进院坝，小事不出片")
    phone.press("就用这个")
    option = phone.page.locator(".btn.noted").first
    assert option.inner_text().split("\n") == ["乡镇（街道）服务管理", "乡镇、街道一级怎么管事、怎么办事"]
    with phone.turn():
        option.click()
    assert "乡镇（街道）服务管理" in phone.transcript()
