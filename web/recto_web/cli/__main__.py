"""`python -m recto_web.cli` is the `recto` command."""

from recto_web.cli import main

main(prog_name="recto")
