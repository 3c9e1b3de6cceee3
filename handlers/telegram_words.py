"""Telegram's own words, which are the same whatever library brings them: what a refusal means, which messages nobody
wrote, who may speak, what a token looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.errors import Blocked, ChannelError, Refused, TryLater
from handlers.telegram_common import Conflict, Gone, Heard, Moved, WrongToken

PAUSE = 2.0  # seconds until the next try, where Telegram does not say how long
INSIDE = ("member", "administrator", "creator")  # who may speak in a chat, besides some that are restricted
_LONGEST = 200  # characters of a description that we repeat
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]+")
_BLOCKED = re.compile(r"chat not found|user is deactivated|USER_IS_BLOCKED|PEER_ID_INVALID|group chat was deactivated")
_GONE = re.compile(
    r"message (?:to \w+ )?not found|message can't be (?:edited|deleted|pinned)|MESSAGE_ID_INVALID"
    r"|there is no (?:text|caption) in the message to edit"
)
_SETTLED = re.compile(r"message is not modified|query is too old|query ID is invalid|QUERY_ID_INVALID")

# The fields of a Message that the Bot API calls service messages, and those that are of their kind.
SERVICE = frozenset(
    [
        "boost_added",
        "channel_chat_created",
        "chat_background_set",
        "chat_owner_changed",
        "chat_owner_left",
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "community_chat_added",
        "community_chat_joined",
        "community_chat_removed",
        "connected_website",
        "delete_chat_photo",
        "direct_message_price_changed",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "gift",
        "gift_upgrade_sent",
        "giveaway_completed",
        "giveaway_created",
        "group_chat_created",
        "left_chat_member",
        "managed_bot_created",
        "message_auto_delete_timer_changed",
        "migrate_from_chat_id",
        "migrate_to_chat_id",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "paid_message_price_changed",
        "passport_data",
        "pinned_message",
        "poll_option_added",
        "poll_option_deleted",
        "proximity_alert_triggered",
        "refunded_payment",
        "successful_payment",
        "suggested_post_approval_failed",
        "suggested_post_approved",
        "suggested_post_declined",
        "suggested_post_paid",
        "suggested_post_refunded",
        "supergroup_chat_created",
        "unique_gift",
        "users_shared",
        "video_chat_ended",
        "video_chat_participants_invited",
        "video_chat_scheduled",
        "video_chat_started",
        "web_app_data",
        "write_access_allowed",
    ]
)


class Settled(ChannelError):
    """There was nothing to do: the message stands so already, or nobody waits for the query's answer any more."""


def check_token(token: str) -> None:
    """Raises WrongToken for what cannot be a token at all."""
    if not _TOKEN.fullmatch(token):
        raise WrongToken("this is not a token of Telegram's")


def failure(status: int, body: bytes) -> ChannelError:
    """What an answer means that is not `ok`. Only Telegram's own JSON closes an address or drops a message: whatever
    a gateway in between says is temporary."""
    said = _said(body)
    if said is None or status >= 500:
        return TryLater(PAUSE, f"no answer of Telegram's own ({status})")
    description = str(said.get("description", ""))[:_LONGEST]
    parameters = said.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    chat, seconds = parameters.get("migrate_to_chat_id"), parameters.get("retry_after")
    if isinstance(chat, int):
        return Moved(chat)
    if status == 429:
        return TryLater(float(seconds) if isinstance(seconds, int | float) else PAUSE)
    if status in (401, 404):
        return WrongToken("Telegram knows no bot with this token")
    if status == 403:
        return Blocked(description)
    if status == 409:
        return Conflict(description)
    return _refusal(description)


def is_sound(made: Heard) -> bool:
    """Whether everything is of its type: not every library looks, and what is of another one goes wrong far away."""
    numbers = (made.update, made.chat, made.user, made.message, made.date, *(clip.size for clip in made.clips))
    texts = (made.text, made.album, made.phone, made.venue, made.query, made.data, made.label)
    named = (text for clip in made.clips for text in (clip.id, clip.name, clip.mime))
    place = made.place or ()
    return (
        all(type(number) is int for number in numbers)
        and all(type(text) is str for text in (*texts, *named))
        and all(isinstance(part, int | float) for part in place)
        and type(made.inside) is bool
    )


def _refusal(description: str) -> ChannelError:
    if _SETTLED.search(description):
        return Settled(description)
    if _GONE.search(description):
        return Gone(description)
    if _BLOCKED.search(description):
        return Blocked(description)
    return Refused(description)


def _said(body: bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("ok") is False else None
