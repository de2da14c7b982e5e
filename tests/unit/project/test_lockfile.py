from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.project.lockfile import lock_from, read_lock
from poetry_aiops.project.model import Lock, LockedDependency, LockedFile, PackageSource


FORMAT_2_1 = """
[[package]]
name = "Torch_X"
version = "2.3.0+cpu"
description = "Tensors"
optional = true
python-versions = ">=3.8"
groups = ["main", "ml_cpu"]
markers = {main = "sys_platform == \\"linux\\"", ml_cpu = "os_name == \\"nt\\""}
files = [
    {file = "torch-2.3.0.whl", hash = "sha256:aa"},
]
develop = false

[package.dependencies]
numpy = [
    {version = ">=1.26", markers = "python_version >= \\"3.12\\""},
    {version = "<1.26", markers = "python_version < \\"3.12\\"", optional = true},
]
Fs_spec = {version = "*", extras = ["HTTP"]}
helper = {path = "../helper", develop = true}
sympy = ">=1.12"

[package.extras]
Opt_Einsum = ["opt-einsum (>=3.3)"]

[package.source]
type = "legacy"
url = "https://index.example/whl/cpu"
reference = "pytorch-cpu"

[extras]
Deep = ["Torch_X"]

[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "abc"
"""

FORMAT_1_1 = """
[[package]]
name = "PyYAML"
version = "6.0"
description = "YAML"
category = "dev"
optional = false
python-versions = ">=3.6"

[[package]]
name = "local"
version = "0.1"
description = ""
category = "main"
optional = false
python-versions = "*"
develop = true

[package.source]
type = "directory"
url = "../local"

[metadata]
lock-version = "1.1"
python-versions = "^3.9"
content-hash = "abc"

[metadata.files]
pyyaml = [{file = "PyYAML-6.0.tar.gz", hash = "sha256:bb"}]
local = []
"""

FIRST_FORMAT = """
[[package]]
category = "main"
description = "Old"
name = "old"
optional = false
python-versions = "*"
version = "1.0"
marker = "python_version < \\"3.4\\""

[package.dependencies]
six = {version = "*", python = "<3.12"}

[metadata]
content-hash = "abc"
python-versions = "~2.7 || ^3.4"

[metadata.hashes]
old = ["0123"]
"""


def read(text: str) -> Lock:
    return lock_from(tomllib.loads(text), Path("poetry.lock"))


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value


def test_lock_format_2_1_is_read() -> None:
    lock = read(FORMAT_2_1)
    assert (lock.version, lock.python_versions, lock.content_hash) == ("2.1", "^3.11", "abc")
    assert dict(lock.extras) == {"deep": ("torch-x",)}
    (torch,) = lock.packages
    assert (torch.name, torch.pretty_name, torch.version, torch.optional) == (
        "torch-x",
        "Torch_X",
        "2.3.0+cpu",
        True,
    )
    assert torch.groups == ("main", "ml-cpu")
    assert torch.markers == {"main": 'sys_platform == "linux"', "ml-cpu": 'os_name == "nt"'}
    assert torch.files == (LockedFile("torch-2.3.0.whl", "sha256:aa"),)
    assert torch.edges == (
        LockedDependency("numpy", ">=1.26", (), 'python_version >= "3.12"', optional=False),
        LockedDependency("numpy", "<1.26", (), 'python_version < "3.12"', optional=True),
        LockedDependency("fs-spec", "*", ("http",), "", optional=False),
        LockedDependency("helper", "*", (), "", optional=False),
        LockedDependency("sympy", ">=1.12", (), "", optional=False),
    )
    assert dict(torch.extras) == {"opt-einsum": ("opt-einsum (>=3.3)",)}
    assert torch.source == PackageSource("legacy", "https://index.example/whl/cpu", "pytorch-cpu")


def test_lock_format_1_1_keeps_its_files_in_the_metadata() -> None:
    lock = read(FORMAT_1_1)
    yaml, local = lock.packages
    assert yaml.groups is None
    assert yaml.category == "dev"
    assert yaml.files == (LockedFile("PyYAML-6.0.tar.gz", "sha256:bb"),)
    assert local.files == ()
    assert local.develop is True
    assert local.source == PackageSource("directory", "../local")


def test_the_first_lock_format_has_neither_version_nor_file_names() -> None:
    lock = read(FIRST_FORMAT)
    assert lock.version is None
    (old,) = lock.packages
    assert old.markers == 'python_version < "3.4"'
    assert old.files == (LockedFile("0123", "0123"),)
    assert old.edges == (LockedDependency("six", "*", (), 'python_version < "3.12"', optional=False),)


def test_a_lock_without_packages_is_empty() -> None:
    lock = read('[metadata]\nlock-version = "2.0"\npython-versions = "*"\ncontent-hash = "x"')
    assert lock.packages == ()


def test_everything_missing_or_wrong_is_named_with_package_and_key() -> None:
    error = refused("""
        [[package]]
        name = "torch"
        version = 2
        optional = "no"
        groups = ["main"]
        files = [{file = "a.whl"}]
        [package.dependencies]
        numpy = {extras = ["x"]}
        [[package]]
        version = "1.0"
        optional = false
        python-versions = "*"
        [metadata]
        lock-version = "2.1"
    """)
    assert error.where == "poetry.lock"
    assert set(error.details) == {
        "poetry.lock package torch: version: must be text in quotes, but is a number",
        "poetry.lock package torch: optional: must be true or false, but is text",
        "poetry.lock package torch: python-versions: must be text in quotes, but is missing",
        "poetry.lock package torch: files[0].hash: must be text in quotes, but is missing",
        "poetry.lock package torch: dependencies.numpy.version: must be text in quotes, but is missing",
        "poetry.lock package number 2: name: must be text in quotes, but is missing",
        "poetry.lock package number 2: groups: must be a list, but is missing",
        "poetry.lock package number 2: files: is missing (Write the file again with `poetry lock`.)",
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "must be a table, but is missing"),
        ('[metadata]\nlock-version = "3.0"', "formats up to 2.x can be read"),
        ('[metadata]\nlock-version = "new"', "is not a lock format"),
        ("[metadata]\nlock-version = 2.1", "must be text in quotes, but is a number"),
    ],
)
def test_a_lock_of_an_unknown_format_is_refused(text: str, what: str) -> None:
    assert what in refused(text).what


def test_a_file_with_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_bytes(FORMAT_2_1.replace("\n", "\r\n").encode())
    assert read_lock(path).packages == read(FORMAT_2_1).packages


def test_a_merge_conflict_names_the_line_and_the_ways_out(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_text('[metadata]\n<<<<<<< HEAD\nlock-version = "2.1"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert caught.value.where == "poetry.lock:2"
    assert caught.value.hint is not None
    assert all(word in caught.value.hint for word in ("--ours", "--theirs", "`poetry lock`"))


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ('"2.3.0+cpu"', "poetry.lock package Torch_X: version"),
        ('">=3.8"', "poetry.lock package Torch_X: python-versions"),
        ('"^3.11"', "poetry.lock [metadata] python-versions"),
    ],
)
def test_a_version_of_more_digits_than_python_converts_is_refused_where_it_stands(old: str, key: str) -> None:
    error = refused(FORMAT_2_1.replace(old, f'"{"9" * 5000}"'))
    assert (error.where, error.what) == (key, "holds a number of hundreds of digits")


def test_a_lock_format_of_more_digits_than_python_converts_is_none() -> None:
    error = refused(FORMAT_2_1.replace('lock-version = "2.1"', f'lock-version = "{"9" * 5000}"'))
    assert error.where == "poetry.lock [metadata] lock-version"
