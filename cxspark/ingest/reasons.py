"""Every reason for which a record is rejected, what it means and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why a record can't become an event, or a customer."""

    meaning: str
    remedy: str


CUSTOMER_REASONS: dict[str, Reason] = {
    "unparsable_number": Reason(
        "no number with a decimal point, in a column that the source says is one",
        "list the value under `unknown`, or the column under `categories`",
    ),
    "conflicting_user_id": Reason(
        "an earlier valid record has the same user_id and says something else",
        "the earlier one stays; map a column that is unique, or none",
    ),
}
"""Beside some of `REASONS`, those for which a record can't become a customer."""

REASONS: dict[str, Reason] = {
    "malformed_record": Reason(
        "too many or too few fields, a quote left open, or broken JSON",
        "look at `malformed`; check delimiter, quote and multiline of the source",
    ),
    "bad_encoding": Reason(
        "bytes that aren't in the source's encoding, or NUL characters",
        "set the source's encoding; windows-1252 is usual for exports from a spreadsheet",
    ),
    "missing_user_id": Reason("nobody acted", "map another column, or leave it rejected"),
    "missing_item_id": Reason("acted on nothing", "map another column, or leave it rejected"),
    "missing_event_at": Reason("no time", "map another column, or correct the source"),
    "unparsable_event_at": Reason(
        "a time in none of the source's formats, or one that doesn't exist",
        "add its format to timestamp_formats",
    ),
    "future_event_at": Reason(
        "later than the run's start and the tolerance",
        "check time_zone, epoch unit and the sender's clock; raise future_tolerance_hours",
    ),
    "too_old_event_at": Reason(
        "before earliest_event_at", "check the format of the year; lower earliest_event_at"
    ),
    "missing_event_type": Reason("nothing was done", "map another column, or a constant"),
    "unknown_event_type": Reason(
        "a value that event_types doesn't list", "list it, or leave it rejected"
    ),
    "unparsable_quantity": Reason(
        "no number with a decimal point", "convert it in an expression: replace(`Qty`, ',', '.')"
    ),
    "negative_quantity": Reason(
        "fewer than no pieces, and no return", "map such records to a type listed in returns"
    ),
    "unparsable_amount": Reason(
        "no number with a decimal point", "convert it in an expression: replace(`Sum`, ',', '.')"
    ),
    "negative_amount": Reason(
        "less than no money, and no return", "map such records to a type listed in returns"
    ),
    "unparsable_rating": Reason(
        "no number with a decimal point", "make it one in an expression: length(`Stars`)"
    ),
    "negative_rating": Reason(
        "a mark below 0",
        "shift the scale in an expression: try_cast(`Score` as double) + 10; or, where it stands "
        "for no mark: nullif(`Score`, '-1')",
    ),
    "unparsable_watched_seconds": Reason(
        "no number with a decimal point", "make seconds of it in an expression"
    ),
    "negative_watched_seconds": Reason(
        "watched less than no time", "correct the source; or map such values to null"
    ),
    "unparsable_duration_seconds": Reason(
        "no number with a decimal point", "make seconds of it in an expression"
    ),
    "negative_duration_seconds": Reason(
        "shorter than nothing", "correct the source; or map such values to null"
    ),
    "too_many_events": Reason(
        "one of more than max_events_per_user_day events of a user on a UTC day, in one batch",
        "it is a robot or a shared id: leave it rejected, or raise the limit",
    ),
    "conflicting_event_id": Reason(
        "an earlier valid event has the same event_id and says something else",
        "the earlier one stays; map a column that is unique, or none",
    ),
}
