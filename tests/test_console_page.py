"""The workbench in a real browser on the program as it is started: a whole morning at the county's desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser import Served
from tests.pictures import jpeg

TEXT = """背景与起因
全村412户1586人，2023年有纠纷57起，留守老人多，遇事找不到人。
一是分片定人，把责任落到院坝。一片片长王某某13800006041，有事先找他。𠮷家院子也一样。
做法与经过
二是按月议事，把话说在院坝。"""
VILLAGES = ("槐树村", "龙井村", "青山村")


class Desk:
    """The county's coordinator before a screen; what the page complains of is collected."""

    def __init__(self, browser: Any, served: Served) -> None:
        self.served = served
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._look_at)

    def _look_at(self, request: Any) -> None:
        if not request.url.startswith((self.served.url, "data:", "blob:")):
            self.faults.append(request.url)

    def come(self) -> None:
        """By the coordinator's link, who says their name first."""
        self.page.goto(self.served.links[1])
        self.page.locator("button.btn.go").first.click()
        self.page.wait_for_url("**/console**")
        self.page.locator("dialog [name=name]").fill("周敏")
        self.page.locator("dialog [name=phone]").fill("13900001111")
        self.submit()

    def submit(self) -> None:
        """Sends the dialog, which closes."""
        self.page.locator("dialog button[type=submit]").click()
        self.page.locator("dialog[open]").wait_for(state="detached")

    def enter(self, village: str, title: str) -> None:
        """A case that came on paper."""
        self.page.get_by_role("button", name="代录", exact=True).click()
        self.fill_in(village, title)

    def fill_in(self, village: str, title: str, name: str = "李建国") -> None:
        """The dialog of a case that came on paper; it is sent, and the case stands open."""
        page = self.page
        page.locator("dialog [name=unit]").fill(f"云溪县/石桥镇/{village}")
        page.locator("dialog [name=name]").fill(name)
        page.locator("dialog [name=title]").fill(title)
        page.locator("dialog [name=text]").fill(TEXT)
        self.submit()
        page.locator(".rh h2", has_text=title).wait_for()

    def count(self, queue: str) -> str:
        """The number beside a queue."""
        return str(self.page.locator(f"[data-queue={queue}] b").inner_text())

    def until(self, queue: str, count: str) -> None:
        """Waits for the number."""
        self.page.locator(f"[data-queue={queue}] b", has_text=count).wait_for()


@contextmanager
def sitting(browser: Any, served: Served) -> Iterator[Desk]:
    """Somebody who has come; at the end the page has complained of nothing."""
    one = Desk(browser, served)
    one.come()
    yield one
    assert one.faults == []
    one.context.close()


@pytest.fixture(scope="module")
def desk(browser: Any, served: Served) -> Iterator[Desk]:
    """A desk with three cases on it."""
    with sitting(browser, served) as one:
        for n, village in enumerate(VILLAGES, 1):
            one.enter(village, f"第{n}个案例")
        one.until("mine", "3")
        yield one


