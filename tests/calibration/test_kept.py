from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.calibration.entries import calibration

from recto.calibration import DEFAULT, Calibration, Calibrations, kept, shows_percentage
from recto.encoders import load_encoder
from recto.encoders.registry import version_of
from recto.ledger import Ledger, schema
from recto.settings import Settings


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger.open(Settings(data_dir=tmp_path))


def test_json_gives_a_calibration_back() -> None:
    made = calibration()
    assert Calibration.from_json(json.loads(json.dumps(made.to_json()))) == made
    assert Calibration.from_json(json.loads(json.dumps(DEFAULT.to_json()))) == DEFAULT


def test_the_ledger_keeps_one_calibration_per_recipe(ledger: Ledger) -> None:
    first, second, other = calibration(), calibration(slope=3.0), calibration("other")
    for each in (first, other, second):
        ledger.set_calibration(each)
    assert ledger.calibration(first.recipe) == second
    assert ledger.calibration("other") == other
    assert ledger.calibration("unknown") is None


def test_a_calibration_can_be_forgotten(ledger: Ledger) -> None:
    ledger.set_calibration(calibration())
    assert ledger.delete_calibration(calibration().recipe)
    assert not ledger.delete_calibration(calibration().recipe)
    assert ledger.calibration(calibration().recipe) is None


def test_one_in_a_form_of_another_recto_counts_as_none(ledger: Ledger) -> None:
    ledger.set_calibration(calibration())
    with ledger._database.write() as connection:
        connection.execute(update(schema.calibration).values(model={"curve": "isotonic"}))
    assert ledger.calibration(calibration().recipe) is None


def test_a_recipe_without_a_calibration_gets_the_default_and_says_so(ledger: Ledger) -> None:
    ledger.set_calibration(calibration())
    used = Calibrations(ledger).of("another recipe")
    assert used == DEFAULT
    assert used.told("another recipe")["recipe_fits"] is False


def test_a_new_calibration_counts_within_seconds(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    calibrations = Calibrations(ledger)
    assert calibrations.of("recipe") == DEFAULT
    made = calibration("recipe")
    ledger.set_calibration(made)
    assert calibrations.of("recipe") == DEFAULT  # not asked again so soon
    monkeypatch.setattr(kept, "SECONDS", 0.0)
    assert calibrations.of("recipe") == made


def test_the_default_is_of_the_recipe_of_a_new_catalogue() -> None:
    """When this fails, recipes changed: run benchmarks/calibration.py and write what it prints into default.py."""
    settings = Settings()
    assert DEFAULT.recipe == version_of(load_encoder(settings.encoder, settings)).recipe_id


def test_a_percentage_is_shown_only_where_it_was_measured_to_hold() -> None:
    made = calibration("recipe")
    assert made.measures is not None
    bad = replace(made, measures=replace(made.measures, error=0.06))
    assert shows_percentage(made.told("recipe"))
    assert not shows_percentage(made.told("another"))
    assert not shows_percentage(bad.told("recipe"))
    assert not shows_percentage(replace(made, measures=None).told("recipe"))
    assert not shows_percentage(None)
