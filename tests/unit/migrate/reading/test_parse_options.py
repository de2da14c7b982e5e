"""Options in every spelling that pip takes, and those that it refuses or ignores."""

from __future__ import annotations

import pytest
from tests.support.every import for_each
from tests.support.neighbours import line_of, parsed, problem_of


def options_of(text: str) -> list[tuple[str, str | None]]:
    return [(option.name, option.value) for option in line_of(text).options]


@for_each(
    ("text", "name", "value"),
    [
        ("-i https://h.example", "index-url", "https://h.example"),
        ("-ihttps://h.example", "index-url", "https://h.example"),
        ("--index-url https://h.example", "index-url", "https://h.example"),
        ("--index-url=https://h.example", "index-url", "https://h.example"),
        ("--pypi-url=https://h.example", "index-url", "https://h.example"),
        ("--index-url   'https://h.example'", "index-url", "https://h.example"),
        ('--extra-index-url="https://h.example"', "extra-index-url", "https://h.example"),
        ("--extra https://h.example", "extra-index-url", "https://h.example"),
        ("-f https://h.example/x.html", "find-links", "https://h.example/x.html"),
        ("--no-index", "no-index", None),
        ("--no-binary=:all:", "no-binary", ":all:"),
        ("--only-binary a,b", "only-binary", "a,b"),
        ("--prefer-binary", "prefer-binary", None),
        ("--require-hashes", "require-hashes", None),
        ("--no-require-hashes", "no-require-hashes", None),
        ("--pre", "pre", None),
        ("--all-releases a", "all-releases", "a"),
        ("--only-final :all:", "only-final", ":all:"),
        ("--trusted-host h.example:80", "trusted-host", "h.example:80"),
        ("--use-feature=x", "use-feature", "x"),
    ],
)
def test_an_option_is_read_in_each_spelling(text: str, name: str, value: str | None) -> None:
    assert options_of(text) == [(name, value)]


@for_each("text", ["-r a.txt", "-ra.txt", "--requirement a.txt", "--requirement=a.txt", "--requirem a.txt"])
def test_an_include_is_read_in_each_spelling(text: str) -> None:
    line = line_of(text)
    assert (line.kind, line.target) == ("include", "a.txt")


@pytest.mark.parametrize("text", ["-c a.txt", "-ca.txt", "--constraint=a.txt"])
def test_a_constraints_file_is_read_in_each_spelling(text: str) -> None:
    line = line_of(text)
    assert (line.kind, line.target) == ("constraint", "a.txt")


def test_several_options_may_share_a_line() -> None:
    assert options_of("--pre --extra-index-url https://h.example") == [
        ("pre", None),
        ("extra-index-url", "https://h.example"),
    ]


@pytest.mark.parametrize("text", ["six -C a=b", '--config-settings="a=b" six', "six --config-settings=a=b"])
def test_build_settings_belong_to_a_requirement(text: str) -> None:
    _, problems = parsed(text)
    assert [problem.severity for problem in problems][:1] == (["error"] if text.startswith("-") else ["note"])


@for_each(
    ("text", "word"),
    [
        ("--nonsense", "--nonsense"),
        ("-x", "-x"),
        ("--re a.txt", "--re "),
        ("--index-url", "--index-url"),
        ("--pre=yes", "--pre"),
        ("six --hash=md5:ab", "md5"),
        ("six --config-settings a", "KEY=VALUE"),
        ("--find-links 'x", "quote"),
    ],
)
def test_what_pip_refuses_is_refused(text: str, word: str) -> None:
    problem = problem_of(text)
    assert problem.severity == "error"
    assert word.strip() in f"{problem.what} {problem.suggestion}"


@for_each(
    ("text", "fixed"),
    [
        ("torch --upgrade", "torch"),
        ("-U torch==1", "torch==1"),
        ("--use-wheel", ""),
        ("-r a.txt -r b.txt", "-r a.txt\n-r b.txt"),
        ("-r a.txt -c b.txt", "-r a.txt\n-c b.txt"),
        ("-e . -e ./a", "-e .\n-e ./a"),
        ("- six==1.0", "six==1.0"),
        ("--pre torch", "--pre\ntorch"),
    ],
)
def test_a_machine_repairs_what_it_can(text: str, fixed: str) -> None:
    _, problems = parsed(text, {"a/setup.py": ""})
    assert fixed in [problem.fixed for problem in problems]


@for_each(
    ("text", "severity"),
    [
        ("six --index-url https://h.example", "warning"),
        ("six --pre", "warning"),
        ("six --global-option=x", "warning"),
        ("six --no-binary six", "note"),
        ("--trusted-host h.example", "warning"),
        ("--find-links ./wheels", "warning"),
        ("--pre", "note"),
        ("--hash=sha256:ab", "warning"),
        ("-r a.txt --pre", "warning"),
        ("-f https://h.example/a -f https://h.example/b", "warning"),
        ("-i https://user:secret@h.example/simple", "warning"),
        ("-i https://${U}:${P}@h.example/simple", "warning"),
    ],
)
def test_what_becomes_of_an_option_is_told(text: str, severity: str) -> None:
    problem = problem_of(text)
    assert problem.severity == severity
    assert "secret" not in f"{problem}"


@pytest.mark.parametrize(
    "text",
    ["-i https://h.example/simple", "-f https://h.example/x.html", "--extra-index-url https://h.example"],
)
def test_an_index_without_credentials_needs_no_word(text: str) -> None:
    assert parsed(text)[1] == ()
