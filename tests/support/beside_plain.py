"""One project twice, once for the Poetry with this plugin and once for the same Poetry without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from tests.support.poetry_program import PoetryProgram
    from tests.support.poetry_program import Project


@dataclass(frozen=True, slots=True)
class BesidePlain:
    """Runs a command in both projects; ``differences`` is empty as long as the plugin changes nothing."""

    poetry: PoetryProgram
    plain: PoetryProgram
    ours: Project
    theirs: Project

    def differences(self, *words: str) -> list[str]:
        """Return what differs after ``poetry WORDS``: the exit code, what was printed, a file of the project."""
        done, expected = self.poetry.run(self.ours, *words), self.plain.run(self.theirs, *words)
        found = [
            f"{name}: {ours!r} instead of {plain!r}"
            for name, ours, plain in (
                ("exit code", done.code, expected.code),
                ("stdout", _printed(done.stdout, self.ours), _printed(expected.stdout, self.theirs)),
                ("stderr", _printed(done.stderr, self.ours), _printed(expected.stderr, self.theirs)),
            )
            if ours != plain
        ]
        ours, plain = _files(self.ours), _files(self.theirs)
        found += [str(path) for path in ours.keys() | plain.keys() if ours.get(path) != plain.get(path)]
        return [f"poetry {' '.join(words)}: {difference}" for difference in sorted(found)]


def _printed(text: str, project: Project) -> list[str]:
    """Return the lines without what no two runs share: the folder, and the order in which packages arrive."""
    return sorted(text.replace(str(project.path), "PROJECT").splitlines())


def _files(project: Project) -> dict[str, bytes]:
    """Return every file of the project; of its environment only the names of what is installed."""
    environment = project.path / ".venv"
    files = {
        str(path.relative_to(project.path)): path.read_bytes()
        for path in project.path.rglob("*")
        if path.is_file() and environment not in path.parents
    }
    installed = environment.glob("lib/python*/site-packages/*.dist-info")
    return files | {f"installed {path.name}": b"" for path in installed}
