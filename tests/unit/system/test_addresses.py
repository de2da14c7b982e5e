"""No user, password or token of a URL is shown or written."""

from __future__ import annotations

from tests.support.every import for_each

from poetry_aiops.system.addresses import has_credentials, redact, taken_apart


@for_each(
    "text",
    [
        "https://user:S3CRET@h.example/simple",
        "https://S3CRET@h.example/simple",
        "git+https://S3CRET@github.com/a/b.git@v1#egg=b",
        "git+ssh://git:S3CRET@h.example/a.git",
        "https://user:S3CRET%40x@h.example/",
        "https://us@er:S3@CRET@h.example/",
        "https://user:pa/S3CRET@h.example/simple",
        "https://${USER}:S3CRET@h.example/",
        "//user:S3CRET@h.example/simple",
        "https://h.example/a.whl?token=S3CRET",
        *(
            f"https://h.example/a;{name}=S3CRET/b.whl"
            for name in ("token", "sig", "auth", "key", "code", "jwt", "PASS")
        ),
        "https://h.example/a.whl?x=1&access_token=S3CRET&y=2",
        "https://h.example/a.whl?se=1&sig=S3CRET",
        "https://h.example/a.whl?X-Amz-Signature=S3CRET",
        "https://h.example/a.whl?private_token=S3CRET#egg=a",
        "# see <https://user:S3CRET@h.example/>, thanks",
        "# password: S3CRET",
        "# PYPI_TOKEN=S3CRET",
        "--index-url 'https://user:S3CRET@h.example/simple'  # why",
        "user:S3CRET@pypi.company.com/simple",
        "Authorization: Bearer S3CRETS3CRET",
        "https://user:S3 CRET'S3@h.example/simple",
        "https:user:S3CRET@h.example/simple",
        "user:S3/CRET@h.example/simple",
        "S3CRET@h.example:a/b.git",
        "https://user:S3CRET%40h.example/simple",
        "https://h.example/simple?S3CRET",
        "https://h.example/simple#S3CRET",
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    assert "S3" not in redact(text)
    assert "CRET" not in redact(text)


@for_each("start", ["ghp_", "github_pat_", "glpat-", "hf_", "npm_"])
def test_a_token_of_a_known_kind_is_hidden_wherever_it_stands(start: str) -> None:
    assert "abcdefghij" not in redact(f"use {start}abcdefghijabcdefghij here")


@for_each(
    "text",
    [
        "six==1.16.0 ; python_version >= '3.8'",
        "token==1.0",
        "secrets>=1",
        "https://h.example/simple",
        "https://h.example:8080/a@b/c.whl#sha256=abc",
        "git+https://github.com/a/b.git@v1#egg=b&subdirectory=c",
        "git+ssh://git@github.com/a/b.git",
        "git@github.com:a/b.git",
        "OSV (http://127.0.0.1:8000) says no",
        "(see http://localhost:8000), http://localhost:8000; and me@h.example: no",
        "http://[::1]:8000/x, http://[::1]",
        "https://${USER}:${TOKEN}@h.example/",
        "https://h.example/?token=${TOKEN}",
        "requirements.txt:3: what",
        "name @ file:libs/foo",
        "--hash=sha256:0123456789abcdef",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_the_place_that_the_address_leads_to_stays() -> None:
    assert redact("git+https://u:p@github.com/a/b.git@v1") == "git+https://****@github.com/a/b.git@v1"


@for_each(
    ("url", "parts"),
    [
        ("https://user:pass@h.example/simple", ("https://h.example/simple", "user", "pass")),
        ("https://token@h.example/simple", ("https://h.example/simple", "token", None)),
        ("https://${U}:${P}@h.example/", ("https://h.example/", "${U}", "${P}")),
        ("ssh://git@h.example/a.git", ("ssh://git@h.example/a.git", None, None)),
        ("git+ssh://git:pass@h.example/a.git", ("git+ssh://git@h.example/a.git", "git", "pass")),
        ("https://h.example/simple", ("https://h.example/simple", None, None)),
        ("https://h.example/a.whl?token=x&raw=1", ("https://h.example/a.whl?raw=1", None, None)),
        ("https://h.example/a.whl?raw=1&sig=x#egg=a", ("https://h.example/a.whl?raw=1#egg=a", None, None)),
        ("https://h.example/a.whl?token=x#sha256=ab", ("https://h.example/a.whl#sha256=ab", None, None)),
        ("./libs/foo@bar", ("./libs/foo@bar", None, None)),
    ],
)
def test_a_url_is_taken_apart_for_writing(url: str, parts: tuple[str, str | None, str | None]) -> None:
    assert taken_apart(url) == parts
    assert has_credentials(url) == (parts[0] != url)
