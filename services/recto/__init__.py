"""Recto: find a book by a photo of its front or back cover."""

__version__ = "0.1.0"
