"""Labelled photos: which covers are the catalogue, and what each photo shows."""
