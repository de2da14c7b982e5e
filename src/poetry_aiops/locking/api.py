"""What features use of locking; they import nothing else of it (``tests/architecture``).

A name is loaded when it is imported: what only reads a project never loads Poetry's solver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from poetry_aiops.locking.declaration import check_declaration as check_declaration
    from poetry_aiops.locking.declaration import provided_directly as provided_directly
    from poetry_aiops.locking.declaration import variant_kind as variant_kind
    from poetry_aiops.locking.environment_record import read_record as read_record
    from poetry_aiops.locking.environment_record import write_record as write_record
    from poetry_aiops.locking.fix_solver import SOLVER_ERRORS as SOLVER_ERRORS
    from poetry_aiops.locking.fix_solver import Offering as Offering
    from poetry_aiops.locking.fix_solver import explained as explained
    from poetry_aiops.locking.fix_solver import floors_of as floors_of
    from poetry_aiops.locking.fix_solver import index_faults_in_words as index_faults_in_words
    from poetry_aiops.locking.fix_solver import needs_from as needs_from
    from poetry_aiops.locking.fix_solver import prepare as prepare
    from poetry_aiops.locking.fix_solver import raised as raised
    from poetry_aiops.locking.fix_solver import with_locked as with_locked
    from poetry_aiops.locking.gate import locked_by as locked_by
    from poetry_aiops.locking.gate import verify_locked as verify_locked
    from poetry_aiops.locking.gate import verify_project as verify_project
    from poetry_aiops.locking.installer import VariantInstaller as VariantInstaller
    from poetry_aiops.locking.lock_text import parse_lock as parse_lock
    from poetry_aiops.locking.model import THE_PROJECT as THE_PROJECT
    from poetry_aiops.locking.model import placements_of as placements_of
    from poetry_aiops.locking.pin_change import changed_pins as changed_pins
    from poetry_aiops.locking.pin_change import in_format_of as in_format_of
    from poetry_aiops.locking.poetry_project import PoetryProject as PoetryProject
    from poetry_aiops.locking.poetry_project import refuse_invalid as refuse_invalid
    from poetry_aiops.locking.propose import propose as propose
    from poetry_aiops.locking.record import InstallRecord as InstallRecord
    from poetry_aiops.locking.record import needs_of as needs_of
    from poetry_aiops.locking.session import VariantSession as VariantSession
    from poetry_aiops.locking.staged_project import OfferedVersion as OfferedVersion
    from poetry_aiops.locking.staged_project import StagedProject as StagedProject
    from poetry_aiops.locking.verify import Installed as Installed
    from poetry_aiops.locking.verify import Machines as Machines
    from poetry_aiops.locking.verify import SelectedBuilds as SelectedBuilds
    from poetry_aiops.locking.verify import Terms as Terms
else:
    _HOME = {
        "declaration": ("check_declaration", "provided_directly", "variant_kind"),
        "environment_record": ("read_record", "write_record"),
        "fix_solver": (
            "SOLVER_ERRORS",
            "Offering",
            "explained",
            "floors_of",
            "index_faults_in_words",
            "needs_from",
            "prepare",
            "raised",
            "with_locked",
        ),
        "gate": ("locked_by", "verify_locked", "verify_project"),
        "installer": ("VariantInstaller",),
        "lock_text": ("parse_lock",),
        "model": ("THE_PROJECT", "placements_of"),
        "pin_change": ("changed_pins", "in_format_of"),
        "poetry_project": ("PoetryProject", "refuse_invalid"),
        "propose": ("propose",),
        "record": ("InstallRecord", "needs_of"),
        "session": ("VariantSession",),
        "staged_project": ("StagedProject",),
        "verify": ("Installed", "Machines", "SelectedBuilds", "Terms"),
    }

    def __getattr__(name: str) -> object:
        for module, names in _HOME.items():
            if name in names:
                return getattr(import_module(f"poetry_aiops.locking.{module}"), name)
        raise AttributeError(name)
