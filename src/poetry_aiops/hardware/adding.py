"""One run of ``poetry hw-add``: plan, show, lock what is planned, and write pyproject.toml and poetry.lock together."""

from __future__ import annotations

import difflib
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from poetry.core.constraints.version import parse_constraint
from poetry.repositories.exceptions import PackageNotFoundError, RepositoryError
from poetry.repositories.http_repository import HTTPRepository

import poetry_aiops
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.frameworks import load_frameworks
from poetry_aiops.config import VARIANTS, read_config
from poetry_aiops.errors import InputError, NegativeAnswerError, UsageError
from poetry_aiops.hardware.addition import COMMAND, Addition, plan_addition
from poetry_aiops.hardware.recipes import Recipes
from poetry_aiops.hardware.removal import leaving, notes_on, unused_sources
from poetry_aiops.locking.api import check_declaration, propose, variant_kind
from poetry_aiops.project.edit import ProjectEdit, apply_edit
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.files import reported, write_together
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.signals import undoing_when_ended
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry.repositories import RepositoryPool

    from poetry_aiops.cli.output import Output
    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.hardware.addition import AdditionRequest
    from poetry_aiops.locking.api import PoetryProject
    from poetry_aiops.project.edit_text import NewRequirement


_ANY_WRITE_BIT = 0o222


