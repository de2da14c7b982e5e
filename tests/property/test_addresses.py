"""No spelling of an address lets a secret through the one redactor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.examples import examples

from poetry_aiops.system.addresses import has_credentials, public_address, redact_addresses


SECRET = "Zq7Zq7"  # in no word of the addresses below
STARTS = ("https://", "http://", "git+https://", "ssh://", "git+ssh://", "HTTPS://", "//")
HOSTS = ("index.example", "index.example:8443", "localhost:3141", "192.0.2.7")
PATHS = ("", "/", "/simple", "/a/b.git", "/a/b.git@main", "/f/demo-1.0-py3-none-any.whl")
ODD = st.text("ab1:/#?%!~+=&;,.-_", max_size=6)


@st.composite
def logins(draw: st.DrawFn) -> str:
    """Return a userinfo that holds the secret: a token, a password, encoded or with characters that should be."""
    user = draw(st.sampled_from(["user", "a.b", "us%40er", ""]))
    secret = draw(st.sampled_from([f"{SECRET}", f"{SECRET}%2F{SECRET}", f"%40{SECRET}"]))
    before, after = draw(ODD), draw(ODD)
    return draw(
        st.sampled_from([f"{user}:p{before}{secret}{after}", f"user:{secret}", f"user:{secret}@{secret}"])
    )


@given(
    start=st.sampled_from(STARTS), login=logins(), host=st.sampled_from(HOSTS), path=st.sampled_from(PATHS)
)
@examples(200)
def test_no_login_is_left_in_an_address_or_shown(start: str, login: str, host: str, path: str) -> None:
    address = f"{start}{login}@{host}{path}"
    assert SECRET not in public_address(address)
    assert SECRET not in redact_addresses(f"(see {address}, and more)")
    assert has_credentials(address)


@given(
    start=st.sampled_from(STARTS[:4]),
    host=st.sampled_from(HOSTS),
    path=st.sampled_from(PATHS),
    name=st.text("abcdefgXAmz-_", min_size=1, max_size=8).filter(
        lambda one: one.lower() not in {"dl", "ref", "egg", "id", "raw", "at"}
    ),
    shape=st.sampled_from(
        ["?{n}={s}", "?raw=1&{n}={s}", "?{s}", "?{n}={s};{s}", "#{s}", "#egg=a&{n}={s}", "?{n}={s}#{s}"]
    ),
)
@examples(150)
def test_no_parameter_and_no_fragment_keeps_a_secret(
    start: str, host: str, path: str, name: str, shape: str
) -> None:
    address = f"{start}{host}{path}{shape.format(n=name, s=SECRET)}"
    assert SECRET not in public_address(address)
    assert public_address(address).startswith(f"{start}{host}{path}")
    assert SECRET not in redact_addresses(f"at {address} it failed")


@given(
    start=st.sampled_from(STARTS),
    host=st.sampled_from(HOSTS),
    path=st.sampled_from(PATHS),
    end=st.sampled_from(["", "#egg=demo", "#subdirectory=a/b", "#sha256=0a1b", "?raw=true", "?ref=main"]),
)
def test_a_public_address_stays_as_it_is(start: str, host: str, path: str, end: str) -> None:
    address = f"{start}{host}{path}{end}"
    assert public_address(address) == address
    assert redact_addresses(f"at {address} it failed") == f"at {address} it failed"


@given(login=logins(), host=st.sampled_from(HOSTS), path=st.sampled_from(PATHS))
def test_what_is_public_stays_public(login: str, host: str, path: str) -> None:
    once = public_address(f"https://{login}@{host}{path}")
    assert public_address(once) == once
