#!/usr/bin/env bash
# Makes an environment of its own with Poetry and poetry-aiops; nothing of the job's own environment is touched.
set -euo pipefail

# What stands behind "==" must be a version: pip would take an option or an address for what it is.
pinned() { # NAME VERSION
  if [[ -z $2 ]]; then
    printf '%s\n' "$1"
  elif [[ $2 =~ ^[0-9][0-9A-Za-z.+!-]*$ ]]; then
    printf '%s==%s\n' "$1" "$2"
  else
    printf '::error title=poetry health::"%s" is no version of %s; write one such as 2.5.1\n' "${2//[$'\r\n']/ }" "$1"
    return 2
  fi
}

poetry=$(pinned poetry "$HEALTH_POETRY_VERSION") || { printf '%s\n' "$poetry"; exit 2; }
plugin=$(pinned poetry-aiops "$HEALTH_VERSION") || { printf '%s\n' "$plugin"; exit 2; }

"$HEALTH_PYTHON" -m venv "$RUNNER_TEMP/poetry-aiops"
programs=$RUNNER_TEMP/poetry-aiops/bin
[[ -d $programs ]] || programs=$RUNNER_TEMP/poetry-aiops/Scripts
"$programs/python" -m pip install --quiet --disable-pip-version-check "$poetry" "$plugin"
"$programs/poetry" --version
