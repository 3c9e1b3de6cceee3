"""All advice on a draft: what is found at once, and what slower work has found and left in the view."""

from __future__ import annotations

from bot.engine.findings import Finding, length_findings
from bot.engine.work import Work


def findings_of(w: Work, draft: int) -> tuple[Finding, ...]:
    """Lengths are summed on the spot; the view brings the rest."""
    return (*length_findings(w.call(draft), w.texts(draft)), *w.view.findings.get(draft, ()))
