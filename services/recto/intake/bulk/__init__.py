"""Bulk jobs: a document that names a source of covers, and the engine that lists it with back-pressure."""

from recto.intake.bulk.document import MAX_BYTES, SCHEMA, JobDocument, parse_document

__all__ = ["MAX_BYTES", "SCHEMA", "JobDocument", "parse_document"]
