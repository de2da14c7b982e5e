"""``poetry scaffold``: a Dockerfile, a Compose file or GitHub workflows, made from the project."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from cleo.exceptions import CleoError
from cleo.helpers import argument, option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, format_option


if TYPE_CHECKING:
    from cleo.io.inputs.argument import Argument
    from cleo.io.inputs.option import Option


class ScaffoldCommand(AiopsCommand, Command):
    """Reads pyproject.toml and poetry.lock, and writes files that other tools run."""

    name = "scaffold"
    description = "Writes a Dockerfile, a Compose file or GitHub workflows for this project and its hardware."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    arguments: ClassVar[list[Argument]] = [
        argument("kind", "<comment>docker</>, <comment>compose</> or <comment>github</>.", optional=True)
    ]
    options: ClassVar[list[Option]] = [
        option("output", None, "The name of the file; the usual one by default.", flag=False),
        option("dry-run", None, "Show the files, or the changes of those that exist; write nothing."),
        option("force", None, "Replace files that exist; the old ones are kept as FILE.bak."),
        option(
            "command",
            None,
            'What a container runs: <comment>"uvicorn app.main:app --host 0.0.0.0"</>; by default the project\'s'
            " script or package.",
            flag=False,
        ),
        option("port", None, "The port that the container listens on.", flag=False),
        option("python", None, "The Python version of the images, such as <comment>3.12</>.", flag=False),
        option(
            "base",
            None,
            "What a variant's image is based on: <comment>VARIANT=slim</> (Python's own), <comment>VARIANT=vendor</>"
            " (NVIDIA's or AMD's) or <comment>VARIANT=IMAGE</>.",
            flag=False,
            multiple=True,
        ),
        option("extras", None, "Extras of the project that every image installs.", flag=False, multiple=True),
        option("apt", None, "Debian packages that every image installs.", flag=False, multiple=True),
        option("pin-digests", None, "Pin base images to the digests that they have now."),
        option("dockerfile", None, "The Dockerfile that Compose builds from.", flag=False),
        option("check", None, "Write nothing; exit with code 1 when a file is out of date."),
        format_option(*formats),
    ]
    help = """\
docker    a Dockerfile with a stage for each hardware variant, for production and development, and .dockerignore
compose   compose.yaml, with the devices of each kind of GPU
github    .github/workflows/poetry.yml and poetry-update.yml

What the files run is tried on the project first. Existing files are kept, unless --force is given.

<info>poetry scaffold docker --command "uvicorn chatbot.app:app --host 0.0.0.0" --port 8000</info>
<info>poetry scaffold compose --dry-run</info>
<info>poetry scaffold github --output .github/workflows/main-poetry.yml</info>
<info>poetry scaffold --check</info>  (in CI)
"""

    def handle(self) -> int:
        from poetry_aiops.scaffold.options import WISHES, ScaffoldRequest
        from poetry_aiops.scaffold.run import scaffold

        output = self.make_output()
        given = {name: self.option(name) for name in WISHES}
        request = ScaffoldRequest(
            kind=str(self.argument("kind") or ""),
            pyproject=self.locate_project(),
            wishes={
                name: tuple(value) if isinstance(value, list) else (value,)
                for name, value in given.items()
                if value or value == ""
            },
            dry_run=bool(self.option("dry-run")),
            force=bool(self.option("force")),
            pin_digests=bool(self.option("pin-digests")),
            check=bool(self.option("check")),
        )
        return scaffold(request, output, self._try_step, lambda: self.poetry)

    def _try_step(self, *words: str) -> int:
        """Run a command on the project without a word and return its exit code."""
        try:
            return self.call_silent(words[0], shlex.join(words[1:]))
        except (CleoError, RuntimeError, ValueError, OSError):
            return 1
