"""From acknowledged covers to searchable ones."""