def serious(page: Any) -> list[str]:
    """What stands in the way of a screen reader."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]


def test_a_tapped_sentence_is_commented_and_the_case_returned(desk: Desk) -> None:
    """The sentence under the pointer is quoted; its comment has a number there; the return carries it away."""
    page = desk.page
    page.locator(".it .go", has_text="第1个案例").click()
    page.locator(".rh h2", has_text="第1个案例").wait_for()
    paragraph = page.locator("p[data-block]", has_text="一片片长")
    paragraph.click(position={"x": 300, "y": 50})
    quote = page.locator(".cm.new .s").inner_text()
    page.locator(".cm.new textarea").first.fill("请删去个人电话")
    page.locator(".cm.new textarea").nth(1).fill("电话在村务栏公示")
    page.locator(".cm.new .b.strong").click()
    page.locator("mark[data-comment]").wait_for()
    assert page.locator("mark[data-comment]").inner_text() in quote
    assert page.locator("p[data-block] .nn").get_attribute("data-i") == "1"
    page.keyboard.press("r")
    page.locator("dialog[open]").wait_for()
    assert "请删去个人电话" in page.locator("dialog").inner_text()
    desk.submit()
    desk.until("returned", "1")
    assert desk.count("mine") == "2"


def test_letters_outside_the_plane_do_not_move_a_comment(desk: Desk) -> None:
    """A rare character counts once, as on the server: what stands behind it is quoted exactly."""
    page = desk.page
    page.locator("[data-queue=mine]").click()
    page.locator(".it .go", has_text="第2个案例").click()
    page.locator(".rh h2", has_text="第2个案例").wait_for()
    page.locator("p[data-block]", has_text="𠮷家").evaluate(
        """p => {
            const range = document.createRange();
            const at = p.firstChild.textContent.indexOf('院子也一样');
            range.setStart(p.firstChild, at);
            range.setEnd(p.firstChild, at + 5);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }"""
    )
    page.locator("p[data-block]", has_text="𠮷家").dispatch_event("mouseup")
    page.locator(".cm.new textarea").first.fill("哪家")
    page.locator(".cm.new .b.strong").click()
    page.locator("mark[data-comment]").wait_for()
    assert page.locator("mark[data-comment]").inner_text() == "院子也一样"


def test_by_keys_alone_from_list_to_passed(desk: Desk) -> None:
    """J, A: the next case is opened and passed, not the one still shown; letters typed into a field do nothing else."""
    page = desk.page
    assert "第2个案例" in page.locator(".rh h2").inner_text()
    page.locator("#q").focus()
    page.keyboard.type("ja")
    page.keyboard.press("Escape")
    assert desk.count("passed") == "0"
    page.locator("#q").fill("")
    page.keyboard.press("Escape")
    page.locator("[data-queue=mine]").click()
    page.locator("#title", has_text="待我审").wait_for()
    held: list[Any] = []
    page.route("**/api/console/case/*", lambda route: held.append(route), times=1)
    with page.expect_request("**/api/console/case/*"):
        page.keyboard.press("j")
    page.keyboard.press("a")  # while the next case is on its way: it decides nothing
    while not held:
        page.evaluate("0")  # a way there and back, on which the request may be met
    held[0].continue_()
    page.locator(".rh h2", has_text="第2个案例").wait_for(state="detached")
    page.locator("[data-act=pass]").wait_for()
    assert desk.count("passed") == "0"
    page.keyboard.press("a")
    desk.until("passed", "1")
    page.locator("[data-queue=passed]").click()
    page.locator("#title", has_text="已通过").wait_for()
    page.locator(".it .go").first.click()
    page.locator("[data-act=recommend]").click()
    desk.until("up", "1")


def test_what_is_refused_in_a_dialog_is_said_there(desk: Desk) -> None:
    """A unit that there is not: one sentence in the dialog, and what was typed stays."""
    page = desk.page
    page.get_by_role("button", name="代录", exact=True).click()
    for name, text in (("unit", "云溪县/没有镇/没有村"), ("name", "李"), ("title", "题"), ("text", "正文")):
        page.locator(f"dialog [name={name}]").fill(text)
    page.locator("dialog button[type=submit]").click()
    page.locator("dialog .bad", has_text="没有找到").wait_for()
    assert page.locator("dialog [name=text]").input_value() == "正文"
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def test_what_is_no_number_and_what_is_missing_is_said(desk: Desk) -> None:
    """An empty field and letters in a field of digits are each told in a sentence, and nothing is sent."""
    page = desk.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="代录", exact=True).click()
    page.locator("dialog button[type=submit]").click()
    page.locator("dialog .bad", has_text="请填“单位”").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.locator(".who").click()
    page.locator("dialog [name=pin]").fill("一二三四")
    page.locator("dialog button[type=submit]").click()
    page.locator("dialog .bad", has_text="只填数字").wait_for()
    assert sent == []
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def test_a_check_leads_to_its_place_and_a_phrase_comes_and_goes(desk: Desk) -> None:
    """The phone number is tapped, the comment is about it; a saying is kept, used, and dropped again."""
    page = desk.page
    page.locator("[data-queue=all]").click()
    page.locator(".it .go", has_text="第2个案例").click()
    page.locator(".rh h2", has_text="第2个案例").wait_for()
    page.locator(".ck li.w button").click()
    assert "13800006041" in page.locator(".cm.new .s").inner_text()
    page.locator(".cm.new textarea").first.fill("电话请不要印出来")
    page.get_by_role("button", name="存为常用").click()
    page.locator("#notice:not([hidden])").wait_for()
    page.reload()
    page.locator(".ck li.w button").click()
    chip = page.locator(".ph button", has_text="电话请不要印出来")
    chip.first.wait_for()
    page.locator(".ph .x").click()
    chip.first.wait_for(state="detached")
    page.locator(".cm.new").get_by_role("button", name="先不办").click()


def test_the_sealed_scan_is_laid_beside_and_taken_away(desk: Desk) -> None:
    """Chosen, named under the case, and gone after a question."""
    page = desk.page
    page.get_by_role("button", name="放盖章件").click()
    page.locator("dialog [name=files]").set_input_files(
        {"name": "盖章.jpg", "mimeType": "image/jpeg", "buffer": jpeg(900, 700)}
    )
    desk.submit()
    page.locator("aside a", has_text="盖章.jpg").wait_for()
    page.get_by_role("button", name="取走", exact=True).click()
    desk.submit()
    page.locator("aside a", has_text="盖章.jpg").wait_for(state="detached")


def test_the_books_open_at_their_head(desk: Desk) -> None:
    """All that was done here, the newest first; a screen reader finds nothing in its way."""
    page = desk.page
    page.get_by_role("button", name="操作记录").click()
    page.locator("dialog .hist li").first.wait_for()
    assert page.evaluate("document.querySelector('dialog').scrollTop") == 0
    assert "取走附件" in page.locator("dialog .hist li").first.inner_text()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def test_the_list_is_narrowed_by_category(desk: Desk) -> None:
    """Chosen above the list, kept in the address, and taken back."""
    page = desk.page
    page.locator("[data-queue=all]").click()
    page.locator(".it .go", has_text="第1个案例").wait_for()
    options = page.locator("#category option")
    assert options.count() > 2
    page.select_option("#category", index=1)
    page.locator(".it .go", has_text="第1个案例").wait_for(state="detached")
    assert "category=" in page.url
    page.select_option("#category", index=0)
    page.locator(".it .go", has_text="第1个案例").wait_for()


def test_a_screen_reader_finds_its_way(desk: Desk) -> None:
    """The desk, a case, a dialog, the people."""
    page = desk.page
    page.locator("[data-queue=all]").click()
    page.locator(".it .go").first.click()
    page.locator("article.page").wait_for()
    assert serious(page) == []
    page.get_by_role("button", name="单位和人员").click()
    page.locator("dialog table").first.wait_for()
    assert serious(page) == []
    assert page.locator("dialog").get_by_role("button", name="名额", exact=True).count() == 0  # her own county's
    page.get_by_role("button", name="延期", exact=True).click()
    assert page.locator("dialog #list-unit option").count() > 3
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.get_by_role("button", name="单位和人员").click()
    page.locator("dialog table").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (360, 640)])
def test_on_a_phone_one_thing_at_a_time(desk: Desk, width: int, height: int) -> None:
    """List, case and queues each fill the screen; nothing is wider than it; the way back leads to the list."""
    page = desk.page
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{desk.served.url}/console?queue=all")
    page.locator(".it .go").first.click()
    page.locator("article.page").wait_for()
    assert page.locator(".list").is_hidden() and page.locator("#rail").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="返回列表").click()
    page.locator(".it .go").first.wait_for()
    assert page.locator("#reader").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#menu").click()
    page.locator("[data-queue=mine]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_picture_stands_beside_what_is_written_of_it(desk: Desk) -> None:
    """In the card while it is written and afterwards; the list counts the comment at once, and forgets it at once."""
    page = desk.page
    page.goto(f"{desk.served.url}/console?queue=all")
    page.get_by_role("button", name="代录", exact=True).click()
    page.locator("dialog [name=files]").set_input_files(
        {"name": "院坝会.jpg", "mimeType": "image/jpeg", "buffer": jpeg(900, 700)}
    )
    desk.fill_in("龙井村", "带照片的案例")
    page.get_by_role("tab", name="照片1张").click()
    page.get_by_role("button", name="对这张写意见").click()
    page.locator(".cm.new img").wait_for()
    page.locator(".cm.new textarea").first.fill("请换一张清楚的")
    page.locator(".cm.new .b.strong").click()
    page.locator(".cm[data-comment] img").wait_for()
    row = page.locator(".it", has_text="带照片的案例")
    row.locator(".tag", has_text="1条意见没发").wait_for(timeout=2500)
    page.locator(".cm[data-comment] button", has_text="删").click()
    row.locator(".tag", has_text="意见没发").wait_for(state="detached", timeout=2500)


def test_one_number_stands_in_the_head_and_it_can_be_called(desk: Desk) -> None:
    """Not hidden and told at once."""
    page = desk.page
    page.get_by_role("button", name="代录", exact=True).click()
    page.locator("dialog [name=phone]").fill("13900002217")
    desk.fill_in("青山村", "有电话的案例", "吴芳")
    head = page.locator(".rh").inner_text()
    assert head.count("2217") == 1 and page.locator(".rh a[href='tel:13900002217']").count() == 1


@pytest.mark.parametrize("width", [1920, 1440, 1280, 1100, 390])
def test_the_date_above_is_whole(desk: Desk, width: int) -> None:
    """What is left of the time can be read at every width, and nothing is pushed off the screen for it."""
    page = desk.page
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.served.url}/console?queue=all")
    page.locator("#due", has_text="还有").wait_for()
    cut = "e => e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > innerWidth"
    assert not page.locator("#due").evaluate(cut)
    assert page.locator("#due").evaluate("e => e.getBoundingClientRect().height <= 58")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert width <= 900 or page.locator(".who").evaluate("e => e.getBoundingClientRect().right <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_whoever_stands_in_is_named_and_the_day_is_asked_for(desk: Desk) -> None:
    """The form says what happens; without a person or a day nothing is sent, and a sentence says what is missing."""
    page = desk.page
    page.goto(f"{desk.served.url}/console?queue=all")

    def one_more(route: Any) -> None:
        told = route.fetch().json()
        told["people"].append(
            {**told["people"][0], "id": "zz9", "name": "陈静", "unit": "石桥镇", "path": "云溪县/石桥镇"}
        )
        route.fulfill(json=told)

    page.route("**/api/console/people*", one_more, times=1)
    page.get_by_role("button", name="单位和人员").click()
    page.locator("dialog tr", has_text="周敏").get_by_role("button", name="请人代办").first.click()
    dialog = page.locator("dialog")
    dialog.locator("h2", has_text="周敏请假，请人代办").wait_for()
    assert "到了日子自动停" in dialog.inner_text()
    dialog.locator("button[type=submit]").click()
    dialog.locator(".bad", has_text="请先选好“请谁代办”").wait_for()
    dialog.locator("select[name=person]").select_option(label="陈静（石桥镇）")
    dialog.locator("button[type=submit]").click()
    dialog.locator(".bad", has_text="请先选好“代办到哪一天”").wait_for()
    dialog.locator("[name=until]").fill("2027-01-31")
    with page.expect_request("**/api/console/act") as sent:
        dialog.locator("button[type=submit]").click()
    asked = sent.value.post_data_json
    assert (asked["person"], asked["unit"]) == ("zz9", "云溪县")
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def test_who_has_no_link_is_given_one_before_the_text_is_copied(desk: Desk) -> None:
    """It is told above the texts how many of them hold no link; one tap puts the links in."""
    page = desk.page
    page.goto(f"{desk.served.url}/console?queue=all")
    page.locator("#tools").get_by_role("button", name="催交").click()
    page.locator("dialog .bare", has_text="还没有链接").wait_for()
    assert "找我要" not in page.locator("dialog").inner_text()
    page.get_by_role("button", name="给没有链接的发链接").click()
    page.locator("dialog .bare").wait_for(state="detached")
    assert "/i/" in page.locator("dialog .ntext").first.inner_text()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
