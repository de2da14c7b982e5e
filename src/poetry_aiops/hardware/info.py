"""One run of ``poetry hw-info``: look at a machine, rank the builds, and show both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.beyond import with_newer_builds
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.describe import machine_document, machine_text
from poetry_aiops.accelerators.rules.candidate import python_of
from poetry_aiops.accelerators.select import select, undecided
from poetry_aiops.accelerators.variant_features import variant_features
from poetry_aiops.errors import IncompleteError
from poetry_aiops.hardware.machine import ADD_MORE, catalogue_warning, described_machine, recorded_machine
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from poetry_aiops.cli.output import Output


class InfoRequest(Record):
    """Which machine is shown, and how much of it.

    ``record`` is a folder for the raw results of its probes, ``update_facts`` the address of a newer table of facts.
    """

    target: str | None = None
    target_file: str | None = None
    record: str | None = None
    explain: bool = False
    update_facts: str | None = None


def show_machine(request: InfoRequest, output: Output) -> int:
    """Show the requested machine; raises UsageError and InputError."""
    if request.update_facts:
        from poetry_aiops.accelerators.newer_facts import update_facts

        update_facts(request.update_facts)
    catalogue = load_catalogue()
    if request.record:
        detection = recorded_machine(request.record, catalogue)
    else:
        detection = described_machine(request.target, request.target_file, catalogue)
    catalogue = with_newer_builds(catalogue, (), python_of(detection.host))
    selection = select(detection.host, catalogue)
    note = selection.backends[0].note
    notes = (note,) if note else ()
    warnings = (*detection.warnings, *selection.warnings, *notes, *catalogue_warning(catalogue))
    origin = catalogue.fetched_from or "this version of poetry-aiops"
    facts = f"\n\nFacts of {catalogue.as_of}, from {origin}"
    missing = undecided(detection, selection) if request.target_file else None
    features = variant_features(detection.host, catalogue)
    output.document("hw-info", machine_document(detection, selection, features, warnings))
    whole = machine_text(detection, selection, warnings, explain=True, missing=missing) + facts
    output.write_files({"text": whole})
    if output.form == "text":
        brief = machine_text(detection, selection, warnings, explain=False, missing=missing)
        output.fitted(whole if request.explain else brief)
    if missing:
        output.failure(f"--target-file {request.target_file}: {missing}.", ADD_MORE)
        return IncompleteError.exit_code
    return 0
