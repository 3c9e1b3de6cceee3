"""A cadre's whole way on the phone: from the link to the Word file, every question, five pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest

from bot.calls import load_all
from tests.browser import MANY, Phone, chromium, serving
from tests.pictures import jpeg
from tests.stories import invented

pytestmark = pytest.mark.browser
CAPTIONS = ["6月院坝会现场", "片长上门调解", "公示栏前念账", "修好的排水沟", "板凳会举手"]


@pytest.fixture(params=[(390, 844), (360, 640)], ids=["390x844", "360x640"])
def phone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Phone]:
    width, height = request.param
    with serving(tmp_path / "data", environ=MANY) as served, chromium() as browser:
        phone = Phone(browser, served, width=width, height=height)
        yield phone
        phone.close()


def _paragraphs(data: bytes) -> list[str]:
    return [p.text for p in docx.Document(io.BytesIO(data)).paragraphs if p.text.strip()]


def test_a_case_from_the_link_to_the_word_file(phone: Phone, tmp_path: Path) -> None:
    pictures = []
    for n in range(5):
        path = tmp_path / f"现场{n + 1}.jpg"
        path.write_bytes(jpeg(2400 + 16 * n, 1800 + 12 * n))
        pictures.append(path)
    call = load_all()["people"]
    texts = [f"第{n}问的回答。" + invented(230) for n in range(20)]
    phone.join()
    phone.begin_case("创新社会治理典型案例")
    phone.press("从第1节开始")
    for text in texts:
        phone.type(text)
        phone.press("写完了")
        if phone.has_button("够了，下一问"):
            phone.press("够了，下一问")
    phone.send_pictures(pictures)
    phone.wait_for_text("第1张拍的是什么")
    for caption in CAPTIONS:
        phone.say(caption)
    phone.press("都没有")
    for _ in range(3):
        phone.press("先跳过")
    phone.wait_for_text("六节都写齐了")
    phone.press("提交案例")
    while phone.has_button("确认"):
        phone.press("确认")
    phone.press("提交")
    phone.wait_for_text("已提交，编号 云溪")
    phone.wait_for_text("这是您的稿子")
    with phone.page.expect_download() as waiting:
        phone.page.get_by_text("下载Word").last.click()
    assert waiting.value.suggested_filename.endswith("-片长进院坝，小事不出片.docx")
    data = Path(str(waiting.value.path())).read_bytes()
    body = _paragraphs(data)
    assert body[0] == "片长进院坝，小事不出片"
    assert [b for b in body if b in texts] == texts
    for n, section in enumerate(call.sections[:5]):
        assert f"{'一二三四五'[n]}、{section.heading}" in body
    assert body[-5:] == [f"图{n}　{caption}" for n, caption in enumerate(CAPTIONS, 1)]
    assert len(docx.Document(io.BytesIO(data)).inline_shapes) == 5
    phone.press("撤回修改")
    phone.wait_for_text("已撤回")
    assert phone.faults == []
