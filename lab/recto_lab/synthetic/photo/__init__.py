"""The simulator of phone photos."""
