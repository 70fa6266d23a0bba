"""A shelf of drawn books and a simulator of phone photos: test data, training data and the demo."""

from recto_lab.synthetic.book import DrawnBook, draw_book, draw_covers, draw_shelf
from recto_lab.synthetic.photo.options import CLUTTERED, EASY, HARD, TYPICAL, PhotoOptions
from recto_lab.synthetic.photo.simulator import Photo, photograph
from recto_lab.synthetic.photo.tabletop import TablePhoto, photograph_table
from recto_lab.synthetic.plan import siblings

__all__ = [
    "CLUTTERED", "EASY", "HARD", "TYPICAL", "DrawnBook", "Photo", "PhotoOptions", "TablePhoto", "draw_book",
    "draw_covers", "draw_shelf", "photograph", "photograph_table", "siblings",
]  # fmt: skip
