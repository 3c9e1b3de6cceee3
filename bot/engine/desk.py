"""Who reviews cases, met in a conversation: their queue in numbers, and where the work is done."""

from __future__ import annotations

from bot.engine import news
from bot.engine.asking import NOTHING
from bot.engine.messages import Button, Done, Say, Want
from bot.engine.news import DESK, DIGEST
from bot.engine.work import Work


def ask(w: Work) -> None:
    """Has it counted, beside the turn: the numbers of a province are no work for it."""
    w.wants.append(Want(job=DESK, args={}))


def tell(w: Work, done: Done) -> None:
    """The numbers, and where the work is done."""
    known = done.result
    if DIGEST in done.args:
        news.digest(w, done)
        return
    if not known:
        w.say("desk.trouble")
        return
    if "rows" not in known:
        w.say("desk.nothing", where=_where(w))
        return
    rows = tuple({"label": row["label"], "count": row["count"]} for row in known["rows"])
    more = tuple({"text": known[name]} for name in ("quota", "due") if known.get(name))
    w.say("desk.queue", title=known["title"], rows=rows, more=more, where=_where(w))


def help_me(w: Work) -> None:
    """What an officer who does not write can say here, and whom to phone."""
    office = w.office()
    contact = Say(key="desk.contact", params={"contact": office.contact, "phone": office.phone}) if office else NOTHING
    w.say("desk.help", where=_where(w), contact=contact, buttons=[Button(press="cmd:progress", key="queue")])


def _where(w: Work) -> Say:
    home = w.view.home
    return Say(key="greet.desk" if home else "greet.desk_here", params={"home": home})
