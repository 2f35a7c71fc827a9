"""Why a model looks where it does: the sites that were searched, and what became of each."""

from __future__ import annotations

from .fields import Fields
from .records import Record
from .sites import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Finding(Record):
    """A site that was searched, with the best formula found there.

    Attributes:
        site: The site.
        growth: The formula, as a person reads it.
        error: The median relative error over invocations held out in training.
        error_larger: The same over the largest third, after training on the others.
        lead: The median share of the growth that was still ahead at the first hit.
        hits: The median number of hits an invocation.
        cost_s: Seconds that a hit took in training, where everything was read; production reads what it needs.
        is_chosen: Whether it became a stage.
        verdict: Why, or why not.
    """

    site: Site
    growth: str
    error: float
    error_larger: float
    lead: float
    hits: float
    cost_s: float
    is_chosen: bool
    verdict: str

    def to_json(self) -> dict[str, Any]:
        return {
            "site": self.site.to_json(),
            "growth": self.growth,
            "error": self.error,
            "error_larger": self.error_larger,
            "lead": self.lead,
            "hits": self.hits,
            "cost_s": self.cost_s,
            "is_chosen": self.is_chosen,
            "verdict": self.verdict,
        }

    @classmethod
    def from_json(cls, fields: Fields) -> Finding:
        return cls(
            Site.from_json(fields.child("site")),
            fields.text("growth"),
            fields.number("error", 0.0),
            fields.number("error_larger", 0.0),
            fields.number("lead", 0.0, 1.0),
            fields.number("hits", 0.0),
            fields.number("cost_s", 0.0),
            fields.flag("is_chosen"),
            fields.text("verdict"),
        )


class Report(Record):
    """What `model.report()` gives.

    `print(report)` shows it as a table.

    Attributes:
        findings: The best sites, best first; the chosen ones among them.
        noise: The median relative difference of the peaks of equal invocations, or None if none was repeated.
    """

    findings: tuple[Finding, ...]
    noise: float | None

    @property
    def runners_up(self) -> tuple[Finding, ...]:
        """What wasn't chosen, best first."""
        return tuple(finding for finding in self.findings if not finding.is_chosen)

    def __str__(self) -> str:
        from .summary import report_table

        return report_table(self)
