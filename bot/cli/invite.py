"""anlitong invite: a link, its QR code on the terminal, and a page to print."""

from __future__ import annotations

import argparse
import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.common import FINE, Stop, in_house, out_of, print_json, say
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.config import Settings


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Makes the invite and prints what came of it."""

    async def work(house: House) -> int:
        from bot.doors import Refusal
        from bot.office import MakeInvite

        made = await house.act(MakeInvite(unit=args.unit, role=args.role, uses=args.uses, days=args.days))
        if isinstance(made, Refusal):
            raise Stop(wording.say(made.key, **made.params))
        url = f"{base_url(house.settings)}/i/{made.result['link']}"
        if args.page:
            out_of(args.page, _page(url, made.result, house.settings, wording).encode(), wording)
        if args.json:
            print_json({**made.result, "url": url})
            return FINE
        say(_sentence(made.result, wording))
        say(url)
        say(_on_terminal(url))
        if args.page:
            say(wording.say("cli.invite.page_done", file=args.page))
        return FINE

    return in_house(args, work)


def base_url(settings: Settings, port: int = 0) -> str:
    """Where the page is reached, without a final slash."""
    site = settings.site
    host = "127.0.0.1" if site.host in ("", "0.0.0.0", "::") else site.host
    shown = f"[{host}]" if ":" in host else host
    return site.url or f"http://{shown}:{port or site.port}"


def _sentence(result: Mapping[str, Any], wording: Wording) -> str:
    uses = result["uses"]
    key = "cli.invite.uses_one" if uses == 1 else "cli.invite.uses_some"
    return wording.say(
        "cli.invite.done",
        role=wording.say(f"cli.invite.{result['role']}"),
        unit=result["unit"],
        until=_until(result, wording),
        uses="" if uses is None else wording.say(key, uses=uses),
    )


def _until(result: Mapping[str, Any], wording: Wording) -> str:
    from bot.engine.messages import Moment

    return wording.say("cli.until_day", at=Moment(at=result["until"], zone="Asia/Shanghai"))


def _on_terminal(url: str) -> str:
    import segno

    out = io.StringIO()
    segno.make(url, micro=False).terminal(out=out, compact=True)
    return out.getvalue().rstrip("\n")


def _page(url: str, result: Mapping[str, Any], settings: Settings, wording: Wording) -> str:
    """One sheet by itself: the code as an inline picture, nothing to load."""
    import segno

    title = wording.say("cli.invite.page_title", unit=result["unit"], name=settings.site.name)
    code = segno.make(url, micro=False).svg_inline(scale=8)
    lines = (
        wording.say("cli.invite.page_scan"),
        url,
        wording.say("cli.invite.page_until", until=_until(result, wording)),
    )
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        "<style>body{font:20px/1.6 sans-serif;text-align:center;margin:3em 1em;overflow-wrap:anywhere}</style>"
        f"<h1>{html.escape(title)}</h1>{code}{body}</html>\n"
    )
