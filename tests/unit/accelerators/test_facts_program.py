"""``make facts``: the dated facts against what an index serves."""

from __future__ import annotations

from packaging.version import Version
from scripts.check_facts import by_release, differences


FACTS = {
    "torch": [
        {"line": "2.8", "python": ["3.10", "3.12"], "glibc": "2.17"},
        {"line": "2.9", "python": ["3.10", "3.13"], "glibc": "2.28"},
    ]
}
FRAMEWORKS = {
    "frameworks": [{"name": "jax", "constraint": ">=0.7,<1"}],
    "builds": [{"package": "onnxruntime-gpu"}, {"package": ""}],
}
OLD = [f"torch-2.8.1-cp3{minor}-cp3{minor}-manylinux1_x86_64.whl" for minor in (10, 12)]
NEW = [f"torch-2.9.0-cp3{minor}-cp3{minor}-manylinux_2_28_x86_64.whl" for minor in (10, 13)]


def found(torch: list[str], **others: list[str]) -> list[str]:
    pages = {"torch": torch, "jax": ["jax-0.9.0-py3-none-any.whl"], "onnxruntime-gpu": [], **others}
    served = {name: by_release(iter(files)) for name, files in pages.items()}
    return list(differences(FACTS, FRAMEWORKS, served.get))


def test_facts_that_the_index_bears_out_have_no_differences() -> None:
    assert (
        found([*OLD, *NEW, "torch-2.9.0.tar.gz", "odd.whl", "torch-2.10.0rc1-cp310-cp310-win_amd64.whl"])
        == []
    )


def test_every_kind_of_difference_is_named() -> None:
    newer = "torch-2.10.0-cp314-cp314-manylinux_2_28_x86_64.whl"
    (line,) = found([*OLD, *NEW, newer])
    assert "2.10" in line
    (python,) = found([*OLD, *NEW, "torch-2.9.1-cp314-cp314-manylinux_2_28_x86_64.whl"])
    assert "3.14" in python
    (glibc,) = found([*OLD, *(name.replace("2_28", "2_34") for name in NEW)])
    assert "2.34" in glibc
    (jax,) = found([*OLD, *NEW], jax=["jax-1.0.0-py3-none-any.whl"])
    assert "jax" in jax
    assert "onnxruntime-gpu" in next(
        differences(FACTS, {**FRAMEWORKS, "frameworks": []}, {"torch": by_release(iter([*OLD, *NEW]))}.get)
    )


def test_a_release_is_known_by_its_wheels() -> None:
    assert by_release(iter(OLD)) == {
        Version("2.8.1"): [("cp310", "manylinux1_x86_64"), ("cp312", "manylinux1_x86_64")]
    }
