"""`recto keys`, and the start of the web server beyond loopback."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.cli.test_commands import Recto

from recto.ledger import Ledger
from recto.settings import Settings


def test_a_key_is_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    recto = Recto(tmp_path)
    made = recto("keys", "create", "front desk", "--scope", "search", "--scope", "write")
    token = made.stdout.strip()
    assert re.fullmatch(r"recto_[0-9a-f]{12}_[0-9a-f]{64}", token)
    listed = recto.json("keys", "list")
    assert [(key["name"], key["scopes"], key["revoked"]) for key in listed] == [
        ("front desk", ["search", "write"], None)
    ]
    assert token not in str(listed)
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    assert ledger.verify_key(token) is not None
    recto("keys", "revoke", listed[0]["key_id"])
    assert ledger.verify_key(token) is None
    ledger.close()
    assert "revoked" in recto("keys", "list").stdout
    assert "no key" in recto("keys", "revoke", listed[0]["key_id"], code=1).stderr


def test_a_key_needs_a_scope(tmp_path: Path) -> None:
    assert "--scope" in Recto(tmp_path)("keys", "create", "x", code=2).stderr


def test_nothing_listens_beyond_loopback_without_a_key(tmp_path: Path) -> None:
    recto = Recto(tmp_path)
    recto.environment["RECTO_HOST"] = "0.0.0.0"
    for command in ("web", "up"):
        assert "recto keys create" in recto(command, code=1).stderr
