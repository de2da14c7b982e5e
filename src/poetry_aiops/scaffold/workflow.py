"""The GitHub workflows: what is checked on every push, and the weekly update of the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.project.backends import family_of
from poetry_aiops.scaffold.model import EDGE
from poetry_aiops.scaffold.quoting import quoted
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry_aiops.scaffold.facts import Actions
    from poetry_aiops.scaffold.model import Plan


_RUNNERS: Final = {"mps": "macos-latest", "jetson": "ubuntu-24.04-arm"}
_CACHE: Final = "${{ runner.temp }}/poetry-cache"


def workflow(plan: Plan, variants: Iterable[tuple[str, str]], actions: Actions) -> str:
    """Return the workflow of every push; ``variants`` are all of the project's, each with its backend."""
    parts = [_head(plan), _matrix(tuple(variants)), _install_steps(plan, actions, tuple(variants))]
    parts.append(_health_job(plan, actions))
    if plan.exported:
        parts.append(_files_job(plan, actions))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    yield f"# Checks of {one_line(plan.project)}. Written by `{one_line(plan.written_by)}`; yours to edit."
    yield "# Actions are pinned to commits; Dependabot (package-ecosystem: github-actions) keeps them up to date."
    yield "name: poetry"
    yield ""
    yield "on:"
    yield "  push:"
    yield "    branches: [main, master]"
    yield "  pull_request:"
    yield "  workflow_dispatch:"
    yield ""
    yield "permissions: {}"
    yield ""
    yield "concurrency:"
    yield "  group: ${{ github.workflow }}-${{ github.ref }}"
    yield "  cancel-in-progress: true"
    yield ""
    yield from _versions(plan)
    yield "jobs:"


def _versions(plan: Plan) -> Iterator[str]:
    yield "env:"
    yield f"  POETRY_VERSION: {quoted(plan.versions.poetry)}"
    yield f"  AIOPS_VERSION: {quoted(plan.versions.plugin)}"
    yield ""


# -- the matrix -----------------------------------------------------------------------------------------


