"""Covers that are alike: what of two pictures agrees, which kind that makes, and finding them as covers come in."""
