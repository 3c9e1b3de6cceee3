"""Files that come by messenger: where they lie is kept at once, and a worker fetches them after the commit.

What was sent together comes as one message for each piece (an album). It is gathered until no piece has come for a
moment, fetched in one go, and thanked for once.

The job "fetch" comes back with {"late": True, "missing": …} while it goes on trying, and at last with {"files": the
fields of SentFile, "refused": [key, params, number] of each file that cannot be taken, "missing": the numbers of the
clips that could not be had}; {} is nothing of it all. Numbers are those of the clips, from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bot.engine import opening, receiving
from bot.engine.messages import Arrived, Clip, Done, Say, Sent, SentFile, Wake, Want, Woke
from bot.engine.model import PROFILE, Arriving
from bot.engine.values import evolve
from bot.engine.work import Work

ALBUM = "album"  # the wake that ends one
FETCH = "fetch"  # the job
WHOLE_AFTER = timedelta(seconds=1.5)  # after its last piece an album is taken to be complete


def arrived(w: Work, incoming: Arrived) -> None:
    """Files lie at the messenger: wanted from there, or gathered as long as their album may go on."""
    known, draft = w.conversation.arriving, receiving.taking(w)
    begun = known if known is not None and incoming.album and known.album == incoming.album else None
    if begun is None and known is not None:
        _want_album(w, known)
        w.wakes.append(Wake(kind=ALBUM, at=None))
    if draft is None or not w.conversation.consent:
        _send_away(w, incoming, begun)
        return
    clips = _captioned(incoming)
    if not incoming.album:
        _want(w, draft, incoming.channel, clips)
        return
    have = begun.clips if begun else ()
    seen = {(c.order, c.remote) for c in have}
    fresh = [c for c in clips if (c.order, c.remote) not in seen]
    whole = tuple(sorted([*have, *fresh], key=lambda c: c.order))
    home = begun.draft if begun and begun.clips else draft
    w.set(arriving=Arriving(draft=home, channel=incoming.channel, album=incoming.album, clips=whole))
    w.wakes.append(Wake(kind=ALBUM, at=w.now + WHOLE_AFTER, data={"album": incoming.album, "pieces": len(whole)}))


def _captioned(incoming: Arrived) -> tuple[Clip, ...]:
    """The clips of one message; what stood under it belongs to the first."""
    first = [evolve(clip, caption=clip.caption or incoming.caption) for clip in incoming.clips[:1]]
    return (*first, *incoming.clips[1:])


def _send_away(w: Work, incoming: Arrived, begun: Arriving | None) -> None:
    """Files that cannot be taken now. An album is told so once."""
    if begun is None or begun.clips:
        if not w.conversation.consent:
            w.say("file.before_consent")
            opening.ask_consent(w)
        else:
            receiving.too_early(w)
    if begun is not None:
        _want_album(w, begun)
    w.set(arriving=Arriving(draft=0, channel=incoming.channel, album=incoming.album) if incoming.album else None)


def rung(w: Work, woke: Woke) -> None:
    """An album is complete, unless a piece has come since the clock was set."""
    arriving = w.conversation.arriving
    if arriving is not None and (arriving.album, len(arriving.clips)) == (
        woke.data.get("album"),
        woke.data.get("pieces"),
    ):
        _want_album(w, arriving)


def _want_album(w: Work, arriving: Arriving) -> None:
    w.set(arriving=None)
    _want(w, arriving.draft, arriving.channel, arriving.clips)


def _want(w: Work, draft: int, channel: str, clips: Sequence[Clip]) -> None:
    if clips:
        args = {"channel": channel, "draft": draft, "clips": [asdict(clip) for clip in clips]}
        w.wants.append(Want(job=FETCH, args=args))


# ---------------------------------------------------------------- what came of it


def fetched(w: Work, done: Done) -> None:
    """What a worker could fetch is kept as if it had been sent now; of the rest the person hears."""
    if not w.conversation.consent:  # erased meanwhile
        return
    clips, result = done.args.get("clips", ()), done.result
    missing = result.get("missing", ()) if result else range(1, len(clips) + 1)
    if result.get("late"):
        w.say("clip.late", what=_which(clips, missing))
        return
    if missing:
        w.say("clip.missing", what=_which(clips, missing))
    _say_refused(w, clips, result.get("refused", ()))
    files = tuple(SentFile(**file) for file in result.get("files", ()))
    if files:
        _keep(w, done, files)


def _say_refused(
    w: Work, clips: Sequence[Mapping[str, Any]], refused: Sequence[tuple[str, Mapping[str, Any], int]]
) -> None:
    """Each reason once, with the files that it keeps out where others came along."""
    reasons: dict[tuple[str, str], tuple[Say, list[int]]] = {}
    for key, params, n in refused:
        reasons.setdefault((key, repr(params)), (Say(key=key, params=params), []))[1].append(n)
    for why, numbers in reasons.values():
        if len(clips) > 1:
            w.say("clip.refused", what=_which(clips, numbers), why=why)
        else:
            w.say(why.key, **why.params)


def _keep(w: Work, done: Done, files: tuple[SentFile, ...]) -> None:
    """Into the draft that they were sent for, else into the one that is written now."""
    row = w.drafts.get(int(done.args.get("draft", 0)))
    meant = row if row is not None and row.call != PROFILE else None
    if meant is not None and meant.state == "handed_in":
        w.say("file.too_late", title=meant.title)
        if w.here() is None:
            w.then("handed_in", meant.id)
        return
    open_ = meant is not None and meant.state in ("writing", "returned")
    receiving.sent(w, Sent(at=done.at, ref=done.ref, files=files), meant.id if meant and open_ else None)


def _which(clips: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> tuple[Say, ...]:
    """Some of the clips as they are spoken of: a file by its name, some of several pictures by their places."""
    meant = [(n, clips[n - 1]) for n in numbers if 0 < n <= len(clips)]
    pictures = tuple(n for n, clip in meant if clip["kind"] == "picture")
    others = tuple(_named(clip) for _, clip in meant if clip["kind"] != "picture")
    if len(pictures) == len(clips) > 1:
        return (Say(key="clip.pictures", params={"count": len(pictures)}),)
    if pictures and len(clips) > 1:
        return (Say(key="clip.nth", params={"numbers": pictures}), *others)
    return (*(Say(key="clip.picture") for _ in pictures), *others)


def _named(clip: Mapping[str, Any]) -> Say:
    if clip["kind"] == "file" and clip.get("name"):
        return Say(key="clip.named", params={"name": clip["name"]})
    return Say(key=f"clip.{clip['kind']}")
