"""What templates and terminals show of records."""
