"""What every command of ours shares: exit codes, messages for errors, and pure JSON output."""

from __future__ import annotations

import errno
import platform
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from cleo.exceptions import CleoError
from cleo.helpers import option
from poetry.console.commands.command import Command
from poetry.console.exceptions import PoetryRuntimeError


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option
    from cleo.io.io import IO
    from cleo.io.outputs.output import Output as Stream

    from poetry_aiops.cli.output import Output
    from poetry_aiops.errors import AiopsError


_REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG}
)

_READ_BY_POETRY = ("pyproject.toml", "poetry.lock", "poetry.toml")


def format_option(*formats: str) -> Option:
    """Return the ``--format`` option; the first format is the default."""
    return option("format", None, f"The output format: {', '.join(formats)}.", flag=False, default=formats[0])


def output_option() -> Option:
    """Return the repeatable ``--output`` option."""
    return option(
        "output",
        None,
        "Also write this file; its extension decides the format.",
        flag=False,
        multiple=True,
    )


def projects_option() -> Option:
    """Return the repeatable ``--projects`` option."""
    return option(
        "projects",
        None,
        "Several projects in one run: folders or patterns such as <comment>'services/*'</>, or repeat --project.",
        flag=False,
        multiple=True,
    )


def target_options() -> list[Option]:
    """Return the options that describe another machine than this one."""
    return [
        option(
            "target",
            None,
            "Describe another machine: <comment>linux-x86_64,driver=550.54,cc=8.6</>, <comment>macos-arm64</>,"
            " <comment>rocm,gfx=gfx1100</>, <comment>cpu</>.",
            flag=False,
        ),
        option(
            "target-file",
            None,
            "Describe another machine by the output of its probes (nvidia-smi, rocminfo, lspci, ...):"
            " a file, a folder, or - for standard input.",
            flag=False,
        ),
    ]


class AiopsCommand(Command):
    """A command whose errors become exit codes and whose JSON document has standard output to itself.

    Mix it in before one of Poetry's commands: ``class HwInstallCommand(AiopsCommand, InstallCommand)``.
    """

    formats: ClassVar[tuple[str, ...]] = ("text",)
    extensions: ClassVar[dict[str, str]] = {".json": "json", ".txt": "text"}
    reads_project: ClassVar[bool] = True
    _document_stream: Stream | None = None
    _refusal: AiopsError | None = None

    def claim_output(self, io: IO) -> None:
        """With any ``--format`` but text, keep standard output for the document and send all else to stderr.

        Runs before Poetry's own listeners, which already write (creating an environment, ...). From then on a reader
        that goes away ends no command.
        """
        from poetry_aiops.cli.terminal import outlive_readers

        outlive_readers(io)
        if self._document_stream is None and self._is_document(_asked_format(io)):
            from poetry_aiops.cli.terminal import write_documents_in_utf8

            write_documents_in_utf8(io.output)
            self._document_stream = io.output
            io._output = io.error_output  # noqa: SLF001 - cleo has no setter; Poetry's parts hold on to this io

    def refuses_project(self) -> bool:
        """Say whether Poetry must not open the project's files; ``run`` then ends with the reason.

        Runs before Poetry's own listeners, which already read them, and would wait for a pipe without end.
        """
        from poetry.factory import Factory

        from poetry_aiops.system.reading import RefusedFileError, open_file

        try:
            folder = Factory.locate(self.get_application().project_directory).parent
            for name in _READ_BY_POETRY if self.reads_project else ():
                with suppress(FileNotFoundError, PermissionError), open_file(folder / name, within=folder):
                    pass
        except RefusedFileError as error:
            self._refusal = _refused_by_the_system(error)
        except (OSError, RuntimeError):
            return False  # there is no project here, or the command says what is wrong with it
        return self._refusal is not None

    def _is_document(self, form: str | None) -> bool:
        """Say whether a format is one that programs read; the default is for people."""
        return form in self.formats and form not in (self.formats[0], "text")

    def run(self, io: IO) -> int:
        """Run the command; usage errors are exit code 2, our errors carry their own, a mistake of ours is 70."""
        from poetry_aiops.cli.output import Output
        from poetry_aiops.cli.terminal import accept_every_sign, suit_terminal
        from poetry_aiops.errors import AiopsError, UsageError

        accept_every_sign(io)
        self._join_dashes(io)
        self.claim_output(io)
        suit_terminal(io)
        try:
            if self._refusal is not None:
                raise self._refusal  # noqa: TRY301 - reported like every other
            return super().run(io)
        except AiopsError as error:
            failure = error
        except ImportError as error:
            if not (error.name or "").startswith("poetry."):
                raise
            from poetry_aiops.cli.known_poetry import foreign_poetry

            failure = foreign_poetry(str(error))
        except PoetryRuntimeError:
            raise  # a failure of Poetry's own, which it explains itself; cleo counts it as wrong usage
        except CleoError as error:
            failure = UsageError(str(error), hint=f"See `poetry help {self.name}`.")
        except Exception as error:
            if _is_explained_by_poetry(error):
                raise  # anything else is ours, and must not look like the answer "no"
            failure = _refused_by_the_system(error) or _internal(error, verbose=io.is_verbose())
        output = Output(io, _asked_format(io) or "", documents=self._document_stream)
        output.error(failure)
        if self._document_stream is not None:
            output.document("error", {"exit_code": failure.exit_code, "message": failure.lines()})
        return failure.exit_code

    def _join_dashes(self, io: IO) -> None:
        """Write ``--target-file -`` as ``--target-file=-``: cleo takes a lone dash for an option of its own."""
        tokens: list[str] = getattr(io.input, "_tokens", [])
        valued = {f"--{one.name}" for one in self.options if one.accepts_value()}
        for place in range(len(tokens) - 1, 0, -1):
            if tokens[place] == "-" and tokens[place - 1] in valued and "--" not in tokens[:place]:
                tokens[place - 1 : place + 1] = [f"{tokens[place - 1]}=-"]

    def make_output(self) -> Output:
        """Return what the run writes to; raises UsageError for a format or an extension that this command lacks."""
        from poetry_aiops.cli.output import Output
        from poetry_aiops.errors import UsageError

        form, files = self._form(), self._files()
        if self._is_document(form) and self.io.output.is_quiet() and not files:
            raise UsageError(
                f"--quiet suppresses the {form.replace('json', 'JSON')} document",
                where=f"--format {form}",
                hint="Leave out one of the two, or write the document with --output FILE."
                if self._writes_documents
                else "Leave out one of the two.",
            )
        return Output(self.io, form, files, self._document_stream)

    def locate_project(self) -> Path:
        """Return the project's pyproject.toml, here or above; raises UsageError where there is none."""
        from poetry.factory import Factory

        from poetry_aiops.errors import UsageError

        folder = self.get_application().project_directory
        try:
            return Factory.locate(folder)
        except RuntimeError:
            raise UsageError(
                f"there is no pyproject.toml in {folder} or above",
                where=f"poetry {self.name}",
                hint="Run this inside a Poetry project, or make one with `poetry init`.",
            ) from None

    def locate_projects(self) -> tuple[Path, ...]:
        """Return the pyproject.toml files of a run about several projects; none where it is about one.

        Poetry keeps only the last ``--project``: the others are in the command line alone.
        """
        from poetry_aiops.cli.projects import project_files, repeated_projects

        repeated = repeated_projects(sys.argv[1:])
        if self.io.input.option("project") not in repeated:
            repeated = ()
        patterns = self.option("projects")
        return project_files(repeated, patterns, Path.cwd()) if repeated or patterns else ()

    def _form(self) -> str:
        """Return the format of standard output; empty where the command has no default and none was given."""
        from poetry_aiops.errors import UsageError

        given = self.option("format")
        if given is not None and given not in self.formats:
            raise UsageError(
                f"unknown format {given!r}",
                where="--format",
                hint=f"Choose one of {', '.join(self.formats)}.",
            )
        return given or ""

    def _files(self) -> dict[str, str]:
        """Return the files of ``--output``, each with its format."""
        from poetry_aiops.errors import UsageError

        files = {}
        for name in self.option("output") if self._writes_documents else ():
            written = self._format_of(name)
            if written not in self.formats:
                known = ", ".join(end for end, form in self.extensions.items() if form in self.formats)
                raise UsageError(
                    f"no format matches the extension of {name}",
                    where="--output",
                    hint=f"The extension decides the format; use one of {known}.",
                )
            files[name] = written
        return files

    @property
    def _writes_documents(self) -> bool:
        """Whether ``--output`` is the repeatable one that documents go to."""
        return any(given.name == "output" and given.is_list() for given in self.options)

    def _format_of(self, name: str) -> str | None:
        """Return the format that a file's name requests; the longest extension counts (``.cdx.json``)."""
        ends = sorted(self.extensions, key=len, reverse=True)
        return next((self.extensions[end] for end in ends if name.lower().endswith(end)), None)


