"""The example for AWS Lambda: its built package, run by Lambda's own Python client, cold and warm."""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.aws_lambda.deployment import BARE, build
from examples.aws_lambda import orders
from examples.aws_lambda.local import Answer, FunctionDied, LocalLambda, s3_event
from examples.aws_lambda.make_archives import make_archive
from tests.examples import emf
from tests.results import watched

SIZES = (30_000, 900_000)
LARGE = 3_000_000
MIB = 2**20
ARCHIVE = "archive at line 4 of summarize"
Start = Callable[..., LocalLambda]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package, and unpack its zip where it is then run, as Lambda does."""
    folder = tmp_path_factory.mktemp("lambda")
    built = build(folder, sizes=SIZES)
    task = folder / "task"
    with zipfile.ZipFile(built.parent / "function.zip") as archive:
        archive.extractall(task)
    shutil.rmtree(built)
    return task


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the small, the large and the other archives that no training saw."""
    folder = tmp_path_factory.mktemp("orders")
    generator = random.Random(7)
    make_archive(folder / "small.zip", 50_000, generator)
    make_archive(folder / "large +1.zip", LARGE, generator)  # a space is a plus in S3's events, and a plus is quoted
    for number in range(10):
        size = SIZES[0] * (4 * SIZES[1] / SIZES[0]) ** (number / 9)
        make_archive(folder / f"{number}.zip", int(size), generator)
    (folder / "broken.zip").write_bytes(b"PK is not enough")
    return folder


@pytest.fixture
def start(package: Path, archives: Path) -> Iterator[Start]:
    """Return what starts a container of the package; all are ended with the test."""
    with ExitStack() as containers:

        def started(task: Path = package, environ: dict[str, str] | None = None, **options: Any) -> LocalLambda:
            environment = {"ORDERS_FOLDER": str(archives), **(environ or {})}
            container = LocalLambda(task, environment=environment, **options)
            return containers.enter_context(container)

        yield started


@pytest.fixture
def copy(package: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "task"))


def last(container: LocalLambda) -> dict[str, Any]:
    """Return the last line of metrics, once it was found to follow all rules."""
    return emf.check([line for line in container.log() if '"_aws"' in line][-1])


def limit_growth(container: LocalLambda, more: int) -> None:
    """Let the kernel give the process so many bytes more of its own than it has, and refuse it the next."""
    status = Path(f"/proc/{container.pid}/status").read_text()
    (data,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
    resource.prlimit(container.pid, resource.RLIMIT_DATA, (data + more, data + more))


def test_the_package_is_small_and_complete(package: Path) -> None:
    tops = {path.name for path in package.iterdir()}
    assert tops >= {"peakahead", "bytecode", "lambda_function.py", "orders.py", "metrics.py", "model.json"}
    assert {top.split("-")[0].lower() for top in tops} & {
        "numpy",
        "scipy",
        "sklearn",
        "scikit_learn",
        "joblib",
    } == set()
    (zipped,) = package.parent.rglob("function.zip")
    assert zipped.stat().st_size < 2 * MIB

    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "os.environ.update(ORDERS_FOLDER='.', AWS_LAMBDA_FUNCTION_NAME='f', AWS_LAMBDA_FUNCTION_MEMORY_SIZE='128');"
        "import lambda_function, json;"
        "loaded = [m for m in sys.modules.values() if (getattr(m, '__file__', None) or '').startswith(sys.argv[1])];"
        "print(json.dumps([[m.__name__, m.__spec__.cached] for m in loaded]))"
    )
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = dict(json.loads(done.stdout))
    assert {"peakahead", "lambda_function", "orders", "metrics"} <= set(loaded)
    assert not [name for name in loaded if name.startswith(("bytecode", "peakahead.learner"))]
    for cached in loaded.values():  # found whatever the sources' times are, which a zip doesn't keep
        assert Path(cached).read_bytes()[4:8] == b"\1\0\0\0"


