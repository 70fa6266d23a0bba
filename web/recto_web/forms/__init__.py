"""What people send: read and checked, with a sentence for each field."""
