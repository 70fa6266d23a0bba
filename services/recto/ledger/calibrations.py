"""Calibrations, one per recipe: none is ever used for answers of another."""

from __future__ import annotations

from sqlalchemy import delete, select

from recto.calibration import Calibration
from recto.ledger import schema
from recto.ledger.database import Database, put_rows


class CalibrationsKept:
    """Calibrations of the ledger."""

    _database: Database

    def set_calibration(self, calibration: Calibration) -> None:
        """Keep a calibration in the place of that of its recipe."""
        row = {
            "recipe": calibration.recipe,
            "model": calibration.to_json(),
            "created": calibration.created,
        }
        with self._database.write() as connection:
            put_rows(connection, schema.calibration, [row])

    def calibration(self, recipe: str) -> Calibration | None:
        """The calibration of a recipe; one that another Recto wrote in a form of its own counts as none."""
        query = select(schema.calibration.c.model).where(schema.calibration.c.recipe == recipe)
        with self._database.read() as connection:
            model = connection.execute(query).scalar_one_or_none()
        try:
            return Calibration.from_json(model) if model is not None else None
        except (KeyError, TypeError):
            return None

    def delete_calibration(self, recipe: str) -> bool:
        """Forget the calibration of a recipe; False when there is none."""
        with self._database.write() as connection:
            forget = delete(schema.calibration).where(schema.calibration.c.recipe == recipe)
            return connection.execute(forget).rowcount == 1
