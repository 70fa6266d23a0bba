"""What a network learns from: drawn covers, a folder of covers, the catalogue itself, or folders of classes.

Each `prepare_...` makes two files of pictures of one size, for training and held out, and says what it could not use.
An interrupted preparation goes on where it stopped; one of the same source and options is used again at once. One whose
source or options changed lies beside it, and may be deleted when no training uses it.
"""

from __future__ import annotations

from recto_lab.training.sources.catalogue import prepare_catalogue
from recto_lab.training.sources.classes import prepare_classes
from recto_lab.training.sources.folder import prepare_folder
from recto_lab.training.sources.images import Images, LeftOut, Split
from recto_lab.training.sources.shelf import prepare_shelf

__all__ = [
    "Images",
    "LeftOut",
    "Split",
    "prepare_catalogue",
    "prepare_classes",
    "prepare_folder",
    "prepare_shelf",
]