def test_a_cold_invocation_is_forecast_as_soon_as_the_archive_is_open(start: Start, archives: Path) -> None:
    container = start()

    answer = container.invoke(s3_event("large+%2B1.zip"))

    assert not answer.failed
    assert answer.body == orders.summarize(str(archives / "large +1.zip"))
    said = last(container)
    assert said["breakpoint"] == ARCHIVE
    assert said["extrapolating"]
    assert said["ForecastPeak"] > 1.5 * said["baseline"]
    assert said["ForecastError"] < 8
    assert said["MeasuredPeak"] <= said["UpperPeak"]
    assert (said["AboveBound"], said["Refused"], said["failed"]) == (0, 0, "")
    assert said["TimeToForecast"] < said["LeadTime"]
    assert len(container.log()) == 1, "a warning"


def test_a_warm_container_serves_sizes_of_any_order(start: Start, archives: Path, tmp_path: Path) -> None:
    container = start(environ={"RESULTS_FOLDER": str(tmp_path)})
    names = [f"{number}.zip" for number in range(10)] * 2
    random.Random(3).shuffle(names)

    answers = [container.invoke(s3_event(name)).body for name in names]

    expected = {name: orders.summarize(str(archives / name)) for name in set(names)}
    assert answers == [expected[name] for name in names]
    said = [emf.check(line) for line in container.log()]
    assert len(said) == len({line["requestId"] for line in said}) == len(names)
    assert {line["breakpoint"] for line in said} == {ARCHIVE}
    assert median(line["ForecastError"] for line in said) < 8
    assert sum(line["AboveBound"] for line in said) <= 1
    told = watched(tmp_path, "orders:summarize")
    assert (told["invocations"], told["left_out"]) == (len(names), {})
    assert told["why"] == ["6 of 20 lie beyond the training range: learn from such inputs too"]
    assert told["median_error"] < 0.08
    assert told["above_bound"] == sum(line["AboveBound"] for line in said)


