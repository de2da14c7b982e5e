"""``poetry hw-install``: Poetry's install with the hardware variant that fits the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from cleo.helpers import option
from poetry.console.commands.install import InstallCommand

from poetry_aiops.cli.base import AiopsCommand, format_option, output_option, target_options


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option
    from packaging.utils import NormalizedName

    from poetry_aiops.errors import AiopsError
    from poetry_aiops.hardware.installation import Installation, InstallRequest
    from poetry_aiops.locking.api import VariantSession


class HwInstallCommand(AiopsCommand, InstallCommand):
    """Chooses the variant, then lets Poetry install: groups, extras, sync and dry run are Poetry's own."""

    name = "hw-install"
    description = "Installs the project with the hardware variant that fits this machine."
    formats: ClassVar[tuple[str, ...]] = ("text", "json")
    extensions: ClassVar[dict[str, str]] = {".json": "json"}
    options: ClassVar[list[Option]] = [
        *(given for given in InstallCommand.options if given.name != "sync"),
        option("sync", None, "Also remove every package that the selection does not contain."),
        option(
            "hardware",
            None,
            "The hardware: <comment>auto</>, <comment>none</>, a backend (<comment>cuda</>, <comment>cu126</>,"
            " <comment>rocm</>, <comment>cpu</>, ...) or a variant; remembered in the environment.",
            flag=False,
        ),
        option(
            "profile",
            None,
            "What to install: <comment>production</> (main and the variant), <comment>development</> (default groups and the"
            " variant), <comment>edge</> (main and the variant edge) or one of the project's own.",
            flag=False,
        ),
        *target_options(),
        option(
            "explain",
            None,
            "Show every probe with its raw value, and why each backend was accepted or rejected.",
        ),
        option("require", None, "Fail unless this backend, family or variant is chosen.", flag=False),
        option("verify", None, "Import the framework afterwards and compute something on the device."),
        format_option(*formats),
        output_option(),
    ]
    help = """\
Detects the hardware of this machine, chooses the hardware variant of the project that really runs on it, and installs
it from the one poetry.lock that holds them all. What only other variants need is removed.

<info>poetry hw-install</info>
<info>poetry hw-install --profile production --sync</info>
<info>poetry hw-install --hardware cpu</info>            in a Dockerfile: choose for the machine that will run it
<info>poetry hw-install --dry-run --target linux-x86_64,driver=535.54,cc=8.0</info>

The environment variable <comment>POETRY_AIOPS_HARDWARE</> does the same as --hardware.
"""

    _session: VariantSession | AiopsError | None = None
    _installation: Installation | None = None

    def use_session(self, session: VariantSession | AiopsError | None) -> None:
        """Take the project's variants, or the error that reading them gave, from the listener."""
        self._session = session

    @property
    def activated_groups(self) -> set[NormalizedName]:
        """Return the groups that the choice activates; Poetry's own answer while the choice is being made."""
        if self._installation is None:
            return super().activated_groups
        return self._installation.active_groups

    def option(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as Poetry's own
        """Return an option; where the variants are extras, the chosen one is among the extras."""
        given = super().option(name, default)
        return given if self._installation is None else self._installation.adjusted_option(name, given)

    @property
    def _with_synchronization(self) -> bool:
        return bool(self.option("sync"))

    def handle(self) -> int:
        # Everything is imported before Poetry may replace a stale project plugin, which this is.
        from poetry_aiops.errors import AiopsError

        if isinstance(self._session, AiopsError):
            raise self._session
        from poetry_aiops.hardware.planning import plan_installation

        output = self.make_output()
        self.activated_groups  # noqa: B018 - Poetry refuses groups that do not exist
        installation = plan_installation(self._request(), output, self._session, self.poetry, self.env)
        self._installation = installation
        installation.verify_selection()
        installation.announce(self.installer)
        installation.begin()
        code = super().handle()
        if code == 0:
            code = installation.conclude()
        installation.write_document(code)
        return code

    def _request(self) -> InstallRequest:
        import os

        from poetry_aiops.accelerators.groups import GroupOptions, names_in_extras, names_in_groups
        from poetry_aiops.hardware.installation import ENVIRONMENT_VARIABLE, InstallRequest

        return InstallRequest(
            groups=GroupOptions(
                with_=names_in_groups(self.option("with")),
                without=names_in_groups(self.option("without")),
                only=names_in_groups(self.option("only")),
                only_root=bool(self.option("only-root")),
                all_groups=bool(self.option("all-groups")),
                hardware=self.option("hardware"),
                profile=self.option("profile"),
                extras=names_in_extras(self.option("extras")),
            ),
            default_groups=frozenset(self.non_optional_groups),
            all_extras=bool(self.option("all-extras")),
            hardware_variable=os.environ.get(ENVIRONMENT_VARIABLE),
            target=self.option("target"),
            target_file=self.option("target-file"),
            require=self.option("require"),
            explain=bool(self.option("explain")),
            verify=bool(self.option("verify")),
            dry_run=bool(self.option("dry-run")),
        )
