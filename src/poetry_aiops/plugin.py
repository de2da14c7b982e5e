"""The entry point that Poetry loads on every command: names, and nothing heavier.

Only this module and the package's ``__init__`` are imported by ``poetry --version``. Command classes are made by
lazy factories, and the listeners import their code only for the commands that they concern.
"""

from __future__ import annotations

import logging
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from poetry.plugins.application_plugin import ApplicationPlugin


if TYPE_CHECKING:
    from cleo.events.console_command_event import ConsoleCommandEvent
    from cleo.events.console_error_event import ConsoleErrorEvent
    from cleo.events.console_terminate_event import ConsoleTerminateEvent
    from cleo.events.event import Event
    from cleo.events.event_dispatcher import EventDispatcher
    from poetry.console.application import Application
    from poetry.console.commands.command import Command

    from poetry_aiops.locking.hooks import Refusal
    from poetry_aiops.locking.session import VariantSession


COMMANDS: Final[dict[str, str]] = {
    "graph": "poetry_aiops.graph.command:GraphCommand",
    "health": "poetry_aiops.health.command:HealthCommand",
    "hw-add": "poetry_aiops.hardware.hw_add_command:HwAddCommand",
    "hw-info": "poetry_aiops.hardware.hw_info_command:HwInfoCommand",
    "hw-install": "poetry_aiops.hardware.hw_install_command:HwInstallCommand",
    "migrate-reqs": "poetry_aiops.migrate.command:MigrateReqsCommand",
    "scaffold": "poetry_aiops.scaffold.command:ScaffoldCommand",
    "sync-reqs": "poetry_aiops.export.command:SyncReqsCommand",
}
"""Our commands: name -> ``module:Class``."""

WATCHED: Final = frozenset(
    {"add", "check", "export", "hw-install", "install", "lock", "remove", "show", "sync", "update"}
)
"""The commands that hardware variants concern."""

CURABLE: Final = frozenset({"IncompatibleConstraintsError", "SolverProblemError"})
"""Poetry's errors where groups require two builds of one package."""

LOCKING: Final = frozenset({"add", "hw-add", "lock", "remove", "update"})
"""The commands after which the exported files may be older than poetry.lock."""

# The names of cleo's events and the order of its listeners (higher first); Poetry's own listeners run at 0.
_COMMAND, _ERROR, _TERMINATE = "console.command", "console.error", "console.terminate"
_BEFORE_POETRY, _AFTER_POETRY = 1000, -10


_BEFORE, _AFTER = "poetry_aiops.locking.hooks:before", "poetry_aiops.locking.hooks:after"
_PROPOSE = "poetry_aiops.locking.hooks:propose"
_POETRY = "poetry_aiops.locking.hooks:poetry_of"
_IS_BEHIND = "poetry_aiops.export.sync_cache:is_behind"
_KEEP_IN_STEP = "poetry_aiops.export.automatic:keep_files_in_step"
_OUTPUT = "poetry_aiops.cli.output:Output"


def _load(target: str) -> Any:  # noqa: ANN401 - a class or a function, by name
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _make(target: str) -> Command:
    command: Command = _load(target)()
    return command


class AiopsPlugin(ApplicationPlugin):
    """Registers the commands and listens to Poetry's own."""

    def activate(self, application: Application) -> None:
        """Never raises: an exception here would break every Poetry command of the user."""
        self._session: VariantSession | Refusal | None = None
        for name, target in COMMANDS.items():
            if application.command_loader.has(name):
                logging.getLogger(__name__).warning(
                    "poetry-aiops: the command %s is already taken by another plugin and stays as it is", name
                )
                continue
            application.command_loader.register_factory(name, partial(_make, target))
        dispatcher = application.event_dispatcher
        if dispatcher is not None:
            dispatcher.add_listener(_COMMAND, self._prepare_output, _BEFORE_POETRY)
            dispatcher.add_listener(_COMMAND, self._before, _AFTER_POETRY)
            dispatcher.add_listener(_ERROR, self._failed, _AFTER_POETRY)
            dispatcher.add_listener(_TERMINATE, self._after, _AFTER_POETRY)

    def _prepare_output(self, event: Event, _name: str, _dispatcher: EventDispatcher) -> None:
        """Let our command claim standard output and look at the project's files before Poetry uses either."""
        started = cast("ConsoleCommandEvent", event)
        prepare = getattr(started.command, "claim_output", None)
        if prepare is not None:
            prepare(started.io)
            if started.command.refuses_project():  # type: ignore[attr-defined]
                event.stop_propagation()

    def _before(self, event: Event, _name: str, _dispatcher: EventDispatcher) -> None:
        started = cast("ConsoleCommandEvent", event)
        if started.command.name in WATCHED:
            self._session = _load(_BEFORE)(started)

    def _failed(self, event: Event, _name: str, _dispatcher: EventDispatcher) -> None:
        failed = cast("ConsoleErrorEvent", event)
        if self._session is None and type(failed.error).__name__ in CURABLE:
            _load(_PROPOSE)(failed)

    def _after(self, event: Event, _name: str, _dispatcher: EventDispatcher) -> None:
        ended = cast("ConsoleTerminateEvent", event)
        if self._session is not None:
            _load(_AFTER)(ended, self._session)
        if ended.command.name in LOCKING and ended.exit_code == 0:
            poetry = _load(_POETRY)(ended)
            if poetry is not None and _load(_IS_BEHIND)(poetry):
                _load(_KEEP_IN_STEP)(_load(_OUTPUT)(ended.io), poetry)
