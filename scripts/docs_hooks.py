"""What MkDocs does beyond its own: pages outside of docs/, and comments that are for the tests alone.

The pages are written for the repository, where a link may lead to any file. On the site the examples are pages, too,
and so is every other page that one of them links to; other linked files lie beside them.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, InclusionLevel


if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page


ROOT = Path(__file__).resolve().parent.parent
DOCS = "docs/"
_FRONT = {"README.md": "index.md"}  # the repository's front page is the site's
_FENCE = re.compile(r"(^[ ]*```.*?^[ ]*```$)", re.MULTILINE | re.DOTALL)
_FOR_TESTS = re.compile(r"^[ ]*<!-- .*? -->\n", re.MULTILINE)
_LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s#:]+)(?P<place>#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give every example a place in the navigation."""
    examples = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/README.md"))
    for entry in config.nav or ():
        if isinstance(entry, dict) and "Examples" in entry:
            entry["Examples"] = examples
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the examples, and every file outside of docs/ that a page links to."""
    work = [file.src_uri for file in files if file.is_documentation_page()]
    known = {file.src_uri for file in files}
    linked = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("examples/*/README.md"))]
    while linked or work:
        for path in linked:
            if path not in known and path not in _FRONT and (ROOT / path).is_file():
                known.add(path)
                added = File.generated(
                    config, path, abs_src_path=str(ROOT / path), inclusion=InclusionLevel.NOT_IN_NAV
                )
                files.append(added)
                work += [path] if added.is_documentation_page() else []
        linked = list(_outside(work.pop())) if work else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave out the comments for tests, and turn the links from the repository's places to the site's."""
    del files
    if page.edit_url is None:  # a page from outside of docs/
        page.edit_url = str(config.edit_uri_template).replace("docs/{path}", page.file.src_uri)
    if page.is_homepage:
        page.meta["hide"] = ["navigation", "toc"]
    here = posixpath.dirname(page.file.src_uri)

    def on_the_site(found: re.Match[str]) -> str:
        path = _linked(page.file.src_uri, found["target"])
        if (ROOT / path).is_dir():
            return f"`{found['text'].strip('`')}`"  # a folder is no page
        if not (ROOT / path).is_file():
            return found[0]
        return f"[{found['text']}]({posixpath.relpath(_on_site(path), here or '.')}{found['place'] or ''})"

    parts = _FENCE.split(_FOR_TESTS.sub("", markdown))
    return "".join(part if number % 2 else _LINK.sub(on_the_site, part) for number, part in enumerate(parts))


def _outside(uri: str) -> Iterator[str]:
    """Yield what a page links to outside of docs/, as paths from the repository's root."""
    text = _FENCE.sub("", (ROOT / _in_repository(uri)).read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        path = _linked(uri, found["target"])
        if not path.startswith((DOCS, "../")):
            yield path


def _linked(uri: str, target: str) -> str:
    """Return where a link of a page leads, from the repository's root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(_in_repository(uri)), target))


def _in_repository(uri: str) -> str:
    return DOCS + uri if (ROOT / DOCS / uri).is_file() else uri


def _on_site(path: str) -> str:
    return _FRONT.get(path, path).removeprefix(DOCS)
