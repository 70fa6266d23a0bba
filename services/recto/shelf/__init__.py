"""Former names of programs that moved to the laboratory."""
