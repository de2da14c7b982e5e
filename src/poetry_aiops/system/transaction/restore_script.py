"""The text of ``restore.sh``: puts a project back with nothing but a POSIX shell, no Python and no Poetry.

It follows the same rules as ``--rollback``: every file byte for byte with its mode, files that did not exist before
are gone afterwards, a file that changed since is named and nothing happens (unless ``--force``, which keeps a copy
of it), one that the migration only read and that changed since is left as it is, a file is exchanged by ``mv`` from the same folder and so is never half written, and a second run does no
harm. Checksums are compared where ``sha256sum``, ``shasum`` or ``openssl`` is at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.system.transaction.model import HOME, stored_name


if TYPE_CHECKING:
    from poetry_aiops.system.transaction.model import FileState, Manifest


NAME: Final = "restore.sh"
JOURNAL: Final = "journal"
APPLIED: Final = "applied"

STAGED_NEW: Final = ".aiops-new"
STAGED_OLD: Final = ".aiops-old"
STAGED_BY_SCRIPT: Final = ".aiops-restore"
"""Ends of the names ``.<file><end>`` of what lies beside a file for a moment: its next content, its last one."""


def restore_script(manifest: Manifest) -> str:
    """Return the script of one backup, to lie beside its manifest."""
    return (
        _HEAD.replace("@CREATED@", manifest.created)
        .replace("@ID@", manifest.id)
        .replace("@HOME@", HOME)
        .replace("@JOURNAL@", JOURNAL)
        + _table(manifest)
        + _BODY.replace("@HOME@", HOME)
        .replace("@JOURNAL@", JOURNAL)
        .replace("@NEW@", STAGED_NEW)
        .replace("@OLD@", STAGED_OLD)
        .replace("@MINE@", STAGED_BY_SCRIPT)
    )


def latest_script() -> str:
    """Return the script that lies in the folder of all backups and runs the one of the last migration."""
    return _LATEST.replace("@HOME@", HOME).replace("@JOURNAL@", JOURNAL).replace("@APPLIED@", APPLIED)


def _table(manifest: Manifest) -> str:
    """Return the shell function that calls ``$1`` for each file: number, mode, both checksums, path."""
    lines = [
        f'  "$1" {stored_name(index)} {_mode(entry.before)} {_sum(entry.before)} {_sum(entry.after)}'
        f" {_quoted(entry.target)}"
        for index, entry in enumerate(manifest.entries)
    ]
    folders = [f"  leave {_quoted(folder)}" for folder in reversed(manifest.made_folders)]
    return "\n".join(["each_file() {", *lines, "  :", "}", "each_new_folder() {", *folders, "  :", "}", ""])


def _mode(state: FileState | None) -> str:
    return "-" if state is None or state.mode is None else f"{state.mode:o}"


def _sum(state: FileState | None) -> str:
    return "-" if state is None else state.sha256


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"


_HEAD = """\
#!/bin/sh
# Restores the files of this project as they were before `poetry migrate-reqs` of @CREATED@.
#
#   sh @HOME@/@ID@/restore.sh            restores; stops when a file changed since
#   sh @HOME@/@ID@/restore.sh --dry-run  only says what it would do
#   sh @HOME@/@ID@/restore.sh --force    restores files that changed since, too; keeps a copy
#
# Needs a POSIX shell and nothing else. It can be run from any folder, and again when it was interrupted.
LC_ALL=C
export LC_ALL
unset CDPATH
id='@ID@'
force=no
dry=no
for argument do
  case $argument in
    --force) force=yes ;;
    --dry-run) dry=yes ;;
    -h | --help) sed -n '2,8s/^# \\{0,1\\}//p' "$0"; exit 0 ;;
    *) printf 'restore.sh knows --force, --dry-run and --help, not %s\\n' "$argument" >&2; exit 2 ;;
  esac
done
set -u

# Every line: number of the copy, mode, SHA-256 before and after the migration (- for no file), path.
"""

_BODY = """\
say() { printf '%s\\n' "$*"; }
stop() { printf '%s\\n' "$*" >&2; exit 2; }