def test_what_will_not_fit_is_refused_where_the_bare_function_runs_out_of_memory(
    start: Start, copy: Path, archives: Path
) -> None:
    (copy / "bare.py").write_text(BARE)
    bare = start(copy, handler="bare.handler")
    held = resident_bytes(bare)
    limit_growth(bare, 12 * MIB)
    with pytest.raises((FunctionDied, _OutOfMemory)):
        raise_of(bare.invoke(s3_event("large+%2B1.zip")))

    container = start(memory_mib=(held + 12 * MIB) // MIB + 16)
    limit_growth(container, 12 * MIB)
    for _ in range(2):
        answer = container.invoke(s3_event("large+%2B1.zip"))
        assert answer.failed
        assert answer.body["errorType"] == "PredictedMemoryExceeded"
        assert "is predicted to take the process to" in answer.body["errorMessage"]
        assert any("orders.py" in line for line in answer.body["stackTrace"])
        said = last(container)
        assert (said["Refused"], said["failed"]) == (1, "PredictedMemoryExceeded")
        assert "MeasuredPeak" not in said
        assert resident_bytes(container) < said["baseline"] + 2 * MIB, "it was refused too late"

        assert container.invoke(s3_event("small.zip")).body == orders.summarize(str(archives / "small.zip"))
        assert (last(container)["Refused"], last(container)["breakpoint"]) == (0, ARCHIVE)


class _OutOfMemory(Exception):
    pass


def raise_of(answer: Answer) -> None:
    if answer.failed and answer.body["errorType"] == "MemoryError":
        raise _OutOfMemory


def resident_bytes(container: LocalLambda) -> int:
    return int(Path(f"/proc/{container.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def test_errors_are_the_functions_own(start: Start, copy: Path, archives: Path) -> None:
    (copy / "bare.py").write_text(BARE)
    bare = start(copy, handler="bare.handler").invoke(s3_event("broken.zip"))
    container = start()

    answer = container.invoke(s3_event("broken.zip"))

    assert answer.failed
    assert answer.body["errorType"] == bare.body["errorType"] == "BadZipFile"
    assert answer.body["errorMessage"] == bare.body["errorMessage"]
    raised = [frame.replace(str(copy), "") for frame in bare.body["stackTrace"][1:]]
    assert raised[0].startswith('  File "/orders.py", line ')
    assert [frame.replace(str(container.package), "") for frame in answer.body["stackTrace"][1:]] == raised
    said = last(container)
    assert (said["failed"], said["Refused"]) == ("BadZipFile", 0)
    assert "ForecastError" not in said
    assert not container.invoke(s3_event("small.zip")).failed
    assert last(container)["breakpoint"] == ARCHIVE


def test_an_init_phase_that_fails_is_reported(start: Start, copy: Path) -> None:
    (copy / "model.json").write_text("{}")

    with pytest.raises(FunctionDied, match="model") as died:
        start(copy)

    assert died.value.init_error["errorType"] == "InvalidModel"
    assert "model.json" in died.value.init_error["errorMessage"]


def test_what_was_not_prepared_is_armed_with_a_warning(start: Start, copy: Path) -> None:
    for prepared in copy.glob("*.prepared"):
        prepared.unlink()
    container = start(copy)

    assert not container.invoke(s3_event("small.zip")).failed
    assert last(container)["breakpoint"] == ARCHIVE
    assert "prepare the model again, with `peakahead prepare`" in container.log()[0]


def test_code_that_is_not_what_was_trained_runs_with_a_warning(start: Start, copy: Path, archives: Path) -> None:
    source = (copy / "orders.py").read_text()
    (copy / "orders.py").write_text(source.replace("orders = []", "orders = list()"))
    shutil.rmtree(copy / "__pycache__")
    container = start(copy)

    assert container.invoke(s3_event("small.zip")).body == orders.summarize(str(archives / "small.zip"))
    assert last(container)["breakpoint"] == "the start of summarize"
    assert "orders:summarize runs unarmed" in container.log()[0]


RELOADING = """
import importlib, lambda_function
def handler(event, context):
    for name in event.get("reload", ()):
        importlib.reload(importlib.import_module(name))
    return lambda_function.handler(event, context)
"""


def reload_between(container: LocalLambda, names: list[str]) -> list[str]:
    """Invoke a container three times, reloading modules before the second; return where the forecasts come from."""
    for number in range(3):
        event = s3_event("small.zip")
        answer = container.invoke({**event, "reload": names} if number == 1 else event)
        assert not answer.failed, answer.body
    return [line["breakpoint"] for line in container.metrics()]


@pytest.mark.parametrize("reloaded", [["lambda_function"], ["orders"], ["orders", "metrics", "lambda_function"]])
def test_a_reloaded_handler_is_armed(start: Start, copy: Path, reloaded: list[str]) -> None:
    (copy / "reloading.py").write_text(RELOADING)
    container = start(copy, handler="reloading.handler")

    assert reload_between(container, reloaded) == [ARCHIVE] * 3
    assert len(container.log()) == 3, "a warning"


def test_a_function_that_is_reloaded_behind_the_handlers_back_is_told_of(start: Start, copy: Path) -> None:
    (copy / "reloading.py").write_text(RELOADING)
    handler = copy / "lambda_function.py"
    source = handler.read_text().replace("from orders import summarize", "import orders")
    handler.write_text(source.replace("return summarize(", "return orders.summarize("))
    shutil.rmtree(copy / "__pycache__")
    container = start(copy, handler="reloading.handler")

    assert reload_between(container, ["orders"]) == [ARCHIVE, "the start of summarize", "the start of summarize"]
    (told,) = [line for line in container.log() if "ArmingWarning" in line]
    assert "orders was reloaded" in told
    assert "call peakahead.arm(model) again" in told
