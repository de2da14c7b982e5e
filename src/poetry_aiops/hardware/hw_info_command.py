"""``poetry hw-info``: what this machine is and which builds run on it; installs nothing, needs no project."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import option

from poetry_aiops.cli.base import AiopsCommand, format_option, output_option, target_options


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option


class HwInfoCommand(AiopsCommand):
    """Shows the host's facts and what they mean."""

    name = "hw-info"
    reads_project = False
    description = "Shows this machine's accelerators and which builds of the AI frameworks run on it."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    options: ClassVar[list[Option]] = [
        format_option(*formats),
        output_option(),
        option(
            "explain",
            None,
            "Show every probe with its raw value, and why each backend was accepted or rejected.",
        ),
        *target_options(),
        option("record", None, "Write every probe's raw result into a folder, for a bug report.", flag=False),
    ]
    help = """\
Shows the accelerators of this machine, whether they can be used now, and which build of torch and
other frameworks is the best that really runs on them. Nothing is installed and no network is used.

<info>poetry hw-info --explain</info>
<info>poetry hw-info --target linux-x86_64,driver=580.65,cc=6.1</info>
<info>nvidia-smi | poetry hw-info --target-file -</info>
"""

    def handle(self) -> int:
        from poetry_aiops.hardware.info import InfoRequest, show_machine

        output = self.make_output()
        request = InfoRequest(
            target=self.option("target"),
            target_file=self.option("target-file"),
            record=self.option("record"),
            explain=bool(self.option("explain")),
        )
        return show_machine(request, output)
