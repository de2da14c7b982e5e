"""The .dockerignore: what no image needs, and what must never get into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.scaffold.model import Plan


_RESULTS = """\
# Results of builds, at the root alone: deeper down a package may have such a name.
build
dist
wheelhouse
htmlcov
dependency_reports
"""
# The last pattern that fits a path or a folder above it decides, so whatever lets a path in again comes before
# the secrets. A pattern without `**/` is for the root of the context alone.
_SECRETS = """\
# Secrets, at any depth: whatever is copied once stays in a layer.
**/.env*
**/*.env
!**/.env.example
!**/.env.sample
!**/.env.template
**/.secrets*
**/secrets.json
**/secrets.toml
**/secrets.y*ml

# Keys.
**/*.key
**/*.pem
**/*.p12
**/*.pfx
**/*.jks
**/*.keystore
**/*.kdbx
**/*.ppk
**/id_rsa*
**/id_dsa*
**/id_ecdsa*
**/id_ed25519*
**/.ssh
**/.gnupg

# Logins of package indexes, registries, clouds, clusters and databases.
**/auth.toml
**/.config/pypoetry
**/.netrc
**/_netrc
**/.pypirc
**/pip.conf
**/pip.ini
**/.npmrc
**/.yarnrc*
**/.git-credentials
**/.docker
**/.dockercfg
**/.dockerconfigjson
**/containers/auth.json
**/.aws
**/.azure
**/.gcloud
**/.config/gcloud
**/application_default_credentials.json
**/client_secret*.json
**/credentials.json
**/credentials.toml
**/service-account*.json
**/service_account*.json
**/.boto
**/.s3cfg
**/.databrickscfg
**/.kube
**/kubeconfig
**/kubeconfig.y*ml
**/*.kubeconfig
**/.vault-token
**/.terraform
**/*.tfstate*
**/*.tfvars
**/.pgpass
**/.my.cnf
**/.htpasswd
**/.huggingface
**/.kaggle
**/kaggle.json

# History, environments, caches and backups.
**/.git
**/.hg
**/.svn
**/.*_history
**/.idea
**/.vscode
**/.venv
**/.migration_backup
**/__pycache__
**/*.py[cod]
**/*.egg-info
**/.ipynb_checkpoints
**/.mypy_cache
**/.pytest_cache
**/.ruff_cache
**/.tox
**/.nox
**/.coverage
.github
.poetry
*.bak*

# What builds the images is not needed inside.
**/.dockerignore
**/Dockerfile*
**/compose*.y*ml
**/docker-compose*.y*ml
"""


def dockerignore(plan: Plan) -> str:
    """Return the text; a folder that the lock installs from is let in again, whatever it is called, but no secret in it."""
    kept = [package.source for package in plan.local if package.context is None]
    lines = [f"!{path}" for path in kept if path.partition("/")[0] in {"build", "dist", "wheelhouse"}]
    local = "\n".join(["", "# poetry.lock installs from here.", *lines, ""]) if lines else ""
    return f"# Written by `{one_line(plan.written_by)}`; yours to edit.\n\n{_RESULTS}{local}\n{_SECRETS}"
