"""From lists of books, wherever they lie, to acknowledged covers."""
