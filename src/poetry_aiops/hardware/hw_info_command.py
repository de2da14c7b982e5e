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
        option(
            "update-facts",
            None,
            "First fetch newer facts about drivers and builds (<comment>accelerators.toml</>, by HTTPS) and keep them.",
            flag=False,
        ),
        option("record", None, "Write every probe's raw result into a folder, for a bug report.", flag=False),
    ]
    help = """\
Shows the accelerators of this machine, whether they can be used now, and which build of torch and
other frameworks is the best that really runs on them. Nothing is installed, and no network is used
but by --update-facts.

<info>poetry hw-info --explain</info>
<info>poetry hw-info --target linux-x86_64,driver=580.65,cc=6.1</info>
<info>nvidia-smi | poetry hw-info --target-file -</info>
"""

    def handle(self) -> int:
        from poetry_aiops.accelerators.beyond import with_newer_builds
        from poetry_aiops.accelerators.catalogue import load_catalogue
        from poetry_aiops.accelerators.describe import machine_document, machine_text
        from poetry_aiops.accelerators.rules.candidate import python_of
        from poetry_aiops.accelerators.select import select
        from poetry_aiops.cli.document import document_text
        from poetry_aiops.cli.terminal import fitted, plain
        from poetry_aiops.hardware.machine import catalogue_warning, described_machine, recorded_machine

        asked, files = self.asked_format, self.output_files
        if address := self.option("update-facts"):
            from poetry_aiops.accelerators.newer_facts import update_facts

            update_facts(address)
        catalogue = load_catalogue()
        if folder := self.option("record"):
            detection = recorded_machine(folder, catalogue)
        else:
            detection = described_machine(self.option("target"), self.option("target-file"), catalogue)
        catalogue = with_newer_builds(catalogue, (), python_of(detection.host))
        selection = select(detection.host, catalogue)
        note = selection.backends[0].note
        notes = (note,) if note else ()
        warnings = (*detection.warnings, *selection.warnings, *notes, *catalogue_warning(catalogue))
        if asked == "json":
            self.write_document("hw-info", machine_document(detection, selection, warnings))
        else:
            text = machine_text(detection, selection, warnings, explain=self.option("explain"))
            if self.option("explain"):
                origin = catalogue.fetched_from or "this version of poetry-aiops"
                text += f"\n\nFacts of {catalogue.as_of}, from {origin}"
            self.line(plain(fitted(self.io.output, text)))
        if files:
            document = document_text("hw-info", machine_document(detection, selection, warnings))
            text = machine_text(detection, selection, warnings, explain=True)
            self.write_files({"json": document, "text": text})
        return 0