def _matrix(variants: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield "  install:"
    yield "    name: ${{ matrix.variant }}" if variants else "    name: install"
    if variants:
        yield "    strategy:"
        yield "      fail-fast: false"
        yield "      matrix:"
        yield "        # A runner of GitHub's has no GPU: `--dry-run` proves that the lock serves the variant, at no cost."
        yield "        # With a GPU runner of your own: runs-on its label, dry-run empty, tests true."
        yield "        include:"
        for group, backend in variants:
            yield from _entry(group, backend)
        yield "    runs-on: ${{ matrix.runs-on }}"
    else:
        yield "    runs-on: ubuntu-latest"


def _entry(group: str, backend: str) -> Iterator[str]:
    family = family_of(backend)
    really = family in {"cpu", "mps"}
    profile = EDGE if group == EDGE else "development"
    yield f"          - variant: {quoted(group)}"
    yield f"            runs-on: {_RUNNERS.get(family, 'ubuntu-latest')}"
    yield f"            profile: {profile}"
    yield f"            dry-run: {quoted('' if really else 'yes')}"
    yield f"            tests: {'true' if really else 'false'}"


def _install_steps(plan: Plan, actions: Actions, variants: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield "    permissions:"
    yield "      contents: read"
    yield "    steps:"
    yield from _checkout(actions)
    yield from _poetry(plan, actions)
    yield f"      - uses: {actions.uses('actions/cache')}"
    yield "        with:"
    yield f"          path: {_CACHE}"
    prefix = "poetry-${{ runner.os }}-${{ runner.arch }}-" + ("${{ matrix.variant }}-" if variants else "")
    yield f"          key: {prefix}${{{{ hashFiles('poetry.lock') }}}}"
    yield f"          restore-keys: {prefix}"
    yield "      - run: poetry check --lock"
    if variants:
        yield '      - run: poetry hw-install --profile "$PROFILE" --hardware "$VARIANT" ${DRY_RUN:+--dry-run}'
        yield "        shell: bash"
        yield "        env:"
        yield f"          POETRY_CACHE_DIR: {_CACHE}"
        yield "          PROFILE: ${{ matrix.profile }}"
        yield "          VARIANT: ${{ matrix.variant }}"
        yield "          DRY_RUN: ${{ matrix.dry-run }}"
        yield "      - if: matrix.tests"
    else:
        yield "      - run: poetry install"
        yield "        env:"
        yield f"          POETRY_CACHE_DIR: {_CACHE}"
        yield "      -"
    tests = "poetry run pytest" if plan.tests else "poetry run python -m compileall -q ."
    yield f"        run: {tests}"


def _checkout(actions: Actions, *, history: bool = False) -> Iterator[str]:
    yield f"      - uses: {actions.uses('actions/checkout')}"
    yield "        with:"
    yield "          persist-credentials: false"
    if history:
        yield "          fetch-depth: 0"


def _poetry(plan: Plan, actions: Actions) -> Iterator[str]:
    yield f"      - uses: {actions.uses('actions/setup-python')}"
    yield "        with:"
    yield f"          python-version: {quoted(plan.versions.python)}"
    yield '      - run: pipx install "poetry==$POETRY_VERSION" && pipx inject poetry "poetry-aiops==$AIOPS_VERSION"'
    yield "        shell: bash"


# -- health and files -----------------------------------------------------------------------------------


def _health_job(plan: Plan, actions: Actions) -> Iterator[str]:
    yield ""
    yield "  health:"
    yield "    name: health"
    yield "    runs-on: ubuntu-latest"
    yield "    permissions:"
    yield "      contents: read"
    yield "      security-events: write # to show the findings under Security"
    yield "    steps:"
    yield from _checkout(actions)
    yield from _poetry(plan, actions)
    yield "      # What fails the build: [tool.poetry-aiops.health] in pyproject.toml. Exit code 3 (a source was not there) fails it, too."
    yield "      - run: poetry health --format github --output health.sarif"
    yield "      # A pull request from a fork may not write there."
    yield (
        "      - if: always() && hashFiles('health.sarif') != '' && !github.event.pull_request.head.repo.fork"
    )
    yield f"        uses: {actions.uses('github/codeql-action/upload-sarif')}"
    yield "        with:"
    yield "          sarif_file: health.sarif"
    yield "          category: poetry-health"


def _files_job(plan: Plan, actions: Actions) -> Iterator[str]:
    yield ""
    yield "  files:"
    yield "    name: requirements files up to date"
    yield "    runs-on: ubuntu-latest"
    yield "    permissions:"
    yield "      contents: read"
    yield "    steps:"
    yield from _checkout(actions)
    yield from _poetry(plan, actions)
    yield "      - run: poetry sync-reqs --check"


# -- the weekly update ----------------------------------------------------------------------------------


def update_workflow(plan: Plan, actions: Actions) -> str:
    """Return the workflow that once a week updates the lock, looks at its health and opens a pull request."""
    return "\n".join(_update_lines(plan, actions)) + "\n"


def _update_lines(plan: Plan, actions: Actions) -> Iterator[str]:
    yield f"# The weekly update of {one_line(plan.project)}'s lock. Written by `{one_line(plan.written_by)}`; yours to edit."
    yield "# It needs: Settings, Actions, General, Allow GitHub Actions to create and approve pull requests."
    yield "name: poetry-update"
    yield ""
    yield "on:"
    yield "  schedule:"
    yield '    - cron: "23 4 * * 1" # Mondays, UTC'
    yield "  workflow_dispatch:"
    yield ""
    yield "permissions: {}"
    yield ""
    yield "concurrency:"
    yield "  group: ${{ github.workflow }}"
    yield "  cancel-in-progress: false"
    yield ""
    yield from _versions(plan)
    yield "jobs:"
    yield "  update:"
    yield "    name: update poetry.lock"
    yield "    runs-on: ubuntu-latest"
    yield "    permissions:"
    yield "      contents: write # to push the branch"
    yield "      pull-requests: write # to open the pull request"
    yield "    steps:"
    yield from _checkout(actions, history=True)
    yield from _poetry(plan, actions)
    if plan.hardware:
        yield "      # The plugin solves every hardware variant, so that one lock goes on serving all of them."
    yield "      - run: poetry update --lock"
    if plan.exported:
        yield "      - run: poetry sync-reqs"
    yield from _pull_request_steps()


def _pull_request_steps() -> Iterator[str]:
    yield "      - name: Write what changed and how healthy it is"
    yield "        id: change"
    yield "        shell: bash"
    yield "        run: |"
    yield '          if git diff --quiet; then echo "changed=false" >> "$GITHUB_OUTPUT"; exit 0; fi'
    yield '          echo "changed=true" >> "$GITHUB_OUTPUT"'
    yield '          poetry graph --diff HEAD --format markdown > "$RUNNER_TEMP/changes.md"'
    yield "          health=0"
    yield '          poetry health --format markdown > "$RUNNER_TEMP/health.md" || health=$?'
    yield "          # GitHub takes 65,536 characters."
    yield '          { cat "$RUNNER_TEMP/changes.md"; echo; echo "poetry health ended with exit code $health."; echo;'
    yield '            cat "$RUNNER_TEMP/health.md"; } | head -c 60000 > "$RUNNER_TEMP/body.md"'
    yield "      - name: Open or renew the pull request"
    yield "        if: steps.change.outputs.changed == 'true'"
    yield "        shell: bash"
    yield "        env:"
    yield "          GH_TOKEN: ${{ github.token }}"
    yield "        run: |"
    yield '          git config user.name "github-actions[bot]"'
    yield '          git config user.email "41898282+github-actions[bot]@users.noreply.github.com"'
    yield "          git switch --create poetry-update"
    yield '          git commit --all --message "Update poetry.lock"'
    yield "          gh auth setup-git"
    yield "          git push --force origin poetry-update"
    yield "          if gh pr view poetry-update --json state --jq .state | grep --quiet OPEN; then"
    yield '            gh pr edit poetry-update --body-file "$RUNNER_TEMP/body.md"'
    yield "          else"
    yield '            gh pr create --head poetry-update --title "Update poetry.lock" --body-file "$RUNNER_TEMP/body.md"'
    yield "          fi"
