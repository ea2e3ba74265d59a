"""How numbers and times are written, for people and, beside that, for machines."""

from datetime import date, datetime
from typing import Any

from markupsafe import Markup


def metric(name: str, value: object, shown: str | None = None) -> Markup:
    """A number on the page that a program can find and compare.

    Example:
        >>> print(metric("n_events", 12345))
        <span data-metric="n_events" data-value="12345">12,345</span>
    """
    text = whole(value) if shown is None else shown
    return Markup('<span data-metric="{}" data-value="{}">{}</span>').format(name, value, text)


def whole(value: Any) -> str:
    """A count with thousands separators.

    Example:
        >>> whole(1234567)
        '1,234,567'
    """
    return f"{value:,.0f}"


def compact(value: float) -> str:
    """A count short enough for an axis.

    Example:
        >>> [compact(value) for value in (0, 950, 1500, 20000, 3e6)]
        ['0', '950', '1.5k', '20k', '3M']
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"


def percent(part: float, total: float) -> str:
    """A share with as many digits as it needs; a share of nothing is n/a.

    Example:
        >>> [percent(part, 1000) for part in (1000, 999.9, 472, 31, 0.2, 0)]
        ['100%', '99.99%', '47%', '3.1%', '0.02%', '0%']
        >>> percent(0, 0)
        'n/a'
    """
    if not total:
        return "n/a"
    share = 100 * part / total
    if share in (0, 100):
        return f"{share:.0f}%"
    if share > 99:
        return f"{min(share, 99.99):.4g}%"
    return f"{share:.0f}%" if share >= 10 else f"{max(share, 0.01):.2g}%"


def decimal(value: float) -> str:
    """A measure with three digits, e.g. a distance.

    Example:
        >>> [decimal(value) for value in (0, 0.12345, 1.5, 20.0998, 4321.2)]
        ['0', '0.123', '1.5', '20.1', '4,321']
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def fixed(value: float) -> str:
    """A quality between 0 and 1, to be compared with others by the digit.

    Example:
        >>> fixed(0.1)
        '0.1000'
    """
    return f"{value:.4f}"


def signed(value: float) -> str:
    """A difference of qualities.

    Example:
        >>> signed(0.0123), signed(-0.002)
        ('+0.0123', '-0.0020')
    """
    return f"{value:+.4f}"


def day(value: date | None) -> str:
    """A day that every country reads alike.

    Example:
        >>> day(date(2026, 3, 7))
        '7 Mar 2026'
    """
    return f"{value.day} {value:%b %Y}" if value else "n/a"


def instant(value: datetime) -> str:
    """A time of a run, in UTC, to the minute."""
    return f"{day(value)}, {value:%H:%M} UTC"


def counted(n: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "file"), counted(1200, "file"), counted(0, "day")
        ('1 file', '1,200 files', '0 days')
    """
    return f"{whole(n)} {one if n == 1 else many or one + 's'}"
