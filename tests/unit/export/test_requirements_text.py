from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.every import for_each
from tests.unit.export.locked import HASH, MAIN, edge, exported, index, package

from poetry_aiops.errors import ConfigError
from poetry_aiops.export.model import FilePlan, GroupSelection, Pin
from poetry_aiops.export.requirements_text import render_constraints, render_requirements, requirement_line
from poetry_aiops.export.writing import render_bundle
from poetry_aiops.project.model import PackageSource


PLAN = FilePlan("config/requirements/base.txt", "requirements", MAIN)
DEV = GroupSelection(("main", "dev"))
DEV_PLAN = FilePlan("config/requirements/dev.txt", "requirements", DEV, base=PLAN.path)
FOLDER = PackageSource("directory", "libs/mylib")
CPU = index("cpu", "https://cpu.example/simple")
MIRROR = index("mirror", "https://mirror.example/simple")


def body(*pins: Pin, plan: FilePlan = PLAN) -> str:
    """Return the text below the header."""
    return render_requirements(plan, exported(pins), None)[0].text.partition("\n\n")[2]


def head(*pins: Pin, plan: FilePlan = PLAN) -> str:
    return render_requirements(plan, exported(pins), None)[0].text.partition("\n\n")[0]


def test_a_package_stands_with_marker_hashes_and_who_asks_for_it() -> None:
    beta = Pin(package("beta", edges=(edge("alpha"),)), 'sys_platform == "win32"')
    assert body(beta, Pin(package("alpha"))) == (
        "alpha==1.0 \\\n"
        f"    --hash={HASH}\n"
        "    # via\n"
        "    #   beta\n"
        "    #   chatbot (pyproject.toml)\n"
        'beta==1.0 ; sys_platform == "win32" \\\n'
        f"    --hash={HASH}\n"
    )


def test_the_header_says_what_the_file_holds_and_how_to_write_it_anew() -> None:
    text = head(Pin(package("alpha")))
    assert "poetry sync-reqs" in text
    assert "# Holds main, for Python >=3.11,<4.0." in text
    assert "# poetry.lock sha256:" in text


@for_each(
    ("source", "develop", "marker", "line"),
    [
        (FOLDER, False, "", "./libs/mylib"),
        (FOLDER, True, "", "-e ./libs/mylib"),
        (FOLDER, True, 'os_name == "nt"', './libs/mylib ; os_name == "nt"'),
        (PackageSource("directory", "../beside"), True, "", "-e ../beside"),
        (PackageSource("directory", "my lib"), True, "", '-e "./my lib"'),
        (PackageSource("file", "dist/x.whl"), False, "", "./dist/x.whl"),
        (
            PackageSource("git", "https://user:token@git.example/a.git", "main", "abc123", "sub"),
            False,
            'os_name == "nt"',
            'mylib @ git+https://git.example/a.git@abc123#subdirectory=sub ; os_name == "nt"',
        ),
        (
            PackageSource("git", "git@git.example:org/a.git", "main", "abc123"),
            False,
            "",
            "mylib @ git+ssh://git@git.example/org/a.git@abc123",
        ),
        (
            PackageSource("url", "https://u:p@files.example/x.whl"),
            False,
            "",
            "mylib @ https://files.example/x.whl",
        ),
    ],
)
def test_what_comes_from_elsewhere_is_relative_and_without_passwords(
    source: PackageSource, develop: bool, marker: str, line: str
) -> None:
    pin = Pin(package("mylib", source=source, develop=develop), marker)
    assert requirement_line(pin, hashed=False) == line


def test_a_folder_takes_the_hashes_away_and_the_file_says_why() -> None:
    pins = (Pin(package("alpha")), Pin(package("mylib", source=FOLDER, files=())))
    assert "--hash" not in body(*pins)
    assert "mylib is a folder" in head(*pins)
    assert "run pip there" in head(*pins)


def test_hashes_that_are_asked_for_beside_a_folder_are_refused_in_words() -> None:
    plan = replace(PLAN, hashes=True, key_path="[tool.poetry-aiops.export.files] a.txt")
    with pytest.raises(ConfigError) as reported:
        body(Pin(package("mylib", source=FOLDER, files=())), plan=plan)
    assert "mylib is a folder" in str(reported.value)
    assert reported.value.where == "[tool.poetry-aiops.export.files] a.txt hashes"


def test_hashes_can_be_left_out_by_choice() -> None:
    pin = Pin(package("alpha"))
    assert "--hash" not in body(pin, plan=replace(PLAN, hashes=False))
    assert "Without hashes" not in head(pin, plan=replace(PLAN, hashes=False))


