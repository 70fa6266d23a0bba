"""Leases: what only one process does at a time, wherever it runs; one that died loses its lease with time."""

from __future__ import annotations

import json
import time

from sqlalchemy import select

from recto.ledger.database import Database, add_rows, put_rows
from recto.ledger.schema import fact

_PREFIX = "lease:"
_FREE = json.dumps({"holder": "", "until": 0})


class Leases:
    """Leases in the ledger, each under a name."""

    _database: Database

    def take_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take a lease, or keep it longer; False while another holder has it. The clocks of all must agree roughly."""
        key, now = _PREFIX + name, time.time()
        mine = json.dumps({"holder": holder, "until": now + seconds})
        with self._database.write() as connection:
            add_rows(connection, fact, [{"key": key, "value": _FREE}])
            held = select(fact.c.value).where(fact.c.key == key).with_for_update()
            found = json.loads(connection.execute(held).scalar_one())
            free = found["holder"] in ("", holder) or found["until"] <= now
            if free:
                put_rows(connection, fact, [{"key": key, "value": mine}])
        return bool(free)

    def end_lease(self, name: str, holder: str) -> None:
        """Give a lease back. Its row stays: whoever waits for it in PostgreSQL would find none."""
        key = _PREFIX + name
        with self._database.write() as connection:
            held = select(fact.c.value).where(fact.c.key == key).with_for_update()
            text = connection.execute(held).scalar_one_or_none()
            if text is not None and json.loads(text)["holder"] == holder:
                put_rows(connection, fact, [{"key": key, "value": _FREE}])
