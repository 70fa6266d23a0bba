"""The artworks on the covers."""
