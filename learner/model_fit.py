"""From traces to a breakpoint model: every candidate site is searched, the best become stages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import joblib

from ..models.model import BreakpointModel, Stage, Training
from ..models.report import Finding
from ..models.sites import FunctionRef
from ..models.summary import formula_text
from .bound import with_room
from .choice import Choice, Scored, choose
from .correction import corrected
from .history import History
from .samples import site_samples
from .stages import export_stage, spread, start_stage
from .traces import Trace
from .versions import Versions

_FINDINGS = 12  # sites that the report tells of
_AT_THE_FLOOR = 1.2  # times the noise: no formula does better for long


def fit_model(
    traces: Iterable[Trace],
    n_traces: int,
    target: FunctionRef,
    training: Callable[[], Training],
    coverage: float,
    *,
    jobs: int = 1,
    versions: Versions | None = None,
) -> BreakpointModel:
    """Return the model that the traces support.

    Args:
        traces: One an invocation; they are read once, one after the other.
        n_traces: How many there are.
        target: The function whose peak is predicted.
        training: Tells how the traces were made, once they are read; what the fit has to say is added to its notes.
        coverage: The share of invocations that the upper bound is to cover.
        jobs: How many sites to search at a time.
        versions: Tells which of the traces agree with the code that most of them are of, or that is here now.
    """
    versions = versions or Versions(target)
    history = History.of(map(versions.seen, traces), n_traces, chosen=versions.agreeing)
    fingerprints = versions.fingerprints()
    told = training()
    # NumPy releases the interpreter's lock in what takes long here; few samples wait at a time, since they are large.
    parallel = joblib.Parallel(n_jobs=jobs, prefer="threads", pre_dispatch="n_jobs")
    searched = parallel(joblib.delayed(Scored.of)(site_samples(history, one.site)) for one in history.sites)
    scored = [found for found in searched if found is not None]
    median = spread(history.peaks)
    samples_of = functools.partial(site_samples, history)
    choice = choose(scored, median.score, samples_of)
    choice = corrected(choice, scored, history, samples_of, median, told.noise)
    stages = (
        start_stage(target, history.peaks, coverage),
        *(export_stage(samples_of(found.site), found.candidate, coverage) for found in choice.stages),
    )
    if told.meter != "heap":
        stages = tuple(stage.replaced(bound=with_room(stage.bound)) for stage in stages)
    functions = {site.function for stage in stages for site in (stage.site, *(r.site for r in stage.readings))}
    return BreakpointModel(
        target,
        stages,
        tuple(fingerprints[function] for function in sorted(functions) if function in fingerprints),
        told.replaced(notes=(*told.notes, *_notes(stages, told.noise))),
        _findings(history, scored, choice, coverage),
    )


def _notes(stages: tuple[Stage, ...], noise: float | None) -> Iterator[str]:
    if len(stages) == 1:
        yield "No variable explains the growth: the forecast is the median of the peaks, the bound their spread."
    if noise is not None and stages[-1].error <= _AT_THE_FLOOR * noise:
        yield (
            f"The error is at the noise floor: equal invocations differ by {noise:.1%} in the median, "
            "so arguments tell no more."
        )


def _findings(history: History, scored: list[Scored], choice: Choice, coverage: float) -> tuple[Finding, ...]:
    """Return the chosen sites and the best of the others, best first."""
    chosen = {found.site: found for found in choice.stages}
    scored = [*(found for found in scored if found.site not in chosen), *choice.stages]
    told = sorted(scored, key=lambda found: (found.site not in chosen, found.score))[:_FINDINGS]
    findings = []
    for found in sorted(told, key=lambda found: found.score):
        stage = export_stage(site_samples(history, found.site), found.candidate, coverage)
        findings.append(
            Finding(
                found.site,
                formula_text(stage),
                stage.error,
                stage.error_larger,
                found.lead,
                found.hits,
                found.spent_s,
                found.site in chosen,
                choice.verdicts[found.site],
            )
        )
    return tuple(findings)
