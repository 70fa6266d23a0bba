"""Why an answer is what it is: photo and cover laid over each other, their matches, and where they differ."""

from recto.comparison.photo_cover.run import make_evidence, run_evidence

__all__ = ["make_evidence", "run_evidence"]
