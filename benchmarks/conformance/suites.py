"""Whose tests are run: CPython's own, and those that pure-Python packages bring along when they are installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

# Each is a module of CPython's package `test`; all of the standard library that it imports is armed, and itself.
# The longest come first, so that no process is left alone with one at the end.
_LIBRARY = """
    asyncio tarfile
    abc argparse ast base64 bdb binascii bisect bufio builtin bytes calendar cgi cmath cmd code codecs
    collections colorsys configparser contextlib contextlib_async copy copyreg cprofile csv dataclasses datetime
    decimal deque difflib doctest email enum fileinput filecmp fnmatch format fractions fstring ftplib functools getopt
    gettext glob graphlib gzip hashlib heapq hmac html htmlparser http_cookies imaplib importlib int io ipaddress
    json keyword linecache locale logging long mailbox mimetypes minidom netrc nntplib numeric_tower operator optparse
    ordered_dict pathlib pickle pickletools pkgutil plistlib poplib posixpath pprint pyclbr queue quopri random re
    reprlib sched secrets selectors shelve shlex shutil smtplib socketserver sqlite3 statistics string
    string_literals stringprep struct tempfile textwrap threading timeit tokenize tomllib trace traceback
    types typing unittest urllib urllib2 urlparse uuid wave weakref weakset wsgiref xml_etree zipfile zipimport
    zoneinfo
"""
_LANGUAGE = """
    asyncgen augassign baseexception call class closure coroutines decorators descr dict dictcomps dictviews
    dynamicclassattribute except_star exception_group exception_hierarchy exception_variations exceptions extcall
    finalization funcattrs generator_stop generators genericalias genericclass genexps gc global grammar
    isinstance iter itertools keywordonlyarg list listcomps metaclass named_expressions opcodes patma
    positional_only_arg property raise scope set setcomps slice subclassinit super syntax tuple type_annotations
    type_comments type_params type_aliases type_cache unary unpack unpack_ex userdict userlist userstring
    with yield_from pep380 pep646_syntax string_prefixes fstring inspect
"""


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that are run by one process.

    Attributes:
        name: What it is called in the results.
        runner: "unittest" or "pytest".
        arguments: The modules of a run by unittest, what to ask pytest for.
        packages: Of a package's suite, the folders among what is installed whose code is armed too.
    """

    name: str
    runner: str
    arguments: tuple[str, ...]
    packages: tuple[str, ...] = ()


def cpython_suites() -> list[Suite]:
    """Return a suite for each of CPython's test modules that this Python has; they come and go with its versions."""
    names = dict.fromkeys(f"test.test_{name}" for name in (*_LIBRARY.split(), *_LANGUAGE.split()))
    return [Suite(name, "unittest", (name,)) for name in names if find_spec(name)]


def package_suites() -> list[Suite]:
    """Return the suites of the packages of the dependency group `conformance`, which are installed with their tests."""
    return [
        _package("networkx", "networkx.classes", "networkx.generators", "networkx.utils", "networkx.algorithms.tests"),
        _package("mpmath", *(f"mpmath.tests.test_{name}" for name in _MPMATH.split())),
        _package("sympy", "sympy.logic", "sympy.sets", "sympy.strategies", "sympy.unify"),
        _package("toolz"),
    ]


# Those that take seconds; the others compute to a thousand digits, which takes minutes.
_MPMATH = """
    basic_ops bitwise calculus compatibility convert diff division elliptic fp functions hp interval linalg matrices
    mpmath power rootfinding special str summation trig visualization
"""


def _package(name: str, *parts: str) -> Suite:
    return Suite(name, "pytest", ("--pyargs", *(parts or (name,))), (name,))


def all_suites() -> list[Suite]:
    return [*package_suites(), *cpython_suites()]
