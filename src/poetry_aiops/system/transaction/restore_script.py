"""The text of ``restore.sh``: puts a project back with a POSIX shell and a tool for SHA-256, no Python and no Poetry.

It follows the rules of ``--rollback``: every file comes back byte for byte with its mode, files that did not exist
before are gone afterwards, a file that changed since is named and nothing happens (unless ``--force``, which keeps a
copy of it), and one that the migration only read stays as it is. A first pass checks every file and stages what it
held beside the copies; only when all of that holds, a second one brings it in by ``mv``: no file is ever half written.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.transaction.backup import stored_name


if TYPE_CHECKING:
    from poetry_aiops.system.transaction.backup import Manifest


def restore_script(manifest: Manifest) -> str:
    """Return the script of one backup, to be put beside its manifest."""
    rows = []
    for index, entry in enumerate(manifest.entries):
        before, after = (state.sha256 if state else "-" for state in (entry.before, entry.after))
        mode = "-" if entry.before is None or entry.before.mode is None else f"{entry.before.mode:o}"
        after = after if entry.changes else "="
        rows.append(f'  "$1" {stored_name(index)} {mode} {before} {after} {shlex.quote(entry.target)}')
    folders = [f"rmdir {shlex.quote('./' + name)} 2>/dev/null" for name in reversed(manifest.made_folders)]
    texts = {
        "@CREATED@": manifest.created,
        "@ID@": manifest.id,
        "@FILES@": "\n".join(rows),
        "@FOLDERS@": "\n".join(folders),
    }
    return re.sub("|".join(texts), lambda found: texts[found[0]], _SCRIPT)


_SCRIPT: Final = """\
#!/bin/sh
# Restores the files of this project as they were before `poetry migrate-reqs` of @CREATED@:
#   sh .migration_backup/@ID@/restore.sh [--force]
# A file that changed since is named and nothing happens; --force restores it and keeps a copy beside this script.
# Can be run from any folder, and again when it was interrupted.
LC_ALL=C; export LC_ALL; unset CDPATH; umask 077
id=@ID@ here=./.migration_backup/@ID@ force=${1-} bad= changed= kept=
stop() { rm -rf "$here/staged"; printf '%s\\n' "$1" >&2; exit "${2-2}"; }
sum() { digest=-; [ ! -f "$1" ] || digest=$($tool <"$1" 2>/dev/null); digest=${digest%% *}; }
# One line for each file: number of the copy, mode, SHA-256 before and after (- no file, = not changed), path.
each_file() {
@FILES@
}
stage() {
  next=$here/staged/$1 file=./$5 part=./$5 why=
  while [ "$part" != . ] && [ ! -L "$part" ]; do part=${part%/*}; done
  sum "$file"; now=$digest
  if [ "$part" != . ]; then bad=yes why='is reached through a link now'
  elif [ -e "$file" ] && [ ! -f "$file" ]; then bad=yes why='is not a regular file now'
  elif [ -d "${file%/*}" ] && [ ! -w "${file%/*}" ]; then bad=yes why='is in a folder that cannot be written'
  elif [ "$now$4" = "$3=" ]; then return
  elif [ "$now" = "$3" ] || [ "$now" = "$4" ] || [ "$now$4" = -= ]; then :
  elif [ "$force" ]; then
    [ "$now" = - ] || { mkdir -p "$here/replaced" && cp "$file" "$here/replaced/$1.$$"; } ||
      bad=yes why='could not be copied: is the disk full?'
  elif [ "$4" = = ]; then kept=yes why='changed since; the migration did not change it, so it is left as it is'
  elif [ "$now" = - ]; then changed=yes why='was removed since'
  else changed=yes why='changed since'
  fi
  if [ ! "$why" ] && [ "$3" != - ]; then
    { [ "$now" = - ] || { cp -p "$file" "$next" && chmod u+rw "$next"; }; } && cat "$here/files/$1" >"$next" &&
      sum "$next" && [ "$digest" = "$3" ] && { [ "$2" = - ] || chmod "$2" "$next"; } ||
      bad=yes why='its copy is missing or damaged, or the disk is full'
  fi
  [ ! "$why" ] || printf '  %s: %s\\n' "$5" "$why" >&2
}
exchange() {
  file=./$5
  if [ -f "$here/staged/$1" ]; then (umask 022 && mkdir -p "${file%/*}") && mv -f "$here/staged/$1" "$file" || bad=yes
  elif [ "$3" = - ]; then rm -f "$file" || bad=yes
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
rm -rf "$here/staged" && mkdir "$here/staged" || stop "$here cannot be written. Nothing was changed."
trap 'stop "Nothing was changed." 130' HUP INT TERM
each_file stage
[ ! "$bad" ] || stop "Nothing was changed. First correct the files named above."
[ ! "$changed" ] || stop "Nothing was changed: the files named above would lose their present content. See --force." 1
trap '' HUP INT TERM
each_file exchange
@FOLDERS@
[ ! "$bad" ] || stop "Not every file could be restored. Correct what is named above and run this again."
for run in ./.migration_backup/*/running; do [ ! -f "$run" ] || mv "$run" "${run%running}prepared"; done
rm -rf ./.migration_backup/*/staged
sync 2>/dev/null
printf '%s\\n' "Every ${kept:+other }file of this backup is as before."
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
