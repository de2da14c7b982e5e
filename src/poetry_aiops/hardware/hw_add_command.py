"""``poetry hw-add``: a framework for several kinds of hardware, in one pyproject.toml and one lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import argument, option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, format_option


if TYPE_CHECKING:
    from cleo.io.inputs.argument import Argument
    from cleo.io.inputs.option import Option


class HwAddCommand(AiopsCommand, Command):
    """Makes or extends hardware variants, then locks through Poetry."""

    name = "hw-add"
    description = "Adds a framework for several kinds of hardware and locks them all."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    arguments: ClassVar[list[Argument]] = [
        argument(
            "packages",
            "The packages: torch, torch@^2.9, 'torch>=2.9,<2.12', ...",
            optional=True,
            multiple=True,
        )
    ]
    options: ClassVar[list[Option]] = [
        option(
            "variants",
            None,
            "The kinds of hardware: <comment>cpu,cu126,cu130,rocm7.2,xpu,mps,jetson</>, or names of variants.",
            flag=False,
            multiple=True,
        ),
        option(
            "remove",
            None,
            "Take a variant out: its group, its row of the table, and the source that only it uses.",
            flag=False,
            multiple=True,
        ),
        option(
            "from-groups", None, "Declare the optional groups that require different builds of one package."
        ),
        option("replace", None, "Change the requirements of variants that already have these packages."),
        option("dry-run", None, "Show the changes of pyproject.toml; write and lock nothing."),
        option("no-lock", None, "Write pyproject.toml, but leave poetry.lock alone."),
        option("requires-plugins", None, "Also require this plugin in every clone of the project."),
        format_option(*formats),
    ]
    help = """\
Writes what each kind of hardware needs into an optional group of its own: the right package or extra, the
index with the right builds, and the table that declares the groups as hardware variants. Then it locks.
A package that main or another group requires moves into the variants. Nothing is installed.

<info>poetry hw-add torch torchvision --variants cpu,cu126</info>
<info>poetry hw-add torch --variants rocm7.2 --dry-run</info>
<info>poetry hw-add onnxruntime jax@^0.8 --variants cpu,cu130</info>
<info>poetry hw-add --remove ml-cu126</info>
<info>poetry hw-add --from-groups</info>

pyproject.toml and poetry.lock are written together once locking has succeeded. The environment variable
<comment>POETRY_AIOPS_TORCH_INDEX</> names a mirror of https://download.pytorch.org/whl.
"""
    loggers: ClassVar[list[str]] = ["poetry.repositories.pypi_repository"]

    def handle(self) -> int:
        import os

        from poetry_aiops.hardware.adding import add
        from poetry_aiops.hardware.addition import AdditionRequest
        from poetry_aiops.hardware.index_sources import TORCH_INDEX_VARIABLE
        from poetry_aiops.locking.api import PoetryProject

        output = self.make_output()
        request = AdditionRequest(
            packages=tuple(self.argument("packages")),
            variants=tuple(self.option("variants")),
            remove=tuple(self.option("remove")),
            from_groups=bool(self.option("from-groups")),
            replace=bool(self.option("replace")),
            torch_index=os.environ.get(TORCH_INDEX_VARIABLE) or None,
            pyproject=self.locate_project(),
            dry_run=bool(self.option("dry-run")),
            lock=not self.option("no-lock"),
            requires_plugins=bool(self.option("requires-plugins")),
        )
        return add(request, output, PoetryProject(output, self.get_application()))