def _is_explained_by_poetry(error: Exception) -> bool:
    """Tell a failure that Poetry describes to the user: a class of its own, or RuntimeError or ValueError from its code."""
    frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [type(error).__module__, *(frames[-1:] if isinstance(error, RuntimeError | ValueError) else [])]
    return any(module.partition(".")[0] == "poetry" for module in modules)


def _refused_by_the_system(error: Exception) -> AiopsError | None:
    """Return the message for a full disk, a broken connection and the like; None for any other error."""
    from poetry_aiops.errors import IncompleteError, InputError
    from poetry_aiops.system.reading import RefusedFileError

    if not isinstance(error, OSError):
        return None
    if isinstance(error, RefusedFileError):
        hint = "Put a regular file of the project there, or remove it, then run this again."
        return InputError(str(error.strerror), where=str(error.filename), hint=hint)
    if error.errno in _REFUSALS:
        return InputError(
            f"the operating system reports: {error.strerror or error}",
            where=str(error.filename) if error.filename else None,
            hint="Make room, or make the place writable, then run this again.",
        )
    if isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.startswith("requests."):
        return IncompleteError(
            f"a connection failed ({type(error).__name__})",
            hint="Check the network and the sources in pyproject.toml, then run this again.",
        )
    return None


def _internal(error: Exception, *, verbose: bool) -> AiopsError:
    """Return a mistake of ours as the one line to report; its traceback only with ``-v``."""
    from poetry.__version__ import __version__ as poetry_version

    from poetry_aiops import __version__
    from poetry_aiops.errors import InternalError
    from poetry_aiops.system.addresses import redact

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "poetry_aiops" in Path(frame.filename).parts] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}"
    versions = f"poetry-aiops {__version__}, Poetry {poetry_version}, Python {platform.python_version()}"
    said = "".join(traceback.format_exception_only(error)).strip()
    return InternalError(
        f"internal error: {redact(said)} ({place}; {versions})",
        details=tuple(redact("".join(traceback.format_exception(error))).splitlines()) if verbose else (),
        hint="Please report this line to the project; -v shows where it comes from.",
    )


def _asked_format(io: IO) -> str | None:
    """Read ``--format`` from the raw input: a listener runs before the options are checked."""
    try:
        return str(io.input.option("format"))
    except (CleoError, ValueError):
        return None
