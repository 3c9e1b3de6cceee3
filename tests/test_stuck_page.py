"""The page of a link that opens nothing, on a phone: what happened, and what to do next."""

from __future__ import annotations

from tests.browser import Phone


def test_a_wrong_link_says_what_to_do_next(phone: Phone) -> None:
    """A short sentence, the steps, the way on by a code; nothing is wider than the screen."""
    page = phone.page
    page.goto(f"{phone.served.url}/i/AAAAAAAAAAAAAAAAAAAA")
    assert page.locator("h1").inner_text() == "这个链接打不开"
    steps = page.locator(".stuck li").all_inner_texts()
    assert len(steps) == 3 and "少一个字都打不开" in steps[0] and "要一个新的" in steps[1] and "接续码" in steps[2]
    assert page.locator(".stuck").evaluate("e => e.getBoundingClientRect().bottom <= innerHeight")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="用接续码接着写").click()
    page.locator("#first").wait_for()
