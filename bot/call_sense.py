"""Whether a call file as a whole makes sense: ids, sums of limits, the order of dates, the route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from bot.call_check import Clean, Report, sentences, walk
from bot.call_schema import PROFILE, RESERVED_SECTIONS
from bot.engine.dates import DateRule, coming, end_of_day, start_of_day
from bot.engine.definition import OFFICE_STATES, TRACK, WRITING_STATES
from bot.engine.nudging import SENTENCES
from bot.errors import Mistake
from bot.wording import Wording
from bot.workdays import china, known_until

_HALF_A_YEAR = timedelta(days=184)
_INSTANT = timedelta(microseconds=1)
_SOME_DAY = datetime(2024, 12, 31, 12, tzinfo=UTC)
_ONLY_IN_CALLS = ("section", "pictures", "material", "declaration", "level", "due")


def check(raw: Mapping[str, object], file: str, now: datetime | None = None) -> tuple[Clean, tuple[Mistake, ...]]:
    """A parsed file's fit values and all that is to be said about it, hints included.

    `now` (aware): dates are looked at as an edition opened then would have them.
    """
    report = Report(file)
    clean = walk(raw, "call", "", report)
    _unique(_question_ids(clean), report)
    if clean.get("id") == PROFILE:
        for name in _ONLY_IN_CALLS:
            if name in clean:
                report.say(name, "profile_extra", name=name)
    else:
        _whole_call(clean, raw, report, now)
    return clean, tuple(report.found)


def _whole_call(clean: Clean, raw: Mapping[str, object], report: Report, now: datetime | None) -> None:
    sections = clean.get("section", [])
    # What is there and unfit has been named by the walk; it is not missing as well.
    if ("head" in clean or "head" not in raw) and "title" not in (q.get("id") for q in clean.get("head", ())):
        report.say("head", "no_title_question")
    if not sections and ("section" in clean or "section" not in raw):
        report.say("section", "no_sections")
    _section_ids(sections, report)
    _unique(_ids(clean.get("level", ()), "level"), report)
    _tracks(sections, clean, report)
    for n, section in enumerate(sections, 1):
        _sums(section.get("question", ()), section, f"section[{n}].limit", report)
    _route(clean, raw, report, now)
    _categories(clean, report)
    _reminders(clean, report)
    weights = sum(quality.get("weight", 0) for quality in clean.get("quality", ()))
    if weights not in (0, 100):
        report.say("quality", "weights", sum=weights)


# --- ids ---------------------------------------------------------------------------------------


def _ids(tables: Sequence[Clean], path: str) -> Iterator[tuple[str, str]]:
    for n, table in enumerate(tables, 1):
        if "id" in table:
            yield f"{path}[{n}].id", table["id"]


def _question_ids(clean: Clean) -> Iterator[tuple[str, str]]:
    sections = enumerate(clean.get("section", ()), 1)
    return chain(
        [("pictures", "pictures")] if "pictures" in clean else (),
        _ids(clean.get("head", ()), "head"),
        *(_ids(section.get("question", ()), f"section[{n}].question") for n, section in sections),
        _ids(clean.get("material", ()), "material"),
        _ids(clean.get("declaration", ()), "declaration"),
    )


def _section_ids(sections: Sequence[Clean], report: Report) -> None:
    _unique(_ids(sections, "section"), report)
    for key, own in _ids(sections, "section"):
        if own in RESERVED_SECTIONS:
            report.say(key, "reserved", id=own)


def _unique(ids: Iterator[tuple[str, str]], report: Report) -> None:
    taken: set[str] = set()
    for key, own in ids:
        if own in taken:
            report.say(key, "duplicate", id=own)
        taken.add(own)


# --- limits ------------------------------------------------------------------------------------


def _sums(parts: Sequence[Clean], whole: Clean, key: str, report: Report) -> None:
    """Parts whose limits cannot add up to the whole's; one sentence, the first that applies."""
    total = whole.get("limit", {})
    low, high = total.get("min", 0), total.get("max", 0)
    given = {name: [part.get("limit", {}).get(name, 0) for part in parts] for name in ("min", "about", "max")}
    # A part that says nothing may be as long as it likes: sums of what all say are the only firm ones.
    least, most = sum(given["min"]), sum(given["max"]) if all(given["max"]) else 0
    about = sum(given["about"]) if all(given["about"]) else 0
    if high and least > high:
        report.say(key, "sum_min", sum=least, total=high)
    elif most and most < low:
        report.say(key, "sum_max", sum=most, total=low)
    elif high and sum(given["about"]) > high:
        report.say(key, "sum_about_over", sum=sum(given["about"]), total=high)
    elif about and about < low:
        report.say(key, "sum_about_under", sum=about, total=low)


