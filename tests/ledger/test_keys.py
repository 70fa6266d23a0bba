"""Keys of the HTTP API in the ledger."""

from __future__ import annotations

import dataclasses
import re

import pytest
from sqlalchemy import select, update

from recto.errors import BadInput, BadSetting
from recto.ledger import Ledger
from recto.ledger.key_tokens import Scope
from recto.ledger.keys import check_listening
from recto.ledger.schema import api_key
from recto.settings import Settings

ADMIN_KEY = f"recto_boss_{'ab' * 32}"


def test_a_new_key_is_recognised_by_its_token(ledger: Ledger) -> None:
    key, token = ledger.create_key("kiosk", [Scope.SEARCH])
    assert re.fullmatch(rf"recto_{key.key_id}_[0-9a-f]{{64}}", token)
    found = ledger.verify_key(token)
    assert found is not None
    assert (found.key_id, found.name, found.scopes) == (key.key_id, "kiosk", (Scope.SEARCH,))


def test_the_secret_is_nowhere_in_the_ledger(ledger: Ledger) -> None:
    _, token = ledger.create_key("kiosk", [Scope.SEARCH])
    with ledger._database.read() as connection:
        row = connection.execute(select(api_key)).one()
    assert token.split("_")[2] not in str(row)


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token + "0", str.upper, lambda _: ""]
)
def test_another_token_is_no_key(ledger: Ledger, change: object) -> None:
    _, token = ledger.create_key("kiosk", [Scope.SEARCH])
    assert ledger.verify_key(change(token)) is None  # type: ignore[operator]


def test_the_secret_of_one_key_does_not_open_another(ledger: Ledger) -> None:
    first, _ = ledger.create_key("one", [Scope.SEARCH])
    _, token = ledger.create_key("two", [Scope.ADMIN])
    assert ledger.verify_key(f"recto_{first.key_id}_{token.split('_')[2]}") is None


def test_a_revoked_key_opens_nothing_and_stays_listed(ledger: Ledger) -> None:
    key, token = ledger.create_key("kiosk", [Scope.SEARCH])
    assert ledger.revoke_key(key.key_id)
    assert not ledger.revoke_key(key.key_id)
    assert ledger.verify_key(token) is None
    assert ledger.key(key.key_id) is None
    assert not ledger.has_keys()
    assert [each.revoked is not None for each in ledger.api_keys()] == [True]


def test_the_last_use_is_noted_once_a_minute(ledger: Ledger) -> None:
    _, token = ledger.create_key("kiosk", [Scope.SEARCH])
    assert ledger.api_keys()[0].used is None
    ledger.verify_key(token)
    first = ledger.api_keys()[0].used
    assert first is not None
    ledger.verify_key(token)
    assert ledger.api_keys()[0].used == first
    with ledger._database.write() as connection:
        connection.execute(update(api_key).values(used=first - 61))
    ledger.verify_key(token)
    assert (ledger.api_keys()[0].used or 0) >= first


def test_admin_may_everything_and_others_what_they_name(ledger: Ledger) -> None:
    admin, _ = ledger.create_key("boss", [Scope.ADMIN])
    writer, _ = ledger.create_key("robot", [Scope.WRITE, Scope.SEARCH])
    assert admin.may(Scope.SEARCH)
    assert writer.may(Scope.WRITE)
    assert writer.may(Scope.ADMIN, Scope.SEARCH)
    assert not writer.may(Scope.ADMIN)


@pytest.mark.parametrize(("name", "scopes"), [("", [Scope.SEARCH]), ("x" * 101, [Scope.SEARCH]), ("a", [])])
def test_a_key_without_name_or_scope_is_refused(ledger: Ledger, name: str, scopes: list[Scope]) -> None:
    with pytest.raises(BadInput):
        ledger.create_key(name, scopes)


@pytest.mark.parametrize("change", [{"host": "0.0.0.0"}, {"require_keys": True}], ids=str)
def test_without_a_key_nobody_listens_beyond_loopback(
    ledger: Ledger, settings: Settings, change: dict[str, object]
) -> None:
    open_to_others = dataclasses.replace(settings, **change)  # type: ignore[arg-type]
    check_listening(settings, ledger)
    with pytest.raises(BadSetting, match="recto keys create"):
        check_listening(open_to_others, ledger)
    check_listening(dataclasses.replace(open_to_others, admin_key=ADMIN_KEY), ledger)
    ledger.create_key("boss", [Scope.ADMIN])
    check_listening(open_to_others, ledger)
