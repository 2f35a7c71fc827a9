"""The group of commands, and what it makes of errors."""

from __future__ import annotations

import warnings

import click
from rich.markup import escape

from .. import __version__
from ..models.errors import PeakaheadError
from .bench import bench
from .console import errors
from .demo import demo
from .learn import learn
from .plot import plot
from .prepare import prepare
from .run import run
from .show import show
from .watch import watch

USAGE_ERROR = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="peakahead")
def app() -> None:
    """Predict how much memory a running Python function is about to need, before it allocates it.

    Start with `peakahead demo`.
    """


for _command in (demo, learn, show, plot, run, bench, prepare, watch):
    app.add_command(_command)


def run_app() -> int:
    """Run the command line and return its exit code."""
    warnings.showwarning = lambda message, *_args, **_kwargs: errors.print(
        f"[yellow]warning:[/] {escape(str(message))}", soft_wrap=True
    )
    try:
        return int(app(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (PeakaheadError, ModuleNotFoundError) as error:
        errors.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        return USAGE_ERROR
    except (click.Abort, KeyboardInterrupt):
        errors.print("[red]stopped[/]; nothing was written")
        return 130
