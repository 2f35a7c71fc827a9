"""The command line's entry: `peakahead` or `python -m peakahead`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an error of peakahead's is one line on the standard error, and exit code 2."""
    try:
        import click
        import rich
    except ModuleNotFoundError as error:
        sys.exit(
            f"peakahead: the command line needs {error.name}: install its extra, "
            "`pip install 'peakahead[cli]'`, with `[cli,learn]` to train"
        )
    del click, rich
    from .commands.app import run_app

    sys.exit(run_app())


if __name__ == "__main__":
    main()
