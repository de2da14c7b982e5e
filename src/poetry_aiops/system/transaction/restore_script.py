"""The text of ``restore.sh``: puts a project back with a POSIX shell and a tool for SHA-256, no Python and no Poetry.

It follows the rules of ``--rollback``: all copies are checked before the first file is touched, every file comes back
byte for byte with its mode, files that did not exist before are gone afterwards, a file that changed since is named
and nothing happens (unless ``--force``, which keeps a copy of it), and one that the migration only read stays as it
is. The new content lies beside its file and is brought in by ``mv``, so that no file is ever half written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.system.transaction.model import APPLIED, HOME, PREPARED, RUNNING, stored_name


if TYPE_CHECKING:
    from poetry_aiops.system.transaction.model import FileState, Manifest


NAME: Final = "restore.sh"

STAGED_NEW: Final = ".aiops-new"
STAGED_OLD: Final = ".aiops-old"
STAGED_BY_SCRIPT: Final = ".aiops-restore"
"""Ends of the names ``.<file><end>`` of what lies beside a file for a moment: its next content, its last one."""

_NAMES: Final = {
    "@HOME@": HOME,
    "@PREPARED@": PREPARED,
    "@RUNNING@": RUNNING,
    "@APPLIED@": APPLIED,
    "@NEW@": STAGED_NEW,
    "@OLD@": STAGED_OLD,
    "@MINE@": STAGED_BY_SCRIPT,
}


def restore_script(manifest: Manifest) -> str:
    """Return the script of one backup, to lie beside its manifest."""
    rows = [
        f'  "$1" {stored_name(index)} {_mode(entry.before)} {_sum(entry.before)} {_sum(entry.after)}'
        f" {_quoted(entry.target)}"
        for index, entry in enumerate(manifest.entries)
    ]
    folders = [f"rmdir {_quoted('./' + name)} 2>/dev/null" for name in reversed(manifest.made_folders)]
    return (
        _filled(_HEAD, {"@CREATED@": manifest.created, "@ID@": manifest.id})
        + "\n".join(["each_file() {", *rows, "}", ""])
        + _filled(_BODY, {})
        + "\n".join([*folders, ""])
        + _filled(_END, {})
    )


def latest_script() -> str:
    """Return the script that lies in the folder of all backups and runs the one of the last migration."""
    return _filled(_LATEST, {})


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in (_NAMES | names).items():
        text = text.replace(name, value)
    return text


def _mode(state: FileState | None) -> str:
    return "-" if state is None or state.mode is None else f"{state.mode:o}"


def _sum(state: FileState | None) -> str:
    return "-" if state is None else state.sha256


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"


_HEAD: Final = """\
#!/bin/sh
# Restores the files of this project as they were before `poetry migrate-reqs` of @CREATED@:
#   sh @HOME@/@ID@/restore.sh [--force]
# A file that changed since is named and nothing happens; --force restores it and keeps a copy beside this script.
# Can be run from any folder, and again when it was interrupted.
LC_ALL=C; export LC_ALL; unset CDPATH; umask 022
id=@ID@ here=./@HOME@/@ID@ force=${1-} bad= changed= kept=
say() { printf '%s\\n' "$*"; }
stop() { say "$*" >&2; exit 2; }
# One line for each file: number of the copy, mode, SHA-256 before and after (- for no file), path.
"""

_BODY: Final = """\
for tool in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r' none; do command -v "${tool%% *}" >/dev/null && break; done
sum() { digest=$($tool <"$1" 2>/dev/null); digest=${digest%% *}; }
name_it() {
  number=$1 mode=$2 before=$3 after=$4 path=$5 file=./$5 copy=$here/files/$1
  folder=${file%/*} temp=${file%/*}/.${file##*/}
}
look() {
  name_it "$@"
  digest=-
  [ -e "$file" ] && sum "$file"
  now=$digest
}
check() {
  look "$@"
  digest=- part=$file
  [ "$before" = - ] || sum "$copy"
  while [ "$part" != . ] && [ ! -L "$part" ]; do part=${part%/*}; done
  if [ "$part" != . ]; then bad=yes why='is reached through a link now'
  elif [ -e "$file" ] && [ ! -f "$file" ]; then bad=yes why='is not a regular file now'
  elif [ "$digest" != "$before" ]; then bad=yes why='its copy is missing or damaged'
  elif [ "$now" = "$before" ] || [ "$now" = "$after" ]; then return
  elif is_kept; then kept=yes why='changed since; the migration did not change it, so it is left as it is'
  elif [ "$before" = "$after" ]; then return
  elif [ "$now" = - ]; then changed=yes why='was removed since'
  else changed=yes why='changed since'
  fi
  say "  $path: $why" >&2
}
is_kept() { [ "$before" = "$after" ] && [ "$now" != "$before" ] && [ "$now" != - ] && [ ! "$force" ]; }
clean() { name_it "$@"; rm -f "$temp@MINE@"; }
give_up() { each_file clean; stop "$1 Nothing was changed."; }
stage() {
  look "$@"
  if [ "$now" = "$before" ] || is_kept; then return; fi
  if [ "$now" != - ] && [ "$now" != "$after" ]; then
    mkdir -p "$here/replaced" && cp "$file" "$here/replaced/$number.$$" || give_up "$here cannot be written."
    say "kept what $path held as $here/replaced/$number.$$"
  fi
  [ "$before" = - ] && return
  mkdir -p "$folder" && rm -f "$temp@MINE@" || give_up "$folder cannot be written."
  [ "$now" = - ] || { cp -p "$file" "$temp@MINE@" && chmod u+rw "$temp@MINE@"; } || give_up "$folder cannot be written."
  (umask 077 && cat "$copy" >"$temp@MINE@") && sum "$temp@MINE@" && [ "$digest" = "$before" ] &&
    { [ "$mode" = - ] || chmod "$mode" "$temp@MINE@"; } || give_up "$folder cannot be written: is the disk full?"
}
exchange() {
  look "$@"
  is_kept && return
  if [ "$before" = - ]; then
    [ "$now" = - ] || { rm -f "$file" && say "removed $path"; } || bad=yes
  elif [ "$now" = "$before" ]; then [ "$mode" = - ] || chmod "$mode" "$file" || bad=yes
  else mv -f "$temp@MINE@" "$file" && say "restored $path" || bad=yes
  fi
  rm -f "$temp@MINE@" "$temp@NEW@" "$temp@OLD@"
}

case $force in '' | --force) ;; *) stop "restore.sh knows --force, not $force" ;; esac
cd -P -- "$(dirname -- "$0")/../.." && [ -f "$here/restore.sh" ] ||
  stop "This script works only where it was written: in $here of the project."
[ "$tool" != none ] || stop "sha256sum, shasum or openssl is needed."
for run in ./@HOME@/*/@RUNNING@; do
  [ -f "$run" ] && [ "$run" != "$here/@RUNNING@" ] && read -r undoes <"$run" && [ "$undoes" != "$id" ] &&
    stop "Another run was interrupted. First run: sh ${run%@RUNNING@}restore.sh"
done
each_file check
[ "$bad" ] && stop "Nothing was changed. Put the files named above right by hand first."
if [ "$changed" ] && [ ! "$force" ]; then
  say "Nothing was changed: the files named above would lose what they hold now. See --force." >&2
  exit 1
fi
trap 'each_file clean; exit 130' HUP INT TERM
each_file stage
trap '' HUP INT TERM
each_file exchange
"""

_END: Final = """\
[ "$bad" ] && stop "Not every file could be restored. Correct what is named above and run this again."
for run in ./@HOME@/*/@RUNNING@; do [ ! -f "$run" ] || mv "$run" "${run%@RUNNING@}@PREPARED@"; done
sync 2>/dev/null
if [ "$kept" ]; then say "Every other file of this backup is as before."
else say "Every file of this backup is as before."
fi
"""

_LATEST: Final = """\
#!/bin/sh
# Restores what the last `poetry migrate-reqs` in this project changed: runs the restore.sh of that backup.
# Another one: sh @HOME@/<id>/restore.sh; `ls @HOME@` shows the ids, which sort by time.
LC_ALL=C; export LC_ALL; unset CDPATH
cd -P -- "$(dirname -- "$0")" || exit 2
last=
for folder in ./*Z-????????; do
  if [ -f "$folder/@APPLIED@" ] || [ -f "$folder/@RUNNING@" ]; then last=$folder; fi
done
if [ ! -f "$last/restore.sh" ]; then
  printf 'There is no migration to restore in %s.\\n' "$(pwd -P)" >&2
  exit 2
fi
exec sh "$last/restore.sh" "$@"
"""
