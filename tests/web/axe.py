"""axe-core, which finds what keeps people out of a page: https://github.com/dequelabs/axe-core."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

_SCRIPT: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS: Final = {"serious", "critical"}


@cache
def _script() -> str:
    if not _SCRIPT.exists():
        raise RuntimeError("axe-core is not installed: run `make test-web`, or `npm ci` in tests/web")
    return _SCRIPT.read_text("utf-8")


async def serious_faults(page: Page) -> list[str]:
    """Returns the serious and critical faults of a page as it is shown now, each with the first element that has it."""
    # Evaluated rather than added as an element, which the page's content policy refuses.
    await page.evaluate(f"() => {{ {_script()} }}")
    results: dict[str, Any] = await page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{fault['id']}: {fault['help']}: {fault['nodes'][0]['html'][:200]} ({len(fault['nodes'])})"
        for fault in results["violations"]
        if fault["impact"] in _SERIOUS
    ]
