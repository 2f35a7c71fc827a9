"""Runs one suite of tests in this interpreter and reports each test's outcome: `python -S -P child.py SETTINGS`.

Nothing is imported before the loader below is in place but what an interpreter has loaded before it runs anything. So
all that the suite imports comes through the loader: bare, which writes down what was loaded, or with breakpoints, as
`arm.py` left it. The two runs differ in nothing else.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the module in C; `signal` would come before the loader
import marshal
import posix
import sys
from _frozen_importlib_external import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

HOOK = "\0 the hook of a breakpoint"  # stands in files for the function, which can't be written to one


class Report:
    """The file that outcomes go to at once, since a suite may end its process."""

    def __init__(self, path: str) -> None:
        self._file = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC)
        self._process = posix.getpid()

    def __call__(self, *row: Any) -> None:
        if posix.getpid() == self._process:  # a fork of a test's own has nothing to say
            posix.write(self._file, ascii(row).encode() + b"\n")


class Loader:
    """What `SourceFileLoader.get_code` is replaced by."""

    def __init__(self, roots: tuple[str, ...], rewritten: dict[str, str], has_frame: bool, report: Report) -> None:
        self._roots = roots
        self._rewritten = rewritten
        self._has_frame = has_frame
        self._report = report
        self._original = SourceFileLoader.get_code
        self._ends: dict[str, Callable[[], int]] = {}
        self._loaded: set[str] = set()

    def get_code(self, loader: Any, name: str) -> CodeType | None:
        path = loader.get_filename(name)
        if path in self._rewritten:
            with open(self._rewritten[path], "rb") as file:
                return with_hook(marshal.load(file), self._hook(path))
        if path.startswith(self._roots) and path not in self._loaded:
            self._loaded.add(path)
            self._report("loaded", path)
        return self._original(loader, name)

    def _hook(self, path: str) -> Callable[[Any], object]:
        """Return a hook that counts its calls; a module that is loaded twice goes on counting.

        Or one that has no frame, to tell what comes of the hook's frame and what of the rewriting.
        """
        if not self._has_frame:
            return id
        if path not in self._ends:
            from itertools import count

            self._ends[path] = count().__next__
        advance = self._ends[path]  # one call into C: no two threads get the same number

        def hook(value: Any) -> None:
            type(value)
            advance()

        return hook

    def hits(self) -> dict[str, int]:
        return {path: advance() for path, advance in self._ends.items()}


def with_hook(code: CodeType, hook: Callable[[Any], object]) -> CodeType:
    """Return the code with a function where HOOK stands among its constants, and those of code nested in it."""
    constants: list[Any] = []
    for constant in code.co_consts:
        if type(constant) is type(code):
            constants.append(with_hook(constant, hook))
        else:
            constants.append(hook if type(constant) is str and constant == HOOK else constant)
    return code.replace(co_consts=tuple(constants))


def run_unittest(names: list[str], report: Report) -> None:
    """Run modules' tests as CPython's own runner does, with none of the resources that must be asked for."""
    import unittest
    from importlib import import_module
    from traceback import format_exception

    support: Any = import_module("test.support")
    support.use_resources = {}
    support.verbose = 0

    class Result(unittest.TestResult):
        def startTest(self, test: Any) -> None:  # noqa: N802
            report("started", test.id())
            super().startTest(test)

        def addSuccess(self, test: Any) -> None:  # noqa: N802
            report("outcome", test.id(), "passed", "")

        def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
            report("outcome", test.id(), "failed", "".join(format_exception(*err)))

        def addError(self, test: Any, err: Any) -> None:  # noqa: N802
            report("outcome", test.id(), "error", "".join(format_exception(*err)))

        def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
            report("outcome", test.id(), "skipped", reason)

        def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802, ARG002
            report("outcome", test.id(), "failed as expected", "")

        def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
            report("outcome", test.id(), "passed unexpectedly", "")

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802, ARG002
            if err is not None:
                report("outcome", subtest.id(), "failed", "".join(format_exception(*err)))

    result = Result()
    for name in names:
        try:
            tests = unittest.defaultTestLoader.loadTestsFromModule(import_module(name))
        except unittest.SkipTest as skipped:
            report("outcome", name, "skipped", str(skipped))
        else:
            tests.run(result)


def run_pytest(arguments: list[str], say: Report) -> None:
    import pytest

    class Plugin:
        @pytest.hookimpl
        def pytest_runtest_logstart(self, nodeid: str) -> None:
            say("started", nodeid)

        @pytest.hookimpl
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.when == "call" or report.outcome != "passed":
                place = "" if report.when == "call" or report.skipped else f" ({report.when})"
                say("outcome", report.nodeid + place, report.outcome, "" if report.passed else str(report.longrepr))

        @pytest.hookimpl
        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                say("outcome", f"{report.nodeid} (collection)", "error", str(report.longrepr))

    # No settings but these: not those of the project around the environment. Plain `assert`, since rewritten modules
    # would come through another loader.
    settings = ["-q", "-c", "/dev/null", "--rootdir", sys.path[-1], "--assert=plain", "-p", "no:cacheprovider"]
    pytest.main([*settings, *arguments], plugins=[Plugin()])


def main(path: str) -> None:
    with open(path, "rb") as file:
        settings = marshal.load(file)
    report = Report(settings["report"])
    loader = Loader(tuple(settings["roots"]), settings["rewritten"], settings["hook has a frame"], report)
    SourceFileLoader.get_code = lambda self, fullname: loader.get_code(self, fullname)
    sys.path += settings["path"]
    del sys.argv[1:]
    # A command in the background ignores interrupts, and so do all that it starts; some tests wait for one.
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    import faulthandler
    import site

    faulthandler.enable()
    site.setquit()  # `exit` and its like, which some tests use
    site.setcopyright()
    site.sethelper()
    try:
        {"unittest": run_unittest, "pytest": run_pytest}[settings["runner"]](settings["arguments"], report)
    finally:
        report("hits", loader.hits())
    report("done")


if __name__ == "__main__":
    main(sys.argv[1])
