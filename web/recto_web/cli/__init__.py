"""The `recto` command. Each command imports what it computes with inside its function, so that `--help` is instant."""

from __future__ import annotations

import sys

import click

from recto import __version__
from recto.errors import RectoError
from recto_web.cli import (
    admin,
    calibrate,
    catalogue,
    duplicates,
    encoders,
    evaluate,
    ingest,
    jobs,
    keys,
    reindex,
    search,
    serve,
    status,
    train,
)
from recto_web.cli.extras import missing_extra

EXIT_ERROR = 1
"""Something cannot be done; the sentence on stderr says what and why."""


class SentenceGroup(click.Group):
    """A group whose commands end with a sentence and exit code 1 on errors that Recto raises on purpose."""

    def invoke(self, context: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(context)
        except RectoError as error:
            click.echo(f"recto: {error}", err=True)
            sys.exit(EXIT_ERROR)
        except ModuleNotFoundError as error:
            if not (sentence := missing_extra(error)):
                raise
            click.echo(f"recto: {sentence}", err=True)
            sys.exit(EXIT_ERROR)


@click.group(
    cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="recto")
def main() -> None:
    """Find a book by a photo of its front or back cover.

    Everything lies in one data folder, named by RECTO_DATA_DIR. Commands talk to the `recto up` of that folder and
    start a temporary one where none runs.

    Exit codes: 0 done; 1 cannot be done; 2 wrong usage; 3 done, but some items failed; 4 a searched book was not found;
    5 an evaluation lost against its baseline.
    """


for command in (
    *serve.COMMANDS,
    *ingest.COMMANDS,
    *jobs.COMMANDS,
    *search.COMMANDS,
    *catalogue.COMMANDS,
    *duplicates.COMMANDS,
    *encoders.COMMANDS,
    *evaluate.COMMANDS,
    *train.COMMANDS,
    *keys.COMMANDS,
    *reindex.COMMANDS,
    *calibrate.COMMANDS,
    *admin.COMMANDS,
    *status.COMMANDS,
):
    main.add_command(command)