def add(request: AdditionRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code; raises errors before anything is written."""
    return Adding(request, output, project).run()


@dataclass
class Adding:
    """The run; its public state is what the JSON document holds."""

    request: AdditionRequest
    output: Output
    project: PoetryProject
    warnings: list[str] = field(default_factory=list)
    written: bool = False
    locked: bool = False

    def run(self) -> int:
        """Return the exit code; raises errors before anything is written."""
        path = self.request.pyproject
        if self.request.dry_run:
            return self._run(path)
        with locked(path.parent, datetime.now(UTC)), undoing_when_ended():
            return self._run(path)

    def _run(self, path: Path) -> int:
        document = load_pyproject(path)
        before = read_file(path)
        addition = self._plan(document, path)
        text = apply_edit(before.decode("utf-8"), addition.edit, path)
        if addition.edit.gone:
            read_config(aiops_table(parse_toml(text)))  # a profile may still name what leaves
        diff = _diff(before.decode("utf-8"), text)
        dry = self.request.dry_run
        if not dry and diff:
            self._refuse_read_only(path)
        self._show(addition, diff)
        code = 0
        if not dry and (diff or self._lock_is_behind()):
            if not diff:
                self.output.note(
                    "pyproject.toml already has all of this, but poetry.lock does not match it: locking"
                )
            code = self._lock_and_write(path, before, text, addition)
        self._conclude(document, diff, dry=dry, code=code)
        if self.output.form == "json":
            self._write_document(addition, diff, dry=dry, code=code)
        return code

    # -- planning ------------------------------------------------------------------------------------------

    def _plan(self, document: Mapping[str, object], path: Path) -> Addition:
        project = project_from(document, path)
        hardware = read_config(aiops_table(document)).hardware
        if hardware is not None:
            if variant_kind(hardware, project) == "extras":
                raise UsageError(
                    "the hardware variants of this project are extras, and hw-add writes dependency groups",
                    where=COMMAND,
                    hint="Add the package to the extras by hand, or make the variants optional groups.",
                )
            check_declaration(hardware, project)
        variants = hardware.variants if hardware else ()
        gone = leaving(self.request.remove, variants)
        self._refuse_contradictions()
        inferred = propose(project) if hardware is None else None
        if self.request.from_groups:
            addition = _declaration(hardware, inferred)
        elif self.request.packages:
            rest = {name: group for name, group in project.groups.items() if name not in gone}
            addition = plan_addition(
                self.request,
                replace(project, groups=rest),
                tuple(variant for variant in variants if variant.group not in gone),
                inferred.variants if inferred else (),
                Recipes(load_frameworks(), load_catalogue()),
            )
        else:
            addition = Addition(ProjectEdit(), (), (), ())
        edit = replace(addition.edit, gone=gone, unused=unused_sources(project, gone, addition))
        notes = (*addition.notes, *(notes_on(project, gone) if gone and not self.request.packages else ()))
        return replace(addition, edit=self._with_plugin(edit, document), notes=notes)

    def _refuse_contradictions(self) -> None:
        """Raise UsageError for options that say nothing, or that contradict each other."""
        request = self.request
        if request.from_groups and (request.packages or request.variants or request.remove):
            what, hint = "takes the variants from the groups unchanged", "Leave out everything else."
        elif not (request.packages or request.remove or request.from_groups):
            what, hint = "no package is named", f"Write for example {COMMAND} torch --variants cpu,cu126."
        elif request.variants and not request.packages:
            what, hint = (
                "--variants needs packages",
                f"Write for example {COMMAND} torch --variants cpu,cu126.",
            )
        else:
            return
        raise UsageError(what, where="--from-groups" if request.from_groups else COMMAND, hint=hint)

    def _with_plugin(self, edit: ProjectEdit, document: Mapping[str, object]) -> ProjectEdit:
        if not self.request.requires_plugins or _asks_for_plugin(document):
            return edit
        return replace(edit, plugin=_plugin_constraint())

    def _refuse_read_only(self, path: Path) -> None:
        if not os.access(path, os.W_OK) or not path.stat().st_mode & _ANY_WRITE_BIT:
            raise InputError(
                "the file is read-only, and nothing was changed",
                where=str(path),
                hint="Make it writable, or see the changes with --dry-run.",
            )

    # -- writing -------------------------------------------------------------------------------------------

    def _lock_and_write(self, path: Path, before: bytes, text: str, addition: Addition) -> int:
        """Lock the planned project beside the real one, then write both files or none; returns the exit code."""
        after = {path: text.encode("utf-8")}
        seen: dict[Path, bytes | None] = {path: before}
        if self.request.lock:
            lock = path.with_name("poetry.lock")
            if lock.is_file():
                read_lock(lock)  # refuses what Poetry could not read, with its line
            seen[lock] = _bytes_of(lock)
            code = self._lock(addition, text, seen[lock], lock, after)
            if code != 0:
                return code
        _write(seen, {file: data for file, data in after.items() if data != seen[file]})
        self.written = after[path] != before
        self.locked = len(after) > 1
        self.project.read_again()
        return 0

    def _lock(
        self, addition: Addition, text: str, old: bytes | None, lock: Path, after: dict[Path, bytes]
    ) -> int:
        """Lock the planned project and put the new lock into ``after``; returns the exit code."""
        code = NegativeAnswerError.exit_code
        seed = None if old is None else old.decode("utf-8")
        try:
            with self.project.staged(lock.parent, text, seed) as staged:
                self._warn_about_hashes(addition, staged.poetry.pool)
                code = self.project.lock(staged)
                if code == 0:
                    after[lock] = read_file(staged.lock_path)
        finally:
            if code != 0:  # an interruption included
                self.output.failure("Locking failed, so nothing was written.")
        return code

    def _lock_is_behind(self) -> bool:
        """Whether an earlier run was not to lock, or was killed between exchanging both files."""
        locker = self.project.poetry.locker
        return self.request.lock and not (locker.is_locked() and locker.is_fresh())

    def _warn_about_hashes(self, addition: Addition, pool: RepositoryPool) -> None:
        """Warn about indexes without hashes: Poetry would download every file of a release to compute them."""
        sources: dict[str, NewRequirement] = {}
        for variant in addition.variants:
            for entry in variant.entries:
                if entry.source is not None:
                    sources.setdefault(entry.source, entry)
        for source, entry in sources.items():
            try:
                lacking = _without_hash(pool, source, entry)
            except (PackageNotFoundError, RepositoryError, IndexError, OSError) as error:
                why = str(error).partition("\n")[0] or type(error).__name__
                self.output.note(f"the page of {entry.name} on {source} could not be checked: {why}")
                continue
            if lacking:
                self._warn(
                    f"{source} gives no sha256 for {lacking}: Poetry downloads them whole to compute it, which for"
                    " torch is gigabytes. Ctrl+C stops it, and nothing is written."
                )

    # -- output -------------------------------------------------------------------------------------------

    def _show(self, addition: Addition, diff: str) -> None:
        self.output.diff(diff)
        for variant in addition.variants:
            if variant.unchanged:
                names = ", ".join(variant.unchanged)
                self.output.line(f"{variant.group} ({variant.backend}) already has {names}")
        for note in addition.notes:
            self.output.note(note)

    def _conclude(self, document: Mapping[str, object], diff: str, *, dry: bool, code: int) -> None:
        if not diff and not self.locked:
            self.output.line("Nothing to change.")
        elif dry:
            self.output.line("Dry run: nothing was written.")
        elif code == 0:
            files = " and ".join(self._files())
            self.output.line(f"Wrote {files}. Install what fits this machine with `poetry hw-install`.")
        if (
            diff
            and code == 0
            and self.request.packages
            and not _asks_for_plugin(document)
            and not self.request.requires_plugins
        ):
            self.output.line(
                "To get this plugin in every clone, add these lines (or use --requires-plugins):\n"
                f'[tool.poetry.requires-plugins]\npoetry-aiops = "{_plugin_constraint()}"'
            )

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.output.warning(text)

    def _write_document(self, addition: Addition, diff: str, *, dry: bool, code: int) -> None:
        content: dict[str, Any] = {
            "variants": [
                {
                    "group": one.group,
                    "backend": one.backend,
                    "created": one.created,
                    "requirements": [asdict(entry) for entry in one.entries],
                    "unchanged": list(one.unchanged),
                }
                for one in addition.variants
            ],
            "moved": [{"name": name, "group": group} for group, name in addition.moved],
            "sources": [{"name": one.name, "url": one.url} for one in addition.edit.sources],
            "declared": dict(addition.edit.variants),
            "removed": {"variants": sorted(addition.edit.gone), "sources": sorted(addition.edit.unused)},
            "diff": diff,
            "files": self._files(),
            "dry_run": dry,
            "notes": list(addition.notes),
            "warnings": self.warnings,
            "exit_code": code,
        }
        self.output.document("hw-add", content)

    def _files(self) -> list[str]:
        names = [("pyproject.toml", self.written), ("poetry.lock", self.locked)]
        return [name for name, changed in names if changed]


def _without_hash(pool: RepositoryPool, source: str, entry: NewRequirement) -> str | None:
    """Return how many files of the newest version that fits carry no sha256 on an index, None where all do.

    One request, which Poetry keeps for the length of the process: locking afterwards does not ask again. Raises what
    Poetry's repository raises.
    """
    name, repository = canonicalize_name(entry.name), pool.repository(source)
    if not isinstance(repository, HTTPRepository):
        return None
    page = repository.get_page(name)
    fitting = [one for one in page.versions(name) if parse_constraint(entry.constraint).allows(one)]
    links = list(page.links_for_version(name, max(fitting))) if fitting else []
    lacking = sum("sha256" not in link.hashes for link in links)
    return f"{lacking} of {len(links)} files of {entry.name} {max(fitting).text}" if lacking else None


def _declaration(hardware: HardwareConfig | None, inferred: HardwareConfig | None) -> Addition:
    """Return the edit that declares the groups which look like variants; raises UsageError where there are none."""
    if hardware is not None:
        what, hint = "the project already declares its hardware variants", f"Change them with {COMMAND}."
        raise UsageError(what, where="--from-groups", hint=hint)
    if inferred is None:
        raise UsageError(
            "no optional groups of this project require different builds of one package",
            where="--from-groups",
            hint=f"Write the groups with {COMMAND} PACKAGE --variants cpu,cu126, or declare them in {VARIANTS}.",
        )
    rows = tuple((variant.group, variant.backend) for variant in inferred.variants)
    return Addition(ProjectEdit(variants=rows), (), (), ())


def _bytes_of(path: Path) -> bytes | None:
    return read_file(path) if path.is_file() else None


def _write(seen: Mapping[Path, bytes | None], after: Mapping[Path, bytes]) -> None:
    """Write the files; raises InputError when another program wrote one since it was read, or the system refuses."""
    for path, data in seen.items():
        if _bytes_of(path) != data:
            raise InputError(
                "another program changed the file in the meantime, so nothing was written",
                where=str(path),
                hint="Run this again.",
            )
    hint = "Make room or make it writable, then run this again."
    with reported("cannot be written and is unchanged", ", ".join(map(str, after)), hint):
        write_together(after)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), "pyproject.toml", "pyproject.toml"
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _asks_for_plugin(document: Mapping[str, Any]) -> bool:
    return "poetry-aiops" in document.get("tool", {}).get("poetry", {}).get("requires-plugins", {})


def _plugin_constraint() -> str:
    return f">={poetry_aiops.__version__}"
