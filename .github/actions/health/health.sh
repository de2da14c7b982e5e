#!/usr/bin/env bash
# Runs `poetry health` and tells the job its exit code, its score and where the SARIF file lies. Ends with that exit code:
# only 0 passes, and an answer that could not be had (3) is none.
set -uo pipefail

fail() { # CODE TEXT
  printf '::error title=poetry health::%s\n' "$2"
  printf 'exit-code=%s\nscore=\nsarif-file=\n' "$1" >>"$GITHUB_OUTPUT"
  exit "$1"
}

unset CDPATH
if ! cd -- "$GITHUB_WORKSPACE" || ! cd -- "$HEALTH_FOLDER"; then
  fail 2 "working-directory: there is no such folder in the workspace"
fi
# A line break would write further outputs; a path that starts with a dash would be an option.
[[ $HEALTH_FOLDER$HEALTH_SARIF != *[$'\r\n']* ]] || fail 2 "working-directory and sarif-file are one line each"
[[ $HEALTH_SARIF == ?*.sarif && $HEALTH_SARIF != [-/]* && /$HEALTH_SARIF/ != */../* ]] ||
  fail 2 "sarif-file: name a file below the project's folder that ends in .sarif, such as health.sarif"

programs=$RUNNER_TEMP/poetry-aiops/bin
[[ -d $programs ]] || programs=$RUNNER_TEMP/poetry-aiops/Scripts
reports=$RUNNER_TEMP/poetry-aiops-reports
rm -rf -- "$reports" "$HEALTH_SARIF"
mkdir -p -- "$reports"

options=(--no-interaction --no-ansi health --format github --report-dir "$reports/kept"
  --output "$reports/health.json" --output "$reports/health.md" --output "$HEALTH_SARIF")
[[ -z $HEALTH_AGAINST ]] || options+=("--against=$HEALTH_AGAINST")
[[ -z $HEALTH_FAIL_ON ]] || options+=("--fail-on=$HEALTH_FAIL_ON")
[[ -z $HEALTH_MIN_SCORE ]] || options+=("--min-score=$HEALTH_MIN_SCORE")
"$programs/poetry" "${options[@]}"
code=$?

score=
[[ ! -s $reports/health.json ]] || score=$("$programs/python" - "$reports/health.json" <<'PYTHON'
import json
import sys

score = json.load(open(sys.argv[1], encoding="utf-8"))["score"]
print("" if score is None else format(float(score), "g"), end="")
PYTHON
) || score=
# A passed gate without a report is no passed gate.
[[ $code != 0 || -s $reports/health.json ]] || fail 3 "poetry health wrote no report"

[[ ! -s $reports/health.md ]] || cat -- "$reports/health.md" >>"$GITHUB_STEP_SUMMARY"
sarif=
[[ ! -s $HEALTH_SARIF ]] || sarif=${HEALTH_FOLDER%/}/$HEALTH_SARIF
printf 'exit-code=%s\nscore=%s\nsarif-file=%s\n' "$code" "$score" "$sarif" >>"$GITHUB_OUTPUT"
exit "$code"
