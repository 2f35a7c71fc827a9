"""What the raw results of the cases come to: by function, by method, and against what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from peakahead.models.sizes import FLOOR_BYTES

# In the order of the tables.
METHODS = {
    "ours": "peakahead",
    "largest": "largest peak seen",
    "percentile": "95th percentile x 1.15",
    "line": "straight line on the best entry argument",
    "forest": "random forest on the entry arguments (MemFigLess)",
    "tree": "decision tree over 16 MiB classes (OFC)",
    "oracle": "straight line on the true driver, by hand",
}
GROUPS = ("unseen", "larger")
WANTED_ERROR = {"unseen": 0.025, "larger": 0.05}
FAR_OFF = {"unseen": 0.12, "larger": 0.20}
WANTED_BOUND = 1.25
_COVERAGE = 0.95
_EARLY = 0.9
_LEADS = {"oracle": ""}  # it reads what no method may; the entry arguments are known at the start


@dataclass(frozen=True, slots=True)
class Group:
    """What one method said of one group of a function's invocations.

    Attributes:
        peaks: Measured, in bytes.
        forecasts: In bytes.
        bounds: What would be reserved, in bytes.
    """

    peaks: Sequence[float]
    forecasts: Sequence[float]
    bounds: Sequence[float]

    @property
    def errors(self) -> list[float]:
        """Return the errors relative to the peak, or to 2 MiB where that is larger."""
        pairs = zip(self.forecasts, self.peaks, strict=True)
        return [abs(forecast - peak) / max(peak, FLOOR_BYTES) for forecast, peak in pairs]

    @property
    def covered(self) -> list[bool]:
        return [bound >= peak for bound, peak in zip(self.bounds, self.peaks, strict=True)]

    @property
    def overallocation(self) -> float:
        return sum(self.bounds) / sum(self.peaks)

    @property
    def r2(self) -> float:
        """Return the coefficient of determination."""
        centre = mean(self.peaks)
        left = sum((peak - forecast) ** 2 for peak, forecast in zip(self.peaks, self.forecasts, strict=True))
        return 1.0 - left / sum((peak - centre) ** 2 for peak in self.peaks)


def measured(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the cases that gave a model, by name."""
    return {name: case for name, case in results["cases"].items() if case.get("rows")}