def test_a_hash_that_pip_does_not_know_counts_as_none() -> None:
    pin = Pin(package("alpha", hash_="md5:" + "a" * 32))
    assert "--hash" not in body(pin)
    assert "alpha has no hash" in head(pin)


# -- layers -------------------------------------------------------------------------------------------------


def layered(base: tuple[Pin, ...], more: tuple[Pin, ...]) -> tuple[str, str]:
    files = render_bundle([PLAN, DEV_PLAN], exported({MAIN: base, DEV: (*base, *more)}))
    first, second = (file.text for file in files)
    return first, second.partition("\n\n")[2]


def test_a_layer_includes_its_base_and_adds_only_what_is_new() -> None:
    _, text = layered((Pin(package("alpha")),), (Pin(package("pytest")),))
    assert text.startswith("-r base.txt\n\npytest==1.0 ")
    assert "alpha" not in text
    assert "# via chatbot (pyproject.toml:dev)" in text


def test_a_wider_marker_is_written_in_the_layer_that_needs_it() -> None:
    alpha = package("alpha")
    narrow, wide = (Pin(alpha, 'os_name == "nt"'),), (Pin(alpha),)
    files = render_bundle([PLAN, DEV_PLAN], exported({MAIN: narrow, DEV: wide}))
    assert 'alpha==1.0 ; os_name == "nt"' in files[0].text
    assert "alpha==1.0 \\" in files[1].text


def test_a_layer_that_cannot_have_hashes_stands_alone_so_that_its_base_keeps_them() -> None:
    first, text = layered((Pin(package("alpha")),), (Pin(package("mylib", source=FOLDER, files=())),))
    assert "--hash" in first
    assert "-r base.txt" not in text
    assert "./libs/mylib\n" in text
    assert "alpha==1.0\n" in text
    assert "--hash" not in text


# -- indexes ------------------------------------------------------------------------------------------------


def test_an_index_is_named_only_where_a_package_comes_from_it() -> None:
    first, text = layered((Pin(package("alpha")),), (Pin(package("torch", source=CPU)),))
    assert "index-url" not in first
    assert text.startswith("-r base.txt\n--extra-index-url https://cpu.example/simple\n")


def test_where_nothing_comes_from_the_default_index_pip_does_not_ask_it() -> None:
    text = body(Pin(package("alpha", source=MIRROR)), Pin(package("torch", source=CPU)))
    assert text.startswith(
        "--index-url https://mirror.example/simple\n--extra-index-url https://cpu.example/simple\n"
    )


def test_a_layer_never_drops_the_index_of_its_base() -> None:
    first, text = layered((Pin(package("alpha", source=MIRROR)),), (Pin(package("pytest")),))
    assert "--index-url https://mirror.example/simple" in first
    assert text.startswith("-r base.txt\n--extra-index-url https://default.example/simple\n")
    _, other = layered((Pin(package("alpha", source=MIRROR)),), (Pin(package("torch", source=CPU)),))
    assert other.startswith("-r base.txt\n--extra-index-url https://cpu.example/simple\n")


def test_a_password_in_an_index_address_is_left_out_and_said() -> None:
    pin = Pin(package("alpha", source=index("mirror", "https://user:secret@mirror.example/simple")))
    text = head(pin) + body(pin)
    assert "secret" not in text
    assert "--index-url https://mirror.example/simple" in text
    assert "requires a password" in text


def test_an_index_without_https_is_named_unless_it_is_this_machine() -> None:
    assert "--trusted-host inner.example" in head(
        Pin(package("a", source=index("i", "http://inner.example/s")))
    )
    assert "trusted" not in head(Pin(package("a", source=index("i", "http://127.0.0.1:80/s"))))


def test_several_indexes_without_hashes_are_warned_about() -> None:
    pins = (Pin(package("alpha")), Pin(package("torch", source=CPU)))
    assert "any index that offers it" in head(*pins, plan=replace(PLAN, hashes=False))
    assert "any index that offers it" not in head(*pins)


# -- constraints --------------------------------------------------------------------------------------------


def test_constraints_hold_versions_and_markers_of_index_packages_only() -> None:
    pins = (
        Pin(package("beta"), 'os_name == "nt"'),
        Pin(package("alpha")),
        Pin(package("mylib", source=FOLDER, develop=True)),
    )
    plan = FilePlan("constraints.txt", "constraints", MAIN)
    text = render_constraints(plan, exported(pins)).text
    assert text.endswith('\n\nalpha==1.0\nbeta==1.0 ; os_name == "nt"\n')
    assert "Not from an index, so without a constraint: mylib." in text
