"""anlitong invite: a link, its QR code on the terminal, and a page to print; all links, and taking one back."""

from __future__ import annotations

import argparse
import html
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.cli.common import FINE, Stop, in_house, out_of, print_json, print_table, say, scope_below
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.config import Settings
    from storage.commands import InviteSeen

_LONGEST_ID = 19  # digits


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `invite` or `invite ACTION`."""
    actions = {"": _make, "list": _list, "revoke": _revoke}
    return actions[args.action](args, wording)


# ---------------------------------------------------------------- make


def _make(args: argparse.Namespace, wording: Wording) -> int:
    """Makes the invite and prints what came of it."""

    async def work(house: House) -> int:
        from bot.acts import MakeInvite
        from bot.doors import Refusal

        made = await house.act(MakeInvite(unit=args.unit, role=args.role, uses=args.uses, days=args.days))
        if isinstance(made, Refusal):
            raise Stop(wording.say(made.key, **made.params))
        url = f"{base_url(house.settings)}/i/{made.result['link']}"
        if args.page:
            out_of(args.page, _page(url, made.result, house.settings, wording).encode(), wording)
        telegram = telegram_url(house.settings, str(made.result["link"]))
        if args.json:
            print_json({**made.result, "url": url, **({"telegram": telegram} if telegram else {})})
            return FINE
        say(_sentence(made.result, wording))
        say(url)
        if telegram:
            say(wording.say("cli.invite.telegram", url=telegram))
        for line in _notes(made.result, wording):
            say(line)
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


def telegram_url(settings: Settings, link: str) -> str:
    """The same link for Telegram; "" where the bot's name is not known."""
    bot = settings.telegram.bot
    return f"https://t.me/{bot}?start={link}" if bot else ""


def _sentence(result: Mapping[str, Any], wording: Wording) -> str:
    uses = result["uses"]
    key = "cli.invite.uses_one" if uses == 1 else "cli.invite.uses_some"
    return wording.say(
        "cli.invite.done",
        role=wording.say(f"cli.invite.{result['role']}"),
        unit=result["unit"],
        until=_until(result["until"], wording),
        uses="" if uses is None else wording.say(key, uses=uses),
    )


def _notes(result: Mapping[str, Any], wording: Wording) -> Iterator[str]:
    """What is easily overlooked: a link that anybody may use, and units that were new."""
    if result["uses"] != 1:
        yield wording.say("cli.invite.anybody", until=_until(result["until"], wording))
    names = tuple(path.rpartition("/")[2] for path in result["made"] if "/" in path)  # the root is the settings' own
    if names:
        yield wording.say("cli.invite.made", names=names)


def _until(at: datetime, wording: Wording) -> str:
    from bot.engine.messages import Moment

    return wording.say("cli.until_day", at=Moment(at=at, zone="Asia/Shanghai"))


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
        wording.say("cli.invite.page_until", until=_until(result["until"], wording)),
    )
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        "<style>body{font:20px/1.6 sans-serif;text-align:center;margin:3em 1em;overflow-wrap:anywhere}</style>"
        f"<h1>{html.escape(title)}</h1>{code}{body}</html>\n"
    )


# ---------------------------------------------------------------- list, revoke


def _list(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from storage import commands
        from storage.invites import make_link

        scope, now = await scope_below(house, args.unit, wording), house.world.now()
        seen = await house.readers.run(lambda c: commands.invites_seen(c, scope))
        shown = [one for one in seen if args.all or one.living(now)]
        urls = [f"{base_url(house.settings)}/i/{make_link(house.site_key, one.id, one.n)}" for one in shown]
        if args.json:
            print_json([{**_as_json(one, now), "url": url} for one, url in zip(shown, urls, strict=True)])
        elif shown:
            head = wording.say("cli.invite.list.head").split("|")
            print_table(head, [_row(one, url, now, wording) for one, url in zip(shown, urls, strict=True)])
        else:
            say(wording.say("cli.invite.list.none"))
        return FINE

    return in_house(args, work)


def _as_json(one: InviteSeen, now: datetime) -> dict[str, Any]:
    return {
        "invite": one.id,
        "unit": one.unit,
        "role": one.role,
        "personal": one.personal,
        "uses_left": one.uses_left,
        "until": one.expires_at,
        "revoked": one.revoked,
        "living": one.living(now),
        "came": one.came,
        "name": one.name or "",
    }


def _row(one: InviteSeen, url: str, now: datetime, wording: Wording) -> tuple[str, ...]:
    """A line of the table; a link that opens nothing is not shown."""

    def told(key: str, **gaps: Any) -> str:
        return wording.say(f"cli.invite.list.{key}", **gaps)

    if one.personal:
        left = told("personal")
    else:
        left = told("unlimited") if one.uses_left is None else told("left", left=one.uses_left)
    came = one.name or (told("came", came=one.came) if one.came else told("nobody"))
    until = _until(one.expires_at, wording) if one.expires_at else told("unlimited")
    void = told("revoked") if one.revoked else told("over")
    role = wording.say(f"cli.invite.{one.role}")
    return one.unit, role, left, until, came, url if one.living(now) else void


def _revoke(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from bot.acts import RevokeInvite
        from bot.doors import Refusal
        from storage import invites

        link = args.link.strip().rstrip("/").rpartition("/")[2]
        if link.isascii() and link.isdigit() and len(link) <= _LONGEST_ID:
            id = int(link)
        else:
            found = await house.readers.run(lambda c: invites.find(c, house.site_key, link))
            id = found.invite.id if found else 0
        revoked = await house.act(RevokeInvite(invite=id))
        if isinstance(revoked, Refusal):
            raise Stop(wording.say(revoked.key, **revoked.params))
        role = wording.say(f"cli.invite.{revoked.result['role']}")
        say(wording.say("cli.invite.revoke.done", unit=revoked.result["unit"], role=role))
        return FINE

    return in_house(args, work)
