from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.hardware.installed import read_installed


if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, name: str, version: str) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")


def test_names_are_canonical_and_versions_as_written(tmp_path: Path) -> None:
    install(tmp_path, "Nvidia_CUBLAS.cu12", "12.6.4.1")
    assert read_installed([tmp_path]).versions == {"nvidia-cublas-cu12": "12.6.4.1"}


def test_torchs_version_file_is_read_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text("raise SystemExit('run')\ncuda = '12.6'\n", "utf-8")
    install(tmp_path, "torch", "2.14.1")
    assert "cuda = '12.6'" in (read_installed([tmp_path]).torch_version_py or "")


def test_the_remains_of_a_package_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "torch-2.14.1.dist-info").mkdir()
    (tmp_path / "empty-1.dist-info").mkdir()
    (tmp_path / "empty-1.dist-info" / "METADATA").write_bytes(b"")
    install(tmp_path, "jax", "0.7.0")
    assert read_installed([tmp_path]).versions == {"jax": "0.7.0"}


def test_a_folder_given_twice_counts_once_and_a_missing_one_not_at_all(tmp_path: Path) -> None:
    install(tmp_path, "torch", "2.14.1+cpu")
    facts = read_installed([tmp_path, tmp_path, tmp_path / "nowhere"], "windows")
    assert facts.versions == {"torch": "2.14.1+cpu"}
    assert (facts.os, facts.torch_version_py) == ("windows", None)
