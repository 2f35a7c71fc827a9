"""What a person sees of a model: where it looks, what it reads, and how good it is."""

from __future__ import annotations

import math

from .fields import printable
from .formulas import Term
from .model import BreakpointModel, Stage
from .report import Report
from .sizes import format_size


def summary(model: BreakpointModel) -> str:
    """Return the model's summary, one stage a paragraph."""
    training = model.training
    low, high = training.peak_range_bytes
    lines = [
        f"peakahead model of {model.target}",
        f"  trained on {training.invocations} invocations, peaks from {format_size(low)} to {format_size(high)}"
        f" ({training.meter}, Python {training.python})",
    ]
    if training.failures:
        failed = ", ".join(f"{count} {kind}" for kind, count in training.failures.items())
        lines.append(f"  left out: {failed}")
    for number, stage in enumerate(model.stages, 1):
        lines += ["", f"  stage {number}, at {stage.site}", *(f"    {line}" for line in stage_lines(stage))]
    lines += [f"\n  {note}" for note in training.notes]
    return printable("\n".join(lines))


def stage_lines(stage: Stage) -> list[str]:
    """Return what a stage says and how well, one line an aspect."""
    bound = stage.bound
    lines = [
        f"growth  = {formula_text(stage)}",
        f"error   = {stage.error:.1%} median on invocations held out, "
        f"{stage.error_larger:.1%} on larger ones than trained",
        f"bound   = growth + {bound.margin:.1%} of (growth + {format_size(bound.grain_bytes)}), for "
        f"{bound.coverage:.0%} of invocations; {bound.margin_beyond:.1%} beyond the training range",
    ]
    if not stage.site.is_start:
        hits = f"{stage.hits:g} hit{'' if stage.hits == 1 else 's'} an invocation"
        lines.append(f"lead    = {stage.lead:.0%} of the growth still ahead at its first hit, {hits}")
    return lines


def formula_text(stage: Stage) -> str:
    """Return the formula as a person reads it: `1.2 MiB + 2.31 x file_size(f)`."""
    parts = []
    formula = stage.formula
    if formula.intercept >= 0.5 or not formula.terms:
        parts.append(format_size(formula.intercept))
    for term in formula.terms:
        factors = [str(stage.readings[index]) for index in term.factors]
        parts.append(" x ".join([_coefficient_text(term, stage), *factors]))
    text = " + ".join(parts)
    if stage.forest is None:
        return text
    asked = dict.fromkeys(str(stage.readings[one.reading]) for one in stage.forest.inputs)
    return f"({text}) x a forest's factor by {', '.join(asked)}"


def _coefficient_text(term: Term, stage: Stage) -> str:
    """Return a term's coefficient: a number, or a list such as `{RGB: 4.00, L: 1.00 by image.mode}`."""
    write = _coefficient if term.factors else format_size
    if term.switch is None:
        return write(term.coefficient)
    choices = ", ".join(f"{level}: {write(value)}" for level, value in term.switch.coefficients.items())
    return f"{{{choices} by {stage.readings[term.switch.reading]}}}"


def _coefficient(value: float) -> str:
    digits = 3 if value <= 0 else max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{min(digits, 9)}f}"


def report_table(report: Report) -> str:
    """Return a report as a table of text, a site a line and its verdict below."""
    if not report.findings:
        return "no site was searched"
    lines = [f"  {'error':>6} {'larger':>7} {'lead':>5} {'hits':>6} {'cost':>8}  site"]
    for finding in report.findings:
        lines += [
            f"{'>' if finding.is_chosen else ' '} {finding.error:6.1%} {finding.error_larger:7.1%} "
            f"{finding.lead:5.0%} {finding.hits:6g} {finding.cost_s * 1e6:5.1f} us  {finding.site}",
            f"{'':40}growth = {finding.growth}",
            f"{'':40}{finding.verdict}",
        ]
    if report.noise is not None:
        lines.append(
            f"equal invocations differ by {report.noise:.1%} in the median: no error stays below that for long"
        )
    return printable("\n".join(lines))
