"""Includes and constraints followed as pip follows them, and the options in force in the end."""

from __future__ import annotations

import pytest
from tests.support.every import for_each
from tests.support.neighbours import FILE, tree_of
from tests.support.pip_texts import requirement_texts


def names(files: dict[str, str | bytes], entry: str = FILE) -> list[str]:
    tree = tree_of(files, entry)
    assert tree.errors == ()
    return [requirement.name for requirement in tree.readings[entry].requirements]


def error_of(files: dict[str, str | bytes], *entries: str) -> str:
    (error,) = tree_of(files, *entries).errors
    return f"{error.place}: {error.what} {error.why} {error.suggestion}"


def test_includes_are_read_where_they_stand() -> None:
    assert names({FILE: "a\n-r b.txt\nc\n", "b.txt": "b\n"}) == ["a", "b", "c"]


def test_an_include_is_relative_to_the_including_file() -> None:
    files: dict[str, str | bytes] = {
        "reqs/dev.txt": "-r ../base.txt\n-r test/t.txt",
        "base.txt": "a",
        "reqs/test/t.txt": "b",
    }
    assert names(files, "reqs/dev.txt") == ["a", "b"]


def test_a_path_is_relative_to_the_project() -> None:
    files: dict[str, str | bytes] = {
        FILE: "-r reqs/a.txt",
        "reqs/a.txt": "-e ./libs/x",
        "libs/x/setup.py": "setup(name='x')",
    }
    tree = tree_of(files)
    assert tree.readings[FILE].requirements[0].path == "libs/x"
    assert tree.errors == ()


def test_a_file_on_two_ways_is_read_once() -> None:
    files: dict[str, str | bytes] = {
        FILE: "-r a.txt\n-r b.txt",
        "a.txt": "-r c.txt",
        "b.txt": "-r c.txt\nb",
        "c.txt": "c",
    }
    assert names(files) == ["c", "b"]
    assert tree_of(files).readings[FILE].files == (FILE, "a.txt", "c.txt", "b.txt")


def test_a_file_may_be_both_included_and_constrain() -> None:
    files: dict[str, str | bytes] = {FILE: "-c a.txt\n-r a.txt", "a.txt": "a==1"}
    assert requirement_texts(tree_of(files).readings[FILE]) == ("a==1", "C a==1")


@pytest.mark.parametrize("entry", [FILE, "b.txt"])
def test_a_cycle_is_a_chain(entry: str) -> None:
    files: dict[str, str | bytes] = {FILE: "-r b.txt", "b.txt": f"a\n-r {FILE}"}
    chain = f"{entry} -> {'b.txt' if entry == FILE else FILE} -> {entry}"
    assert chain in error_of(files, entry)


def test_a_file_that_includes_itself_is_refused() -> None:
    assert "a.txt:1: the files include each other: a.txt -> a.txt" in error_of({"a.txt": "-r a.txt"}, "a.txt")


@for_each(
    ("target", "words"),
    [
        ("nope.txt", ("requirements.txt:1", "nope.txt does not exist")),
        ("baze.txt", ("Did you mean base.txt?",)),
        ("../shared.txt", ("outside the project",)),
        ("https://h.example/r.txt", ("remote",)),
        ("file:///a/r.txt", ("remote",)),
        ("/a/r.txt", ("one machine",)),
        ("${ENV}.txt", ("not expanded",)),
    ],
)
def test_an_include_that_cannot_be_followed_is_refused(target: str, words: tuple[str, ...]) -> None:
    message = error_of({FILE: f"-r {target}", "base.txt": "a"})
    assert all(word in message for word in words)


def test_a_path_from_the_projects_folder_is_recognised() -> None:
    message = error_of({"reqs/a.txt": "-r reqs/b.txt", "reqs/b.txt": "b"}, "reqs/a.txt")
    assert "reqs/b.txt exists, seen from the project's folder" in message


def test_a_file_outside_of_the_project_is_followed_where_the_repository_has_it() -> None:
    assert names({FILE: "-r ../shared.txt", "../shared.txt": "a"}) == ["a"]


def test_a_given_file_that_does_not_exist_is_told() -> None:
    assert "nope.txt: the file does not exist" in error_of({FILE: "a"}, FILE, "nope.txt")


