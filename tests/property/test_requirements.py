"""No requirements file makes the reader raise, run long, lose a character, or show a secret."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from tests.support.every import every
from tests.support.examples import examples
from tests.support.neighbours import FILE, InMemory, parsed
from tests.support.pip_texts import requirement_texts, sorted_specifier
from tests.support.timing import within

from poetry_aiops.migrate.reading.named import parse_plain
from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.migrate.reading.read import read_tree
from poetry_aiops.migrate.reading.text import Decoded, decode
from poetry_aiops.system.addresses import redact, taken_apart


SIZE = 12_000
SECONDS = 1.0
"""Of processor time: the slowest text needs about a tenth of it, anything quadratic many seconds."""

WORDS = (
    "six", "torch", "==", ">=", "~=", "===", "=", "<", "!", "1.0", "2.0.*", "1.0-5", "2004d", "1!2", "+cu128", "^1.2", ",", ";", "; ",
    " ", "  ", "\t", "\n", "\r\n", "\r", "\x0c", "\u2028", "\\", "\\\n", "#", " #", "# via ", "    # via\n    #   a", "@", " @ ", "[", "]",
    "[a,b]", "(", ")", "'", '"', "-", "--", "-e ", "-r ", "-c ", "-i ", "-f", "-U", "-e .", "-e .[all]", ".", "./libs", "../x",
    "~/x", "/abs", "--hash=sha256:ab", "--hash", "--pre", "--no-binary ", ":all:", "--extra-index-url ", "--req", "--index-url=", "--global-option",
    "--config-settings x=y", "https://", "http://[", "git+https://github.com/a/b.git", "git+ssh://git@h:a/b", "git@github.com:a/b", "hg+https://h/a",
    "file:", "file:///croot/x/work", "file:///./a", "file:${PWD}/a", "#egg=", "egg[x]==1", "&subdirectory=", ".whl", "a-1.0-py3-none-any.whl",
    "a-1.0.tar.gz", ".zip", "python_version", " < ", "'3.8'", "extra", "and", "${VAR}", "user:pw@h.example", "<<<<<<< HEAD\n", "=======\n",
    ">>>>>>> a\n", "{%", "%}", "{{", "}}", "pip install ", "@EXPLICIT", "# platform: x\n", "a=1=b\n", "<html>", "[tool.x]\n", "\u00a0", "\ufeff", "\x00", "é",
    "# coding: latin-1\n", "(" * 300, "9" * 5000, FILE, "base.txt", "c.txt",
)  # fmt: skip
SOUP = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=60).map("".join)
NAME = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
SECRET = st.text("ABCDEFGHJKMNPQRSTUVWXYZ23456789", min_size=10, max_size=30).map(lambda text: f"x{text}x")
PLACES = (
    "https://user:{}@h.example/simple",
    "https://{}@h.example/simple",
    "https://{}:x-oauth-basic@h.example/simple",
    "https://a%40b:{}%2F@h.example/simple",
    "https://us@er:p@{}@h.example/simple",
    "https://${{USER}}:{}@h.example/simple",
    "ftp://user:{}@h.example:21/a-1.0.tar.gz",
    "git+https://{}@github.com/a/b.git@v1#egg=b",
    "git+https://oauth2:{}@gitlab.com/a/b.git",
    "git+ssh://git:{}@h.example/a/b.git",
    "git+git://user:{}@github.com/a/b.git",
    "hg+https://user:{}@h.example/a#egg=a",
    "https://h.example/a-1.0-py3-none-any.whl?token={}",
    "https://h.example/a-1.0.zip?x=1&access_token={}",
    "https://h.example/main.zip?se=2&sig={}&sp=r",
    "https://h.example/a.whl?X-Amz-Credential=a&X-Amz-Signature={}",
    "https://h.example/simple?api_key={}",
)
LINES = (
    "{}",
    "a @ {}",
    "-e {}",
    "--index-url {}",
    "-i '{}'",
    "six --extra-index-url={}",
    "--find-links {}",
    "-r {}",
    "six  # from {}",
    "# see <{}>",
    "six @@ {}",
    "six torch -f {}",
    "--trusted-host {}",
    "pip install {}",
)


def neighbours(data: bytes) -> InMemory:
    return InMemory(
        {
            FILE: data,
            "base.txt": b"idna==3.4\n-r requirements.txt\n",
            "c.txt": b"-e ./libs\nsix<2\n-r base.txt\n",
            "libs/setup.py": b"setup(name='lib')",
        }
    )


@given(data=st.binary(max_size=300) | SOUP.map(lambda text: text.encode("utf-8", "replace")))
@examples(150)
def test_any_bytes_are_read_and_nothing_is_lost(data: bytes) -> None:
    tree = read_tree([FILE, "c.txt"], neighbours(data))
    for reading in tree.readings.values():
        assert all(isinstance(text, str) for text in requirement_texts(reading))
    file = tree.files[FILE]
    decoded = decode(data)
    if isinstance(decoded, Decoded):
        assert "".join(line.raw for line in file.lines) == decoded.text
    for line in file.lines:
        assert 1 <= line.number <= line.last


@given(text=SOUP)
@examples(100)
def test_every_refused_line_has_an_error(text: str) -> None:
    file, problems = parsed(text)
    errors = [problem for problem in problems if problem.severity == "error"]
    for line in file.lines:
        if line.kind == "requirement" and line.requirement is None:
            assert any(
                problem.place.line <= line.last and (problem.last or problem.place.line) >= line.number
                for problem in errors
            )


def read_quickly(word: str) -> None:
    for text in ((word * (SIZE // len(word) + 1))[:SIZE], "six " + (word * (SIZE // len(word) + 1))[:SIZE]):
        with within(SECONDS, text[:40]):
            parsed(text)
            redact(text)


def test_a_long_line_of_anything_is_read_quickly() -> None:
    more = [
        "a ",
        "a=",
        "[a",
        "a[",
        "a,",
        "a;",
        "-a ",
        "--a=",
        "?",
        "?a",
        "//",
        "a:",
        ":a@",
        "a@",
        "<=",
        "#a ",
        "{% ",
    ]
    every([*WORDS, *more], read_quickly, lambda word: repr(word[:20]))


@given(
    name=NAME,
    extras=st.lists(NAME, max_size=3),
    clauses=st.lists(
        st.tuples(
            st.sampled_from(["==", ">=", "<=", "!=", "~=", "<", ">", "==="]),
            st.sampled_from(["", " ", "  "]),
            st.from_regex(
                r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?(\.\*|\+[a-z0-9]{1,4}(\.[a-z0-9]{1,3})?)?",
                fullmatch=True,
            ),
        ),
        max_size=3,
    ),
)
@examples(150)
def test_plain_requirements_are_read_as_packaging_reads_them(
    name: str, extras: list[str], clauses: list[tuple[str, str, str]]
) -> None:
    specifier = " ,".join("".join(clause) for clause in clauses)
    text = f"{name}{'[' + ','.join(extras) + ']' if extras else ''} {specifier}".strip()
    plain = parse_plain(text)
    try:
        expected = Requirement(text)
    except InvalidRequirement:
        assert plain is None
        return
    assume(plain is not None)
    assert plain is not None
    assert (plain.name, set(plain.extras)) == (expected.name, expected.extras)
    assert SpecifierSet(plain.specifier) == expected.specifier
    if len(expected.specifier) == len(clauses):
        assert sorted_specifier(plain.specifier) == str(expected.specifier)


@given(text=st.text("abz019.-_=<>!~,*+[]() \trcpostdev", max_size=25))
@examples(150)
def test_nothing_is_plain_that_packaging_refuses(text: str) -> None:
    if parse_plain(text) is not None:
        assert str(Requirement(text))


@given(secret=SECRET, place=st.sampled_from(PLACES), line=st.sampled_from(LINES))
@examples(150)
def test_a_secret_is_shown_nowhere(secret: str, place: str, line: str) -> None:
    address = place.format(secret)
    text = line.format(address)
    assert secret not in redact(text)
    assert secret not in redact(f"before {text}, after\n{text}")
    assert secret not in taken_apart(address)[0]
    tree = read_tree([FILE], neighbours(text.encode()))
    for problem in tree.problems:
        assert secret not in f"{problem.place} {problem.what} {problem.why} {problem.suggestion}"
        assert secret not in redact(problem.fixed or "")


@given(
    user=st.sampled_from(["USER", "A_1"]),
    place=st.sampled_from(["https://${{{}}}:${{P}}@h.example/", "git+https://${{{}}}@h.example/a.git"]),
)
def test_the_names_of_variables_stay(user: str, place: str) -> None:
    assert f"${{{user}}}" in redact(place.format(user))


@given(text=st.text(max_size=200) | SOUP)
def test_hiding_twice_hides_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(data=SOUP.map(lambda text: text.encode("utf-8", "replace")))
@examples(60)
def test_a_repaired_line_is_no_longer_refused_for_the_same_reason(data: bytes) -> None:
    _, problems = parse_file(FILE, data, neighbours(data))
    for problem in problems:
        if problem.fixed:
            _, left = parse_file(FILE, problem.fixed.encode("utf-8", "replace"), neighbours(data))
            assert problem.what not in {again.what for again in left}


def test_every_run_tries_the_same_examples() -> None:
    assert settings().derandomize, "`make test` in a fresh clone must not depend on chance"
