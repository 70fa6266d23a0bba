"""Covers compared with covers, and photos with covers."""