cd -P -- "$(dirname -- "$0")" || stop "The folder of this script cannot be entered."
here=$(pwd -P)
case $here in
  */"@HOME@/$id") ;;
  *) stop "This script works only where it was written: in @HOME@/$id of the project." ;;
esac
cd ../.. || stop "The project's folder cannot be entered."
root=$(pwd -P)
[ "$root" = / ] && root=

if command -v sha256sum >/dev/null 2>&1; then sum() { sha256sum <"$1" 2>/dev/null; }
elif command -v shasum >/dev/null 2>&1; then sum() { shasum -a 256 <"$1" 2>/dev/null; }
elif command -v openssl >/dev/null 2>&1; then sum() { openssl dgst -sha256 -r <"$1" 2>/dev/null; }
else sum() { :; }
fi
digest() {
  line=$(sum "$1")
  printf '%s' "${line%% *}"
}

# Sets what the other functions need to know about one line of the table.
name_it() {
  number=$1 mode=$2 before=$3 after=$4 path=$5
  file=./$path
  name=${path##*/}
  case $path in
    */*) folder=./${path%/*} ;;
    *) folder=. ;;
  esac
  stored=$here/files/$number
  temp=$folder/.$name@MINE@
}

# Says whether the file's folder, or what there is of it, is reached through a link.
leads_elsewhere() {
  nearest=$folder
  while [ ! -d "$nearest" ]; do nearest=${nearest%/*}; done
  [ "$nearest" = . ] && return 1
  [ "$(cd -P -- "$nearest" && pwd -P)" != "$root/${nearest#./}" ]
}

# Sets state: old, new, changed, unsafe, or kept for an edited file that the migration only read; with the reason.
look() {
  name_it "$@"
  reason=
  state=changed
  if leads_elsewhere; then
    state=unsafe reason='a folder on the way is a link now'
  elif [ -L "$file" ]; then
    state=unsafe reason='is a link now'
  elif [ ! -e "$file" ]; then
    if [ "$before" = - ]; then state=old
    elif [ "$after" = - ] || [ "$after" = "$before" ]; then state=new
    else reason='was removed since'
    fi
  elif [ ! -f "$file" ]; then
    state=unsafe reason='is not a regular file now'
  elif [ "$before" != - ] && cmp -s "$stored" "$file"; then
    state=old
  elif [ "$before" = "$after" ] && [ "$force" = no ]; then
    state=kept reason='changed since, and the migration did not change it'
  else
    now=$(digest "$file")
    if [ -z "$now" ]; then reason='cannot be compared: sha256sum, shasum and openssl are missing'
    elif [ "$now" = "$after" ]; then state=new
    else reason='changed since'
    fi
  fi
}

unsafe=no
changed=no
whole=yes
check() {
  look "$@"
  case $state in
    unsafe) unsafe=yes; printf '  %s: %s\\n' "$path" "$reason" >&2 ;;
    changed) changed=yes; printf '  %s: %s\\n' "$path" "$reason" >&2 ;;
    kept) whole=no; printf '  %s is left as it is: %s\\n' "$path" "$reason" >&2 ;;
  esac
  [ "$before" = - ] && return 0
  if [ ! -f "$stored" ] || [ -L "$stored" ]; then
    unsafe=yes; printf '  %s: its copy is missing\\n' "$path" >&2
    return 0
  fi
  copy=$(digest "$stored")
  if [ -n "$copy" ] && [ "$copy" != "$before" ]; then
    unsafe=yes; printf '  %s: its copy is damaged\\n' "$path" >&2
  fi
  return 0
}

clean() {
  name_it "$@"
  [ -d "$folder" ] && rm -f "$temp"
  return 0
}
give_up() {
  each_file clean
  stop "$1 Nothing was changed."
}

plan() {
  look "$@"
  case $state in old | kept) return 0 ;; esac
  if [ "$before" = - ]; then say "would remove $path"; else say "would restore $path"; fi
}

# Writes the old content beside the file; a copy of the file first, for its owner.
stage() {
  look "$@"
  if [ "$state" = changed ] && [ -f "$file" ]; then
    mkdir -p "$here/replaced" || give_up "$here cannot be written."
    cp "$file" "$here/replaced/$number.$$" || give_up "$path cannot be copied."
    say "kept what $path held as @HOME@/$id/replaced/$number.$$"
  fi
  if [ "$before" = - ] || [ "$state" = old ] || [ "$state" = kept ]; then return 0; fi
  mkdir -p "$folder" || give_up "$folder cannot be made."
  rm -f "$temp" || give_up "$folder cannot be written."
  if [ -f "$file" ]; then
    cp -p "$file" "$temp" || give_up "$folder cannot be written."
    chmod u+rw "$temp" || give_up "$temp cannot be written."
  fi
  (umask 077 && cat "$stored" >"$temp") || give_up "$folder cannot be written."
  cmp -s "$stored" "$temp" || give_up "$temp does not hold what it should: is the disk full?"
  if [ "$mode" != - ]; then chmod "$mode" "$temp" || give_up "$temp cannot be given its mode."; fi
}

failed=no
exchange() {
  look "$@"
  if [ "$before" = - ]; then
    if [ "$state" != old ]; then rm -f "$file" && say "removed $path" || failed=yes; fi
  elif [ "$state" = kept ]; then :
  elif [ "$state" = old ]; then
    [ "$mode" = - ] || chmod "$mode" "$file" || failed=yes
  else
    mv -f "$temp" "$file" && say "restored $path" || failed=yes
  fi
  if [ -d "$folder" ]; then rm -f "$temp" "$folder/.$name@NEW@" "$folder/.$name@OLD@"; fi
}
leave() { rmdir "./$1" 2>/dev/null || :; }

journal=@HOME@/@JOURNAL@
interrupted=
if [ -f "$journal" ]; then
  { read -r interrupted; read -r undoes; } <"$journal" || :
  if [ "$interrupted" != "$id" ] && [ "${undoes:-}" != "$id" ]; then
    stop "Another run was interrupted. First run: sh @HOME@/$interrupted/restore.sh"
  fi
fi

each_file check
[ "$unsafe" = yes ] && stop "Nothing was changed. Put the files named above right by hand first."
if [ "$dry" = yes ]; then
  each_file plan
  exit 0
fi
if [ "$changed" = yes ] && [ "$force" = no ]; then
  printf '%s\\n' "Nothing was changed: the files named above would lose what they hold now." \\
    "With --force they are restored, and a copy is kept beside this script." >&2
  exit 1
fi
umask 022
trap 'each_file clean; exit 130' HUP INT TERM
each_file stage
trap '' HUP INT TERM
each_file exchange
each_new_folder
[ "$failed" = yes ] && stop "Not every file could be restored. Correct what is named above and run this again."
[ -n "$interrupted" ] && rm -f "$journal"
sync 2>/dev/null || :
if [ "$whole" = no ]; then say "Every other file of this backup is as it was before."
else say "Every file of this backup is as it was before."
fi
"""

_LATEST = """\
#!/bin/sh
# Restores what the last `poetry migrate-reqs` in this project changed: runs the restore.sh of that backup.
# Another one: sh @HOME@/<id>/restore.sh; `ls @HOME@` shows the ids, which sort by time.
LC_ALL=C
export LC_ALL
unset CDPATH
cd -P -- "$(dirname -- "$0")" || exit 2
last=
for folder in ./*Z-*; do
  case $folder in *-undo) continue ;; esac
  if [ -f "$folder/@APPLIED@" ] && [ -f "$folder/restore.sh" ]; then last=$folder; fi
done
if [ -f @JOURNAL@ ]; then
  { read -r interrupted; read -r undoes; } <@JOURNAL@ || :
  case $interrupted in *-undo) interrupted=$undoes ;; esac
  if [ -n "$interrupted" ]; then last=./$interrupted; fi
fi
if [ -z "$last" ] || [ ! -f "$last/restore.sh" ]; then
  printf 'There is no migration to restore in %s.\\n' "$(pwd -P)" >&2
  exit 2
fi
exec sh "$last/restore.sh" "$@"
"""
