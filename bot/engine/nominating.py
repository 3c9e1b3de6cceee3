"""自荐, a nomination: where the call allows it, a writer lays what one level did not recommend before the next one."""

from __future__ import annotations

from bot.engine.asking import NOTHING, command, on
from bot.engine.definition import deadline
from bot.engine.messages import Button, Nominated, Say
from bot.engine.route import Stop, level_of, stop_after, stops
from bot.engine.work import Work

FROM = ("not_recommended", "out_of_time")


def next_stop(w: Work, draft: int) -> Stop | None:
    """Who would read it; None where it may not be nominated (any more)."""
    edition, case = w.edition(draft), w.view.cases.get(draft)
    if edition is None or case is None or not edition.call.self_nomination or case.state not in FROM:
        return None
    unit, levels = w.person.unit or w.person.invited, w.view.levels
    root = levels[levels.index(unit.level) - len(unit.path) + 1]
    up = stop_after(stops(edition.call, unit.path, root, levels), case.level)
    return up if up is not None and w.now < deadline(edition, up.level, 0) else None


def offered(w: Work, draft: int) -> list[Button]:
    """The button, where it may be nominated."""
    return [Button(press=on("nominate", draft), key="nominate")] if next_stop(w, draft) else []


def told(w: Work, draft: int) -> Say:
    """What is said of it beside a refusal; nothing where the call knows no such way."""
    edition = w.edition(draft)
    if edition is None or not edition.call.self_nomination:
        return NOTHING
    up = next_stop(w, draft)
    return Say(key="nominate.may", params={"level": _title(w, draft, up)}) if up else Say(key="nominate.outside")


def ask(w: Work, draft: int) -> None:
    """[自荐]: what it means, before it is done."""
    up = next_stop(w, draft)
    if up is None:
        _late(w)
        return
    buttons = [Button(press=on("nominate_yes", draft), key="nominate_yes", strong=True), command("cases")]
    w.say("nominate.ask", title=w.drafts[draft].title, level=_title(w, draft, up), buttons=buttons)


def nominate(w: Work, draft: int) -> None:
    """[现在自荐]: it waits at the next level from now on, and uses no place of the one below."""
    up, case = next_stop(w, draft), w.view.cases.get(draft)
    if up is None or case is None:
        _late(w)
        return
    w.nominated = Nominated(draft=draft, case=case.id, n=case.n, level=up.level, path=up.path)
    w.event("case.nominated", draft, case=case.id, n=case.n)
    w.say(
        "nominate.done",
        number=case.number,
        level=_title(w, draft, up),
        buttons=[Button(press="cmd:another", key="another"), command("cases")],
    )


def _late(w: Work) -> None:
    w.say("nominate.late", buttons=[command("cases")])


def _title(w: Work, draft: int, up: Stop) -> str:
    """The next level's name, as the call has it."""
    edition = w.edition(draft)
    level = level_of(edition.call, up.level) if edition else None
    return level.title if level else up.path[-1]