def group(case: dict[str, Any], method: str, name: str) -> Group | None:
    """Return what a method said of a group, or None if the function has no such invocations."""
    columns = case["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in case["rows"]]
    rows = [row for row in rows if row["group"] == name]
    if not rows:
        return None
    return Group(
        [row["peak"] for row in rows],
        [row[f"{method} forecast"] for row in rows],
        [row[f"{method} bound"] for row in rows],
    )


def groups(results: dict[str, Any], method: str, name: str) -> list[Group]:
    """Return what a method said of a group, a function each."""
    found = (group(case, method, name) for case in measured(results).values())
    return [one for one in found if one is not None]


def lead(case: dict[str, Any]) -> float:
    """Return the median lead of the stages that spoke last, over unseen invocations."""
    at = case["columns"].index("stage")
    return median(case["stages"][row[at]]["lead"] for row in case["rows"] if row[0] == "unseen")


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what is wanted of the forecasts, and what they came to."""
    cases = measured(results)
    found = {"functions": str(len(cases))}
    if failed := [name for name, case in results["cases"].items() if name not in cases]:
        found["functions without a model"] = ", ".join(failed)
    if results["missing"]:
        found["not run, as a library isn't installed"] = ", ".join(results["missing"])
    for name in GROUPS:
        errors = [median(one.errors) for one in groups(results, "ours", name)]
        if errors:
            wanted, far = WANTED_ERROR[name], FAR_OFF[name]
            found[f"median over functions of the median error, {name}; wanted {wanted:.1%} at most"] = (
                f"{median(errors):.1%}"
            )
            found[f"functions with a median error above {far:.0%}, {name}; wanted none"] = str(
                sum(error > far for error in errors)
            )
            found[f"functions within 1.3 x the oracle line + 2 points, {name}"] = _share(_near_oracle(cases, name))
    for name in GROUPS:
        covered = [one for each in groups(results, "ours", name) for one in each.covered]
        found[f"peaks at or below the bound, {name}"] = _share(covered)
    found[f"bounds / peaks, unseen, mean over functions; wanted {WANTED_BOUND} at most"] = (
        f"{_overallocation(groups(results, 'ours', 'unseen')):.2f}"
    )
    found[f"the same of the best other method that covers {_COVERAGE:.0%} from the entry arguments"] = _best_other(
        results
    )
    found[f"functions with a lead of {_EARLY:.0%} at least"] = _share(lead(case) >= _EARLY for case in cases.values())
    for name, case in cases.items():
        unseen, forest = group(case, "ours", "unseen"), group(case, "forest", "unseen")
        if case["published_r2"] is not None and unseen is not None and forest is not None:
            found[f"R2 of `{name}`, unseen; MemFigLess published {case['published_r2']:.2f}"] = f"{unseen.r2:.3f}"
            found[f"R2 of the same of the forest, fitted here, `{name}`"] = f"{forest.r2:.3f}"
    for name, case in cases.items():
        if "constant" in case["drivers"]:
            found[f"stages of `{name}`, which nothing drives; wanted 1"] = str(len(case["stages"]))
    return found


def _overallocation(found: Sequence[Group]) -> float:
    return mean(one.overallocation for one in found)


def _best_other(results: dict[str, Any]) -> str:
    found = {method: groups(results, method, "unseen") for method in METHODS if method not in ("ours", "oracle")}
    enough = {
        method: _overallocation(said)
        for method, said in found.items()
        if said and mean(covered for one in said for covered in one.covered) >= _COVERAGE
    }
    if not enough:
        return "none does"
    best = min(enough, key=lambda method: enough[method])
    return f"{enough[best]:.2f}, {METHODS[best]}"


def _near_oracle(cases: dict[str, dict[str, Any]], name: str) -> list[bool]:
    near = []
    for case in cases.values():
        ours, oracle = group(case, "ours", name), group(case, "oracle", name)
        if ours is not None and oracle is not None:
            near.append(median(ours.errors) <= 1.3 * median(oracle.errors) + 0.02)
    return near


def _share(true: Iterable[bool]) -> str:
    values = list(true)
    return f"{mean(values):.0%}" if values else ""


def methods_table(results: dict[str, Any]) -> list[str]:
    """Return the lines of a Markdown table, a method a row: medians over functions, of bounds / peaks the mean."""
    lines = [
        "| | median error, unseen | larger | mean error, unseen | larger | at or above the peak, unseen | larger "
        "| bounds / peaks, unseen | larger | lead |",
        "| --- |" + " --: |" * 9,
    ]
    for method, title in METHODS.items():
        by_group = [groups(results, method, name) for name in GROUPS]
        cells = [
            *(_percent(median, [median(one.errors) for one in found]) for found in by_group),
            *(_percent(median, [mean(one.errors) for one in found]) for found in by_group),
            *(_share(one for each in found for one in each.covered) for found in by_group),
            *(f"{_overallocation(found):.2f}" if found else "" for found in by_group),
            f"{median(map(lead, measured(results).values())):.0%}" if method == "ours" else _LEADS.get(method, "100%"),
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def _percent(combine: Any, values: list[float]) -> str:
    return f"{combine(values):.1%}" if values else ""


def functions_table(results: dict[str, Any]) -> list[str]:
    """Return the lines of a Markdown table, a function a row."""
    lines = [
        "| function | what drives it | what the last stage reads | error, unseen | oracle line | error, larger "
        "| oracle line | noise | lead | at or above the peak, unseen | larger | bounds / peaks, unseen | larger |",
        "| --- | --- | --- |" + " --: |" * 10,
    ]
    for name, case in results["cases"].items():
        if name not in measured(results):
            lines.append(f"| `{name}` | {case.get('drives', '')} | {case.get('failure', 'no row')} |" + " |" * 10)
            continue
        both = [(group(case, "ours", which), group(case, "oracle", which)) for which in GROUPS]
        errors = [_percent(median, one.errors) if one else "" for pair in both for one in pair]
        ours = [pair[0] for pair in both]
        cells = [
            *errors,
            f"{case['noise']:.1%}" if case["noise"] is not None else "",
            f"{lead(case):.0%}",
            *(_share(one.covered) if one else "" for one in ours),
            *(f"{one.overallocation:.2f}" if one else "" for one in ours),
        ]
        reads = ", ".join(f"`{reading}`" for reading in case["stages"][-1]["reads"]) or "nothing"
        lines.append(f"| `{name}` | {case['drives']} | {reads} | " + " | ".join(cells) + " |")
    return [*lines, *_notes(results)]


def _notes(results: dict[str, Any]) -> list[str]:
    """Return what a reader should know of how functions are invoked, a line a note."""
    said: dict[str, list[str]] = {}
    for name, case in results["cases"].items():
        if case.get("note"):
            said.setdefault(case["note"], []).append(f"`{name}`")
    return ["", *(f"{', '.join(names)}: {note}." for note, names in said.items())] if said else []