def test_constraints_are_kept_apart() -> None:
    reading = tree_of({FILE: "-c c.txt\na", "c.txt": "-c d.txt\nb<2", "d.txt": "c==1"}).readings[FILE]
    assert [one.name for one in reading.requirements] == ["a"]
    assert [one.name for one in reading.constraints] == ["c", "b"]
    assert reading.constraint_files == ("c.txt", "d.txt")


def test_an_include_in_a_constraints_file_gives_requirements_and_a_warning() -> None:
    tree = tree_of({FILE: "-c c.txt", "c.txt": "-r d.txt", "d.txt": "a"})
    assert [one.name for one in tree.readings[FILE].requirements] == ["a"]
    assert [(problem.severity, str(problem.place)) for problem in tree.problems] == [("warning", "c.txt:1")]


def test_an_editable_in_a_constraints_file_is_refused() -> None:
    assert "c.txt:1: an editable" in error_of({FILE: "-c c.txt", "c.txt": "-e git+https://h.example/a#egg=a"})


def options(text: str, name: str) -> tuple[list[str | None], list[str | None]]:
    reading = tree_of({FILE: text, "b.txt": "-i https://b.example"}).readings[FILE]
    return (
        [option.value for option in reading.options if option.name == name],
        [option.value for option in reading.dropped if option.name == name],
    )


def test_a_later_index_drops_the_extra_ones_before_it() -> None:
    text = "--extra-index-url https://a.example\n-i https://b.example\n--extra-index-url https://c.example\n"
    assert options(text, "extra-index-url") == (["https://c.example"], ["https://a.example"])
    (problem,) = tree_of({FILE: text}).problems
    assert (problem.severity, problem.place.line) == ("warning", 2)


def test_an_index_and_extra_ones_of_the_same_line_stay_together() -> None:
    text = "--extra-index-url https://a.example -i https://b.example"
    assert options(text, "extra-index-url") == (["https://a.example"], [])


def test_the_last_index_is_in_force_across_files() -> None:
    assert options("-i https://a.example\n-r b.txt\n", "index-url") == (
        ["https://b.example"],
        ["https://a.example"],
    )


def test_no_index_drops_every_index() -> None:
    text = "-i https://a.example\n--no-index\n--extra-index-url https://c.example\n"
    assert options(text, "index-url") == ([], ["https://a.example"])
    assert options(text, "extra-index-url") == ([], ["https://c.example"])


def test_behind_a_requirement_only_binary_choices_hold_for_all() -> None:
    text = "a --no-binary a --extra-index-url https://a.example --pre"
    assert options(text, "no-binary") == (["a"], [])
    assert options(text, "extra-index-url") == ([], [])
    assert options(text, "pre") == ([], [])


def test_problems_come_once_and_in_order() -> None:
    files: dict[str, str | bytes] = {FILE: "b=1\n-r a.txt\na=1", "a.txt": "c=1", "other.txt": "-r a.txt"}
    tree = tree_of(files, FILE, "other.txt")
    assert [str(problem.place) for problem in tree.problems] == [
        "requirements.txt:1",
        "requirements.txt:3",
        "a.txt:1",
    ]
    assert set(tree.files) == {FILE, "a.txt", "other.txt"}


@for_each(
    ("text", "printed"),
    [
        ("A_b[x,Y]>=2,<3 ; python_version>'3'", 'A_b[Y,x]<3,>=2 ; python_version > "3"'),
        ("six==1 --hash=sha256:a --hash=sha256:b", "six==1 #h2"),
        ("-e .[x]", "-e file://here extras=['x']"),
        ("./libs/a b", "file://here/libs/a%20b"),
        ("git+https://h.example/a.git@v1#egg=B", "B @git+https://h.example/a.git@v1#egg=B"),
        ("git+https://h.example/a.git@v1", "git+https://h.example/a.git@v1"),
        ("b[x] @ git+https://h.example/a.git", "b[x] @ git+https://h.example/a.git extras=['x']"),
        (
            "https://h.example/B_c-1.0-py3-none-any.whl",
            "b-c==1.0 @https://h.example/B_c-1.0-py3-none-any.whl",
        ),
        ("https://h.example/b-1.0.zip", "https://h.example/b-1.0.zip"),
    ],
)
def test_requirements_are_printed_as_pip_prints_them(text: str, printed: str) -> None:
    tree = tree_of({FILE: text, "libs/a b/setup.py": "setup(name='a')"})
    assert requirement_texts(tree.readings[FILE], "here") == (printed,)


