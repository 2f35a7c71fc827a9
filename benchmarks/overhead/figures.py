"""What the raw seconds come to: costs, ratios within rounds, their medians and their spread."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

from .mechanisms import MECHANISMS
from .turns import WAYS
from .whole import RUNNING_EXAMPLE

Seconds = dict[str, list[float]]  # by mechanism or way, one number a round

NO_OP = "no-op"
# A figure with what is wanted of it, as the tables say it.
MOST_BY_HAND, MOST_OVER_NO_OP_NS, MOST_OVER_FSTAT, MOST_MORE_NS = 1.05, 250, 1.3, 400
LEAST_OF_MONITORING, LEAST_OF_SETTRACE, LEAST_OF_PROBE = 8, 15, 30
MOST_WITHOUT_HITS, MOST_WHOLE_MEDIAN, MOST_WHOLE = 1.005, 1.01, 1.02


def costs(seconds: Seconds, way: str) -> list[float]:
    """Return the seconds a hit of a mechanism, in each round: what its loop takes over the bare one."""
    return [timed - bare for timed, bare in zip(seconds[way], seconds["bare"], strict=True)]


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio in each round."""
    return [one / other for one, other in zip(above, below, strict=True)]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the quartiles: half of the rounds lie between them."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    return {**_of_hits(results["hits"]["seconds"]), **_of_functions(results)}


def short_figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what a user wants to know: the medians alone."""
    seconds = results["hits"]["seconds"]
    found = {"armed / bare, running example": f"{median(_whole(results)[RUNNING_EXAMPLE]):.3f}"}
    for name in ("a number", "a length", "an open file"):
        found[f"a hit on {name}"] = f"{median(costs(seconds[name], 'ours')) * 1e9:,.0f} ns"
    return found


def _of_hits(hits: dict[str, Seconds]) -> dict[str, str]:
    no_op = costs(hits[NO_OP], "injected")
    found = {}
    for name, seconds in hits.items():
        found[f"injected / by hand, {name}; wanted {MOST_BY_HAND} at most"] = _said(
            ratios(costs(seconds, "injected"), costs(seconds, "by hand")), 2
        )
    for name in ("a number", "a length"):
        over = [ours - injected for ours, injected in zip(costs(hits[name], "ours"), no_op, strict=True)]
        found[f"{name}, read, folded and forecast, over a no-op; wanted {MOST_OVER_NO_OP_NS} ns at most"] = nanoseconds(
            over
        )
    file = hits["an open file"]
    over = [
        ours - MOST_OVER_FSTAT * fstat for ours, fstat in zip(costs(file, "ours"), costs(file, "fstat"), strict=True)
    ]
    found[f"an open file less {MOST_OVER_FSTAT} x os.fstat; wanted {MOST_MORE_NS} ns at most"] = nanoseconds(over)
    for way, least in (("sys.monitoring", LEAST_OF_MONITORING), ("sys.settrace", LEAST_OF_SETTRACE)):
        if way in hits[NO_OP]:
            found[f"{way} / injected, a no-op that has the variable; wanted {least} at least"] = _said(
                ratios(costs(hits[NO_OP], way), no_op), 1
            )
    number = hits["a number"]
    for way in ("ddtrace log probe", "ddtrace snapshot probe"):
        if way in number:
            found[f"{way} / ours, a number; wanted {LEAST_OF_PROBE} at least"] = _said(
                ratios(costs(number, way), costs(number, "ours")), 0
            )
    return found


def _of_functions(results: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, seconds in results["without hits"].items():
        armed, again = (ratios(seconds[way], seconds["bare"]) for way in WAYS[1:])
        found[f"armed / bare without hits, {name}; wanted {MOST_WITHOUT_HITS} at most"] = _said(armed, 4)
        found[f"bare / bare, {name}"] = _said(again, 4)
    whole = {name: median(found) for name, found in _whole(results).items()}
    highest = max(whole, key=lambda name: whole[name])
    found[f"armed / bare, median of {len(whole)} functions; wanted {MOST_WHOLE_MEDIAN} at most"] = (
        f"{median(whole.values()):.3f}"
    )
    found[f"armed / bare, highest of them; wanted {MOST_WHOLE} at most"] = f"{whole[highest]:.3f}, `{highest}`"
    return found


def _whole(results: dict[str, Any], way: str = "armed") -> dict[str, list[float]]:
    """Return for each whole function the ratios of calls run one after the other."""
    found = results["whole functions"]
    return {name: ratios(one["seconds"][way], one["seconds"]["bare"]) for name, one in found.items()}


def hits_table(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each kind of hit what it costs by each mechanism, and how many times what ours does."""
    found = {}
    for name, seconds in results["hits"]["seconds"].items():
        cells = {}
        ours = costs(seconds, "ours" if "ours" in seconds else "injected")
        for way in MECHANISMS:
            if way not in seconds:
                cells[way] = ""
            elif way in ("injected", "ours"):
                cells[way] = nanoseconds(costs(seconds, way))
            elif way != "bare":
                cost = costs(seconds, way)
                cells[way] = f"{median(cost) * 1e9:,.0f} ns, {_times(ratios(cost, ours))}"
        found[name] = cells
    return found


def hits_notes(results: dict[str, Any]) -> list[str]:
    return [f"{way}: {why}." for way, why in results["hits"]["missing"].items()]


def whole_table(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each whole function what its last stage reads, how often, and what it costs."""
    whole, again = results["whole functions"], _whole(results, "bare again")
    return {
        f"`{name}`": {
            "reads": ", ".join(f"`{reading}`" for reading in whole[name]["reads"]) or "nothing",
            "hits": f"{whole[name]['hits']:,.0f}",
            "bare": f"{median(whole[name]['seconds']['bare']) * 1e3:,.1f} ms",
            "armed / bare": _said(found, 3),
            "bare / bare": _said(again[name], 3),
        }
        for name, found in _whole(results).items()
    }


def nanoseconds(seconds: Sequence[float]) -> str:
    """Return the median with its quartiles, in nanoseconds."""
    low, high = spread(seconds)
    return f"{median(seconds) * 1e9:,.0f} ns ({low * 1e9:,.0f} to {high * 1e9:,.0f})"


def _times(values: Sequence[float]) -> str:
    low, high = spread(values)
    digits = 0 if median(values) >= 10 else 2
    return f"{median(values):,.{digits}f} x ({low:,.{digits}f} to {high:,.{digits}f})"


def _said(values: Sequence[float], digits: int) -> str:
    low, high = spread(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
