"""The text of ``restore.sh``: puts a project back with a POSIX shell and a tool for SHA-256, no Python and no Poetry.

It follows the rules of ``--rollback``: all copies are checked before the first file is touched, every file comes back
byte for byte with its mode, files that did not exist before are gone afterwards, a file that changed since is named
and nothing happens (unless ``--force``, which keeps a copy of it), and one that the migration only read stays as it
is. The old contents are staged as ``exchange`` stages them and brought in by ``mv``: no file is ever half written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.transaction.model import stored_name


if TYPE_CHECKING:
    from poetry_aiops.system.transaction.model import FileState, Manifest


NAME: Final = "restore.sh"


def restore_script(manifest: Manifest) -> str:
    """Return the script of one backup, to be put beside its manifest."""
    rows = [
        f'  "$1" {stored_name(index)} {_mode(entry.before)} {_sum(entry.before)} {_sum(entry.after)}'
        f" {_quoted(entry.target)}"
        for index, entry in enumerate(manifest.entries)
    ]
    folders = [f"rmdir {_quoted('./' + name)} 2>/dev/null" for name in reversed(manifest.made_folders)]
    texts = {
        "@CREATED@": manifest.created,
        "@ID@": manifest.id,
        "@FILES@": "\n".join(rows),
        "@FOLDERS@": "\n".join(folders),
    }
    return re.sub("|".join(texts), lambda found: texts[found[0]], _SCRIPT)


def _mode(state: FileState | None) -> str:
    return "-" if state is None or state.mode is None else f"{state.mode:o}"


def _sum(state: FileState | None) -> str:
    return "-" if state is None else state.sha256


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"


_SCRIPT: Final = """\
#!/bin/sh
# Restores the files of this project as they were before `poetry migrate-reqs` of @CREATED@:
#   sh .migration_backup/@ID@/restore.sh [--force]
# A file that changed since is named and nothing happens; --force restores it and keeps a copy beside this script.
# Can be run from any folder, and again when it was interrupted.
LC_ALL=C; export LC_ALL; unset CDPATH; umask 022
id=@ID@ here=./.migration_backup/@ID@ force=${1-} bad= changed= kept=
say() { printf '%s\\n' "$*"; }
stop() { say "$*" >&2; exit 2; }
give_up() { rm -rf "$here/staged"; stop "$1 Nothing was changed."; }
# One line for each file: number of the copy, mode, SHA-256 before and after (- for no file), path.
each_file() {
@FILES@
}
sum() { digest=$($tool <"$1" 2>/dev/null); digest=${digest%% *}; }
look() {
  copy=$here/files/$1 next=$here/staged/$1 mode=$2 before=$3 after=$4 path=$5 file=./$5 digest=- left=
  [ -e "$file" ] && sum "$file"
  now=$digest
  [ "$before" = "$after" ] && [ "$now" != "$before" ] && [ "$now" != - ] && [ ! "$force" ] && left=yes
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
  elif [ "$left" ]; then kept=yes why='changed since; the migration did not change it, so it is left as it is'
  elif [ "$before" = "$after" ]; then return
  elif [ "$now" = - ]; then changed=yes why='was removed since'
  else changed=yes why='changed since'
  fi
  say "  $path: $why" >&2
}
stage() {
  look "$@"
  if [ "$left" ] || [ "$now" = "$before" ]; then return; fi
  if [ "$now" != - ] && [ "$now" != "$after" ]; then
    mkdir -p "$here/replaced" && cp "$file" "$here/replaced/$1.$$" || give_up "$here cannot be written."
    say "kept what $path held as $here/replaced/$1.$$"
  fi
  if [ "$before" = - ]; then return; fi
  mkdir -p "${file%/*}" && [ -w "${file%/*}" ] || give_up "${file%/*} cannot be written."
  [ "$now" = - ] || { cp -p "$file" "$next" && chmod u+rw "$next"; } || give_up "$here cannot be written."
  (umask 077 && cat "$copy" >"$next") && sum "$next" && [ "$digest" = "$before" ] &&
    { [ "$mode" = - ] || chmod "$mode" "$next"; } || give_up "$here cannot be written: is the disk full?"
}
exchange() {
  look "$@"
  if [ "$left" ]; then return; fi
  if [ "$now" = "$before" ]; then [ "$mode" = - ] || chmod "$mode" "$file" || bad=yes
  elif [ "$before" = - ]; then rm -f "$file" && say "removed $path" || bad=yes
  else mv -f "$next" "$file" && say "restored $path" || bad=yes
  fi
}

case $force in '' | --force) ;; *) stop "restore.sh knows --force, not $force" ;; esac
cd -P -- "$(dirname -- "$0")/../.." && [ -f "$here/restore.sh" ] ||
  stop "This script works only where it was written: in $here of the project."
for tool in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r' ''; do command -v "${tool%% *}" >/dev/null && break; done
[ "$tool" ] || stop "sha256sum, shasum or openssl is needed."
for run in ./.migration_backup/*/running; do
  [ -f "$run" ] && [ "$run" != "$here/running" ] && read -r undoes <"$run" && [ "$undoes" != "$id" ] &&
    stop "Another run was interrupted. First run: sh ${run%running}restore.sh"
done
each_file check
[ "$bad" ] && stop "Nothing was changed. First correct the files named above."
if [ "$changed" ] && [ ! "$force" ]; then
  say "Nothing was changed: the files named above would lose their present content. See --force." >&2
  exit 1
fi
rm -rf "$here/staged" && mkdir "$here/staged" || stop "$here cannot be written. Nothing was changed."
trap 'rm -rf "$here/staged"; exit 130' HUP INT TERM
each_file stage
trap '' HUP INT TERM
each_file exchange
@FOLDERS@
[ "$bad" ] && stop "Not every file could be restored. Correct what is named above and run this again."
for run in ./.migration_backup/*/running; do [ ! -f "$run" ] || mv "$run" "${run%running}prepared"; done
rm -rf ./.migration_backup/*/staged
sync 2>/dev/null
if [ "$kept" ]; then say "Every other file of this backup is as before."
else say "Every file of this backup is as before."
fi
"""

LATEST: Final = """\
#!/bin/sh
# Restores what the last `poetry migrate-reqs` in this project changed: runs the restore.sh of that backup.
# Another one: sh .migration_backup/<id>/restore.sh; `ls .migration_backup` shows the ids, which sort by time.
LC_ALL=C; export LC_ALL; unset CDPATH
cd -P -- "$(dirname -- "$0")" || exit 2
last=
for folder in ./*Z-????????; do
  if [ -f "$folder/applied" ] || [ -f "$folder/running" ]; then last=$folder; fi
done
if [ ! -f "$last/restore.sh" ]; then
  printf 'There is no migration to restore in %s.\\n' "$(pwd -P)" >&2
  exit 2
fi
exec sh "$last/restore.sh" "$@"
"""
"""The script in the folder of all backups, which runs the one of the last migration."""
