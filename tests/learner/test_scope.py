"""What is the user's own code, and what isn't."""

from __future__ import annotations

import codecs
import inspect
import json
import os
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import joblib
import numpy as np
import pytest

from peakahead.learner.scope import Scope
from peakahead.models import sizes
from tests.programs import functions, stores


def traced(scope: Scope, function: Any) -> bool:
    return scope.matcher()(function.__code__, function.__globals__)


def test_the_functions_own_project_is_traced_and_nothing_else() -> None:
    scope = Scope.of(functions.block)

    assert traced(scope, functions.block)
    assert traced(scope, stores.loops)
    assert traced(scope, test_the_functions_own_project_is_traced_and_nothing_else)
    for other in (json.loads, os.path.join, inspect.unwrap(np.pad), joblib.dump, sizes.parse_size):
        assert not traced(scope, other), other


def test_frozen_modules_are_not_traced_wherever_the_process_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = Scope.of(functions.block)
    monkeypatch.chdir(Path(functions.__file__).parent)  # where `<frozen codecs>` would be a file beside the function

    assert not traced(scope, codecs.IncrementalDecoder.decode)
    assert codecs.IncrementalDecoder.decode.__code__.co_filename.startswith("<frozen") or sys.version_info < (3, 11)


def test_a_library_is_traced_where_it_is_the_target_or_asked_for() -> None:
    library = Scope.of(joblib.dump)
    asked = Scope.of(functions.block, ("json", "joblib"))

    assert traced(library, joblib.dump)
    assert not traced(library, json.loads)
    assert traced(asked, json.loads)
    assert traced(asked, joblib.dump)


def test_code_without_a_file_is_traced_alone() -> None:
    namespace: dict[str, Any] = {"__name__": "cell"}
    exec(compile("def made(): pass", "<cell 3>", "exec"), namespace)
    made = namespace["made"]
    assert isinstance(made, FunctionType)

    scope = Scope.of(made)

    assert scope.root == "<cell 3>"
    assert not traced(scope, functions.block)