def test_what_includes_cannot_do_is_told_in_full_where_it_stands() -> None:
    tree = tree_of(
        {
            "requirements.txt": (
                "\n-r missing.txt\n-r https://user:pw@h.example/x.txt\n-r /etc/x.txt\n-r ../outside.txt\n-r sub/a.txt\n"
                "-c c.txt\n-r ${X}/a.txt\n-i https://h.example/1\n--extra-index-url https://h.example/2\n"
                "-i https://h.example/3\n-c mising.txt\n"
            ),
            "sub/a.txt": "\n-r ../requirements.txt\n-r sub/b.txt\nnumpy\n-r b.txt\n-r zzz.txt\n",
            "sub/b.txt": "six",
            "c.txt": "\n-e ./libs/foo\ntorch[x]\n-r d.txt\n",
            "d.txt": "rich",
            "libs/foo/pyproject.toml": '[project]\nname = "foo"',
            "missing.in": "",
        }
    )
    reported = [
        (
            f"{problem.place.file}:{problem.place.line}",
            problem.severity,
            problem.what,
            problem.why,
            problem.suggestion,
        )
        for problem in tree.problems
    ]
    replaced = "An --index-url or --no-index replaces every index before it."
    first = "Put --index-url first if both are meant."
    machine = "is a path on one machine"
    assert reported == [
        ("requirements.txt:2", "error", "the requirements file missing.txt does not exist", "missing.txt is relative to the folder of this file.", "Did you mean missing.in?"),
        ("requirements.txt:3", "error", "https://****@h.example/x.txt is a remote file", "Its content can change, and migrate-reqs downloads nothing.", "Download it into the project and include the copy."),
        ("requirements.txt:4", "error", f"/etc/x.txt {machine}", "No other machine has it.", "Write a path relative to this file."),
        ("requirements.txt:5", "error", "../outside.txt is outside the project's folder (../outside.txt)", "It is not followed: there is no such file in the same repository.", "Copy it into the project, or run the command in the folder that holds both."),
        ("requirements.txt:8", "error", "the requirements file ${X}/a.txt does not exist", "Variables in it are not expanded.", "Correct the path."),
        ("requirements.txt:11", "warning", "pip drops --index-url https://h.example/1 (requirements.txt:9) here", replaced, first),
        ("requirements.txt:11", "warning", "pip drops --extra-index-url https://h.example/2 (requirements.txt:10) here", replaced, first),
        ("requirements.txt:12", "error", "the constraints file mising.txt does not exist", "mising.txt is relative to the folder of this file.", "Did you mean missing.in?"),
        ("sub/a.txt:2", "error", "the files include each other: requirements.txt -> sub/a.txt -> requirements.txt", "pip refuses them.", "Remove one of these includes."),
        ("sub/a.txt:3", "error", "the requirements file sub/sub/b.txt does not exist", "sub/b.txt is relative to the folder of this file.", "sub/b.txt exists, seen from the project's folder: write the path relative to this file."),
        ("sub/a.txt:6", "error", "the requirements file sub/zzz.txt does not exist", "zzz.txt is relative to the folder of this file.", "Did you mean sub/b.txt?"),
        ("c.txt:2", "error", "an editable requirement in a constraints file", "pip refuses it.", "Remove the line, or the -e."),
        ("c.txt:3", "warning", "extras in a constraints file: x", "pip refuses to install with them.", ""),
        ("c.txt:4", "warning", "-r d.txt in a constraints file gives requirements, not constraints", "pip installs them.", "If constraints are meant, write: -c d.txt"),
    ]  # fmt: skip
    reading = tree.readings["requirements.txt"]
    assert [requirement.name for requirement in reading.requirements] == ["numpy", "six", "rich"]
    assert [requirement.name for requirement in reading.constraints] == ["foo", "torch"]
    assert [option.value for option in reading.options] == ["https://h.example/3"]
    assert [option.value for option in reading.dropped] == ["https://h.example/1", "https://h.example/2"]
    assert (reading.files[-1], reading.constraint_files) == ("d.txt", ("c.txt",))


def test_of_several_indexes_on_one_line_the_last_counts_and_extra_ones_all_count() -> None:
    reading = tree_of(
        {
            "requirements.txt": "-i https://a.example -i https://b.example --extra-index-url https://c.example --extra-index-url https://d.example"
        }
    ).readings["requirements.txt"]
    assert [option.value for option in reading.dropped] == ["https://a.example"]
    assert [option.value for option in reading.options] == [f"https://{name}.example" for name in "bcd"]
