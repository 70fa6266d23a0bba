"""Names of files and folders that URLs, shells, patterns and formats give a meaning of their own."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

ODD_NAMES = (
    "C#x",
    "w?1",
    "w?2",
    "p%41z",
    "50%25",
    "a b",
    " a ",
    'it\'s "q"',
    "é😀",
    "{x}",
    "%s %(x)s",
    "$HOME",
    "`x`",
    "a;b",
    "a&b=c",
    "a+b",
    "a,b",
    "a@b",
    "a|b",
    "[x]",
    "[red]",
    "*",
    "~x",
    "-rf",
    "a:b",
    "a\\b",
    "memory:",
    "n" * 200,
)
ALL_IN_ONE = 'C#b?k=1&x p%41z;[x]{x} $HOME it\'s "q" é😀 a\\b:c,d*|-rf'
"""What is odd in all of them, in one name, for tests that start processes."""

any_name = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 200
)
"""Any name that a file of Linux can have, in UTF-8; line breaks too."""

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For tests that run beside others on few cores: how long an example takes says nothing."""
