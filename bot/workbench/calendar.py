"""The dates of a collecting as a calendar file (iCalendar, RFC 5545), for the phone or the computer of an officer."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.engine.definition import closes, deadline
from bot.workbench.base import Sight

_INSTANT = timedelta(microseconds=1)
# At nine of the day three days before, of the day before, and of the last day itself.
_ALARMS = (timedelta(days=-3, hours=9), timedelta(days=-1, hours=9), timedelta(hours=9))


def calendar(s: Sight) -> bytes | None:
    """The writers' date and each level's that closes, those of the viewer's own units with what was granted them; an
    entry a date, so that a newer file replaces the older entries. None where there is no edition."""
    edition = s.edition
    if edition is None:
        return None
    from icalendar import Alarm, Calendar, Event

    made = Calendar()
    made.add("prodid", "-//anlitong//calendar//")
    made.add("version", "2.0")
    own = {level: unit for unit, level in s.levels.items()}
    levels = [("", s.say("calendar.writers"))]
    levels += [(level.id, level.title) for level in edition.call.levels if closes(edition, level.id)]
    for level, title in levels:
        unit = own.get(level, 0) if level else (s.posts[0].unit if s.posts else 0)
        until = deadline(edition, level, unit, s.extensions)
        day = (until - _INSTANT).astimezone(ZoneInfo(s.zone())).date()
        event = Event()
        event.add("uid", f"{edition.id}-{level or 'writers'}@anlitong")
        event.add("dtstamp", s.now)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", s.say("calendar.event", level=title, title=edition.title))
        event.add("description", s.say("calendar.about", until=s.moment(until)))
        for trigger in _ALARMS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", s.say("calendar.event", level=title, title=edition.title))
            alarm.add("trigger", trigger)
            event.add_component(alarm)
        made.add_component(event)
    return bytes(made.to_ical())
