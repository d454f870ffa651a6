"""Looking at a page: with axe-core, for its width, in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "test-results"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def check_axe(page: Page, within: str = "body", rules: Sequence[str] = RULES) -> None:
    """Fails on every serious or critical finding of axe-core, with the elements it found.

    ``rules`` are tags or names of rules. An open menu covers what lies below it, so look only ``within`` the menu.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("([within, rules]) => axe.run(within, {runOnly: rules})", [within, list(rules)])
    grave = [
        f"{finding['impact']} {finding['id']}: {finding['help']}\n    {node['html'][:200]}\n    {node['failureSummary']}"
        for finding in found["violations"]
        if finding["impact"] in {"serious", "critical"}
        for node in finding["nodes"][:5]
    ]
    assert not grave, f"{page.url}\n" + "\n".join(grave)


def check_fits(page: Page) -> None:
    """Fails when the page must be scrolled sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


def shot(page: Page, name: str) -> Path:
    """A picture of the whole page in test-results/, to be looked at by a person."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
