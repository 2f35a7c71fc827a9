"""Every error that peakahead raises, under one root.

A message says what went wrong, which thing it was, why, and what to do about it, in one line.
"""


class PeakaheadError(Exception):
    """Root of all errors of peakahead."""


class InvalidTarget(PeakaheadError):
    """The function to learn or to arm can't be found, traced or rewritten."""


class InvalidInvocation(PeakaheadError):
    """An invocation can't be read, sent to a child, or doesn't fit the function's signature."""


class InvalidModel(PeakaheadError):
    """A model file, or a part of one, isn't what this version of peakahead can use."""


class InvalidOption(PeakaheadError, ValueError):
    """An option has a value that it can't take."""


class InvalidTrace(PeakaheadError):
    """A trace is cut short, or isn't a trace."""


class TrainingFailed(PeakaheadError):
    """Training can't give a model: too few invocations succeeded, or the child can't start."""


class ArmingError(PeakaheadError):
    """A function can't be armed; raised only where `strict=True` asks for it."""


class PredictedMemoryExceeded(MemoryError, PeakaheadError):
    """The upper bound of the predicted peak passes the limit given to `predict_memory`.

    Raised from the breakpoint, before the memory is allocated.

    Attributes:
        forecast: The `Forecast` that passed the limit, or None.
        limit_bytes: The limit that it passed.
    """

    def __init__(self, message: str, forecast: object = None, limit_bytes: int = 0) -> None:
        super().__init__(message)
        self.forecast = forecast
        self.limit_bytes = limit_bytes


class StaleCodeWarning(UserWarning):
    """The function isn't the one that was trained; it runs unarmed."""


class ArmingWarning(UserWarning):
    """A function of the model is missing or can't be rewritten; it runs unarmed."""


class RecordingWarning(UserWarning):
    """An invocation isn't recorded; it runs as it would have."""
