"""A shelf of drawn books and a simulator of phone photos: test data, training data and the demo."""

from recto.shelf.book import DrawnBook, draw_book, draw_covers, draw_shelf
from recto.shelf.photo.options import CLUTTERED, EASY, HARD, TYPICAL, PhotoOptions
from recto.shelf.photo.simulator import Photo, photograph
from recto.shelf.photo.tabletop import TablePhoto, photograph_table
from recto.shelf.plan import siblings

__all__ = [
    "CLUTTERED", "EASY", "HARD", "TYPICAL", "DrawnBook", "Photo", "PhotoOptions", "TablePhoto", "draw_book",
    "draw_covers", "draw_shelf", "photograph", "photograph_table", "siblings",
]  # fmt: skip
