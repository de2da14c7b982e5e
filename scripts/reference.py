"""The pages of docs/reference that say what the code says: written from it, and checked against it.

python scripts/reference.py            check; exit 1 with the name of every page that is out of date
python scripts/reference.py --write    bring the pages up to date

Most pages are made as a whole. On the others, what stands between ``<!-- generated: NAME -->`` and
``<!-- end of NAME -->`` is made, and the rest is written by hand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING


ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "src"))

from scripts import (
    reference_accelerators,
    reference_commands,
    reference_configuration,
    reference_documents,
    reference_errors,
    reference_health,
)


if TYPE_CHECKING:
    from collections.abc import Callable


REFERENCE = ROOT / "docs" / "reference"
WHOLE: dict[Path, Callable[[], str]] = {
    REFERENCE / "accelerators.md": reference_accelerators.page,
    REFERENCE / "documents.md": reference_documents.page,
    REFERENCE / "exit-codes.md": reference_errors.page,
    REFERENCE / "health-metrics.md": reference_health.page,
    REFERENCE / "options.md": reference_commands.page,
}
PARTS: dict[Path, dict[str, Callable[[], str]]] = {
    REFERENCE / "configuration.md": {
        "keys": reference_configuration.keys,
        "variables": reference_configuration.variables,
    },
}


def main() -> int:
    """Check or write every page; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="bring the pages up to date")
    options = parser.parse_args()
    stale = {page: text for page, text in pages().items() if _stored(page) != text}
    for page, text in stale.items():
        print(f"{page.relative_to(ROOT)}: {'written' if options.write else 'out of date; run with --write'}")
        if options.write:
            page.write_text(text, encoding="utf-8")
    return 1 if stale and not options.write else 0


def pages() -> dict[Path, str]:
    """Return every page with the text that it should have."""
    made = {page: make() for page, make in WHOLE.items()}
    return made | {page: _with_parts(page, parts) for page, parts in PARTS.items()}


def _stored(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def _with_parts(page: Path, parts: dict[str, Callable[[], str]]) -> str:
    text = _stored(page)
    for name, make in parts.items():
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->\n"
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"{page}: wants {begin.strip()} and {end.strip()}, in this order")
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.exit(main())
