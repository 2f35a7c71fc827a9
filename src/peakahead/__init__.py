"""Predicts how much memory a running function is about to need, before it allocates it.

Training:

    model = peakahead.learn(function, invocations)
    model.save("model.json")

Production, which needs neither NumPy nor scikit-learn:

    model = peakahead.load("model.json")
    with peakahead.predict_memory(model, limit="512MiB") as run:
        function()
    run.forecast.peak_bytes
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .learner.fit import fit
    from .learner.invocations import Invocation
    from .learner.learn import Progress, learn
    from .learner.pictures import plot
    from .learner.record import FunctionRecorder, record
    from .models.errors import (
        ArmingError,
        ArmingWarning,
        InvalidInvocation,
        InvalidModel,
        InvalidOption,
        InvalidTarget,
        InvalidTrace,
        PeakaheadError,
        PredictedMemoryExceeded,
        RecordingWarning,
        StaleCodeWarning,
        TrainingFailed,
    )
    from .models.file import load
    from .models.model import BreakpointModel
    from .models.registered import register_feature
    from .models.report import Finding, Report
    from .models.result import Result
    from .runtime.arming import arm, disarm, prepare
    from .runtime.forecast import Forecast
    from .runtime.predict import predict_memory

__version__ = "0.1.0"

# Each name is imported when it is first used, so that production never pays for training.
_HOMES = {
    "learn": ".learner.learn",
    "fit": ".learner.fit",
    "plot": ".learner.pictures",
    "record": ".learner.record",
    "FunctionRecorder": ".learner.record",
    "Progress": ".learner.learn",
    "Report": ".models.report",
    "Finding": ".models.report",
    "Result": ".models.result",
    "Invocation": ".learner.invocations",
    "BreakpointModel": ".models.model",
    "load": ".models.file",
    "register_feature": ".models.registered",
    "arm": ".runtime.arming",
    "disarm": ".runtime.arming",
    "prepare": ".runtime.arming",
    "Forecast": ".runtime.forecast",
    "predict_memory": ".runtime.predict",
    **dict.fromkeys(
        (
            "ArmingError",
            "ArmingWarning",
            "InvalidInvocation",
            "InvalidModel",
            "InvalidOption",
            "InvalidTarget",
            "InvalidTrace",
            "PeakaheadError",
            "PredictedMemoryExceeded",
            "RecordingWarning",
            "StaleCodeWarning",
            "TrainingFailed",
        ),
        ".models.errors",
    ),
}

__all__ = [  # noqa: RUF022 - in the order of use
    "learn",
    "record",
    "fit",
    "FunctionRecorder",
    "Invocation",
    "Progress",
    "BreakpointModel",
    "Report",
    "Finding",
    "load",
    "plot",
    "arm",
    "disarm",
    "prepare",
    "predict_memory",
    "Forecast",
    "Result",
    "register_feature",
    "PeakaheadError",
    "ArmingError",
    "ArmingWarning",
    "InvalidInvocation",
    "InvalidModel",
    "InvalidOption",
    "InvalidTarget",
    "InvalidTrace",
    "PredictedMemoryExceeded",
    "RecordingWarning",
    "StaleCodeWarning",
    "TrainingFailed",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        # Not by `importlib`, which a cold start would pay for.
        module = __import__(f"{__name__}{home}", fromlist=[name])
    except ModuleNotFoundError as error:
        if home.startswith(".learner") and error.name in {"numpy", "scipy", "sklearn", "joblib", "cloudpickle"}:
            extra = "plot" if name == "plot" else "learn"
            raise ModuleNotFoundError(
                f"peakahead.{name} needs {error.name}: install its extra, `pip install 'peakahead[{extra}]'`",
                name=error.name,
            ) from error
        raise
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