def _tracks(sections: Sequence[Clean], clean: Clean, report: Report) -> None:
    """Each track by itself: it has sections, and their lengths can add up to its own."""
    at, asked = next(((n, q) for n, q in enumerate(clean.get("head", ()), 1) if q.get("id") == TRACK), (0, Clean()))
    tracks = {option.get("id"): option for option in asked.get("options", ())}
    if asked and (asked.get("kind") != "choice" or not asked.get("required") or asked.get("most", 1) > 1):
        report.say(f"head[{at}]", "track_question")
    for n, section in enumerate(sections, 1):
        for name in section.get("tracks", ()):
            if name not in tracks:
                report.say(f"section[{n}].tracks", "bad_track", name=name)
    if not tracks:
        _sums(sections, clean, "limit", report)
    for n, (name, track) in enumerate(tracks.items(), 1):
        own = [s for s in sections if not s.get("tracks") or name in s["tracks"]]
        if sections and not own:
            report.say(f"head[{at}].options[{n}]", "track_empty", name=track.get("label", name))
        whole, key = (track, f"head[{at}].options[{n}].limit") if "limit" in track else (clean, "limit")
        _sums(own, whole, key, report)


# --- dates and route ---------------------------------------------------------------------------


def _route(clean: Clean, raw: Mapping[str, object], report: Report, now: datetime | None) -> None:
    zone = ZoneInfo(clean.get("zone", "Asia/Shanghai"))
    levels = clean.get("level", ())
    stops = [("due", clean.get("due", ""))]
    stops += [(f"level[{n}].due", level.get("due", "")) for n, level in enumerate(levels, 1)]
    dated = [(key, text) for key, text in stops if text]
    if not dated:
        if "due" not in raw:
            report.say("due", "no_due")
        return
    _opening(clean.get("opens", ""), dated[0][1], zone, report)
    before, before_text = coming(DateRule.read(dated[0][1]), _SOME_DAY, zone), dated[0][1]
    for key, text in dated[1:]:
        rule, former = DateRule.read(text), DateRule.read(before_text)
        end = coming(rule, before, zone)
        if (rule.month == 0) != (former.month == 0):
            report.say(key, "due_monthly")
        elif rule.year is not None and former.year is None:
            report.say(key, "due_mixed")
        elif end < before:
            report.say(key, "due_before", before=before_text)
        elif rule.year is None and end - before > _HALF_A_YEAR:
            report.say(key, "due_far", before=before_text)
        else:
            before, before_text = end, text
    if now is not None:
        _weekends(dated, now, zone, report)


def _weekends(dated: Sequence[tuple[str, str]], now: datetime, zone: ZoneInfo, report: Report) -> None:
    """Dates that are over, last days on which nobody is in the office, and years whose holidays nobody knows yet."""
    since, unknown = now + _INSTANT, 0
    for key, text in dated:
        since = coming(DateRule.read(text), since, zone)
        day = (since - _INSTANT).astimezone(zone)
        gaps = {"year": day.year, "month": day.month, "day": day.day}
        if since <= now:
            report.say(key, "past", hint=True, **gaps)
            continue
        if day.year > max(known_until(), unknown):
            unknown = day.year
            report.say(key, "year_unknown", hint=True, year=day.year)
        if china().works(day.date()):
            continue
        if name := {5: "saturday", 6: "sunday"}.get(day.weekday()):
            report.say(key, "weekend", hint=True, weekday=sentences()[name], **gaps)
        else:
            report.say(key, "holiday", hint=True, **gaps)


def _opening(opens: str, due: str, zone: ZoneInfo, report: Report) -> None:
    first, last = (DateRule.read(text) if text else None for text in (opens, due))
    if first is None or last is None or first.year is None or last.year is None:
        return
    if start_of_day(first.in_year(first.year), zone) > end_of_day(last.in_year(last.year), zone):
        report.say("opens", "opens_late")


def _reminders(clean: Clean, report: Report) -> None:
    """Each rule speaks of a level there is, of states that somebody there can be in, with words that are written."""
    levels = {level.get("id") for level in clean.get("level", ())}
    for n, rule in enumerate(clean.get("remind", ()), 1):
        key, level, words = f"remind[{n}]", rule.get("level", ""), rule.get("words", "")
        if level and level not in levels:
            report.say(f"{key}.level", "bad_level", name=level)
        fit = OFFICE_STATES if level else WRITING_STATES
        for name in (state for state in rule.get("states", ()) if state not in fit):
            report.say(f"{key}.states", "bad_state", name=name, choices="、".join(fit))
        known = Wording.load().sentences if words and not level else {}
        if known and (missing := [name for name in SENTENCES if f"{words}.{name}" not in known]):
            report.say(f"{key}.words", "bad_words", name=words, missing=f"{words}.{missing[0]}")


def _categories(clean: Clean, report: Report) -> None:
    asked = (q for q in clean.get("head", ()) if q.get("id") == "category")
    known = {option.get("id") for question in asked for option in question.get("options", ())}
    for n, level in enumerate(clean.get("level", ()), 1):
        for name in level.get("quota", {}).get("by_category", {}):
            if name not in known:
                report.say(f"level[{n}].quota.by_category.{name}", "bad_category", name=name)
