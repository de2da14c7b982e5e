"""``poetry sync-reqs``: requirements, constraints, pylock and wheelhouse, up to date with poetry.lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, format_option, output_option


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option


class SyncReqsCommand(AiopsCommand, Command):
    """Writes the files that others than Poetry read, or says what is out of date."""

    name = "sync-reqs"
    description = "Keeps requirements, constraints and pylock files up to date with poetry.lock."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    extensions: ClassVar[dict[str, str]] = {".json": "json"}
    options: ClassVar[list[Option]] = [
        option("check", None, "Write nothing; exit with code 1 when a file is out of date."),
        option("dry-run", None, "Show the changes; write nothing."),
        option("force", None, "Also overwrite files that were edited by hand or not written by sync-reqs."),
        option(
            "watch", None, "Keep running, and write again whenever poetry.lock or pyproject.toml changes."
        ),
        option(
            "wheelhouse",
            None,
            "Fetch the locked files of one selection into a folder, for installing without an index.",
            flag=False,
        ),
        option("hardware", None, "The variant of the wheelhouse, by its name or its backend.", flag=False),
        option(
            "platform",
            None,
            "The platform of the wheelhouse: <comment>linux-x86_64</>, <comment>macos-arm64</>,"
            " <comment>windows-amd64</> or a tag such as <comment>manylinux_2_34_x86_64</>.",
            flag=False,
        ),
        option("python", None, "The Python version of the wheelhouse, such as <comment>3.12</>.", flag=False),
        option("sdists", None, "Take source archives into the wheelhouse where no wheel fits."),
        format_option(*formats),
        output_option(),
    ]
    help = """\
Writes what pip, uv and image builds read: requirements files in layers and, on request, constraints, one file for
each hardware variant, and pylock.toml files. Each has a header with the digest of its lock. A file that was edited
by hand is never overwritten without <comment>--force</>.

<info>poetry sync-reqs</info>
<info>poetry sync-reqs --check</info>  (in CI)
<info>poetry sync-reqs --wheelhouse wheels --hardware cu126 --platform linux-x86_64 --python 3.12</info>

Other files, groups and formats: <comment>[tool.poetry-aiops.export]</> in pyproject.toml. There,
<comment>auto = true</> updates the files after every lock, add, update, remove and hw-add.
"""
    loggers: ClassVar[list[str]] = ["poetry.repositories.pypi_repository"]

    def handle(self) -> int:
        from poetry_aiops.export.run import SyncRequest, synchronise
        from poetry_aiops.locking.api import PoetryProject

        output = self.make_output()
        request = SyncRequest(
            pyproject=self.locate_project(),
            check=bool(self.option("check")),
            dry_run=bool(self.option("dry-run")),
            force=bool(self.option("force")),
            watch=bool(self.option("watch")),
            wheelhouse=self.option("wheelhouse"),
            hardware=self.option("hardware"),
            platform=self.option("platform"),
            python=self.option("python"),
            sdists=bool(self.option("sdists")),
        )
        return synchronise(request, output, PoetryProject(output, self.get_application()))
