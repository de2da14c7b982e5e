"""What a build context leaves out, read by Docker's own rules."""

from __future__ import annotations

import pytest
from tests.support.dockerignore import is_ignored
from tests.support.every import for_each
from tests.support.image_projects import OUTSIDE
from tests.unit.scaffold.made import document, local, planned

from poetry_aiops.scaffold.render import dockerignore


# What Docker's reference says of its own examples, and cases of moby's tests.
RULES = [
    ("*/temp*", "somedir/temporary.txt", True),
    ("*/temp*", "temporary.txt", False),
    ("*/*/temp*", "somedir/subdir/temporary.txt", True),
    ("temp?", "tempa", True),
    ("temp?", "tempab", False),
    ("**/*.go", "a/b/c.go", True),
    ("**/*.go", "c.go", True),
    ("/foo/bar", "foo/bar/x", True),
    ("foo/bar", "a/foo/bar", False),
    ("**/bar", "a/foobar", False),
    ("docs/**", "docs/a/b", True),
    ("a/**/z", "a/z", True),
    ("*.md\n!README.md", "README.md", False),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
    ("!README*.md\n*.md", "README-a.md", True),
    ("dist\n!dist/one", "dist/one/two", False),
    ("dist\n!dist/one", "dist/two", True),
    ("  spaced  \n# comment", "spaced", True),
    ("[a-c].txt", "b.txt", True),
    ("[^a-c].txt", "b.txt", False),
    (r"\*.txt", "a.txt", False),
    (".env*", ".env.local", True),
    (".env*", "conf/.env", False),
]


@pytest.mark.parametrize(("text", "path", "ignored"), RULES)
def test_the_rules_are_dockers(text: str, path: str, *, ignored: bool) -> None:
    assert is_ignored(text, path) is ignored


SECRETS = [
    ".env",
    ".env.production",
    ".envrc",
    "deploy.env",
    ".secrets.toml",
    ".streamlit/secrets.toml",
    "server.pem",
    "tls.key",
    "store.p12",
    "id_rsa",
    "id_ed25519.bak",
    "id_ecdsa_sk",
    ".ssh/config",
    "auth.toml",
    ".config/pypoetry/auth.toml",
    ".netrc",
    "_netrc",
    ".pypirc",
    "pip.conf",
    ".npmrc",
    ".git-credentials",
    ".docker/config.json",
    ".aws/credentials",
    ".azure/token.json",
    ".config/gcloud/credentials.db",
    "service-account-prod.json",
    ".kube/config",
    "kubeconfig",
    "prod.kubeconfig",
    "terraform.tfstate.backup",
    ".pgpass",
    "kaggle.json",
    ".git/config",
    ".git",
    ".venv/lib/site.py",
    ".venv/.env.example",
    ".bash_history",
    ".migration_backup/2026/requirements.txt",
]
NEEDED = [
    ".env.example",
    "environment.py",
    "env/settings.py",
    "keys/__init__.py",
    "auth/login.py",
    "auth.py",
    "credentials/models.py",
    "secrets.py",
    "gitlog.py",
    ".gitignore",
    "build/config.py",
    "locale/en/auth.json",
    "kubeconfig.py",
    "py.typed",
]
PROJECTS = {"an application": document(package_mode=False), "a package": document()}


@for_each("project", PROJECTS)
@for_each("folder", ["", "svc/", "a/b/c/", "build/lib/conf/", "dist/tool/"])
def test_no_secret_gets_into_the_context_at_any_depth(project: str, folder: str) -> None:
    made = planned(PROJECTS[project], local("lib", "build/lib", develop=True), local("tool", "dist/tool"))
    text = dockerignore(made)
    assert [name for name in SECRETS if not is_ignored(text, f"{folder}{name}")] == []


@for_each("project", PROJECTS)
@for_each("folder", ["svc/", "a/b/c/", "build/lib/", "dist/tool/"])
def test_what_only_looks_like_a_secret_stays_in(project: str, folder: str) -> None:
    made = planned(PROJECTS[project], local("lib", "build/lib", develop=True), local("tool", "dist/tool"))
    text = dockerignore(made)
    assert [name for name in NEEDED if is_ignored(text, f"{folder}{name}")] == []


@for_each("name", ["pyproject.toml", "poetry.lock", "poetry.toml", "README.md", "src/shop/api.py"])
def test_what_an_image_is_made_of_stays_in(name: str) -> None:
    assert not is_ignored(dockerignore(planned(document())), name)


def test_results_of_builds_stay_out_but_for_what_the_lock_installs_from() -> None:
    text = dockerignore(planned(document(), local("wheel", "dist/w.whl", kind="file")))
    assert [is_ignored(text, name) for name in ("dist/w.whl", "dist/x.whl", "build/lib/a.py")] == [
        False,
        True,
        True,
    ]


def test_the_images_are_searched_for_secrets_that_this_file_keeps_out() -> None:
    text = dockerignore(planned(document()))
    assert [name for name in OUTSIDE if not is_ignored(text, name)] == []
    assert sum("/" in name for name in OUTSIDE) > len(OUTSIDE) / 2
