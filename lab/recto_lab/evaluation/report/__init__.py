"""The report of `recto evaluate` as one page that needs nothing else: no server, no script, no other file."""
