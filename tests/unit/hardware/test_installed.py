from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each

from poetry_aiops.hardware.installed import (
    InstalledBuild,
    InstalledFacts,
    cuda_beside,
    installed_builds,
)


def facts(*named: str, version_py: str | None = None, os: str = "linux") -> InstalledFacts:
    return InstalledFacts(dict(item.split("==") for item in named), version_py, os)


def only(*named: str, version_py: str | None = None, os: str = "linux") -> InstalledBuild:
    (build,) = installed_builds(facts(*named, version_py=version_py, os=os))
    return build


def version_py(version: str, **values: str) -> str:
    reported = [
        f"{name}: Optional[str] = {values[name]!r}" for name in ("cuda", "hip", "xpu") if name in values
    ]
    none = [f"{name}: Optional[str] = None" for name in ("cuda", "hip", "xpu") if name not in values]
    return "\n".join(
        ["from typing import Optional", f"__version__ = {version!r}", "debug = False", *reported, *none]
    )


@for_each(
    ("version", "family", "release"),
    [
        ("2.14.1+cu126", "cuda", "12.6"),
        ("2.1.0+cu121.with.pypi.cudnn", "cuda", "12.1"),
        ("2.15.0+cu130", "cuda", "13.0"),
        ("2.12.0+rocm7.2", "rocm", "7.2"),
        ("2.7.0+rocm6.2.4", "rocm", "6.2.4"),
        ("2.14.1+cpu", "cpu", None),
        ("2.3.0+cpu.cxx11.abi", "cpu", None),
        ("2.14.1+xpu", "xpu", None),
        ("2.14.1+gitabc123", None, None),
        ("2.14.1+cu12", None, None),
    ],
)
def test_a_tag_in_the_version_tells_the_build(version: str, family: str | None, release: str | None) -> None:
    build = only(f"torch=={version}")
    assert (build.family, build.release) == (family, release)


def test_torchs_own_file_counts_more_than_the_tag() -> None:
    build = only("torch==2.14.1+cpu", version_py=version_py("2.14.1+cu126", cuda="12.6"))
    assert (build.family, build.release) == ("cuda", "12.6")
    assert "torch/version.py" in build.evidence


def test_a_file_without_any_accelerator_is_the_cpu_build() -> None:
    assert only("torch==2.14.1", version_py=version_py("2.14.1")).family == "cpu"


def test_the_same_file_on_macos_is_the_macos_build() -> None:
    assert only("torch==2.14.1", version_py=version_py("2.14.1"), os="macos").family == "mps"


def test_hip_gives_two_parts_and_the_tag_the_third() -> None:
    hip = "6.2.41134-65d174c3e"
    assert only("torch==2.7.0", version_py=version_py("2.7.0", hip=hip)).release == "6.2"
    assert only("torch==2.7.0+rocm6.2.4", version_py=version_py("2.7.0", hip=hip)).release == "6.2.4"


def test_an_xpu_file_is_the_xpu_build() -> None:
    assert only("torch==2.14.1", version_py=version_py("2.14.1", xpu="20250101")).family == "xpu"


def test_an_old_file_without_annotations_is_read() -> None:
    text = "__version__ = '1.13.1'\ncuda = '11.7'\nhip = None\n"
    assert only("torch==1.13.1", version_py=text).release == "11.7"


@pytest.mark.parametrize(
    ("neighbours", "release"),
    [
        (["nvidia-cublas-cu12==12.6.4.1"], "12"),
        (["nvidia-cublas-cu12==12.6.4.1", "nvidia-cuda-runtime-cu12==12.6.77"], "12.6"),
        (["nvidia-cudnn-cu13==9.15", "nvidia-cuda-runtime==13.0.96"], "13.0"),
        (["nvidia-nccl-cu13==2.27"], "13"),
    ],
)
def test_a_build_without_a_tag_shows_by_the_cuda_libraries_beside_it(
    neighbours: list[str], release: str
) -> None:
    build = only("torch==2.11.0", *neighbours)
    assert (build.family, build.release, build.own_libraries) == ("cuda", release, True)


def test_other_packages_of_nvidia_are_no_cuda_libraries() -> None:
    assert cuda_beside(facts("nvidia-ml-py==13.580.65", "nvidia-modelopt==0.33")) is None


@pytest.mark.parametrize(("os", "family"), [("linux", None), ("macos", "mps"), ("windows", "cpu")])
def test_a_build_without_any_sign_depends_on_the_system(os: str, family: str | None) -> None:
    assert only("torch==2.11.0", os=os).family == family


@for_each(
    ("named", "framework", "family", "release"),
    [
        (["tensorflow-cpu==2.20.0"], "tensorflow", "cpu", None),
        (["tensorflow==2.20.0"], "tensorflow", None, None),
        (["tensorflow==2.20.0", "nvidia-cudnn-cu12==9.3"], "tensorflow", "cuda", "12"),
        (["jax==0.7.0", "jaxlib==0.7.0"], "jax", "cpu", None),
        (["jax==0.7.0", "jax-cuda12-plugin==0.7.0"], "jax", "cuda", "12"),
        (["jax==0.7.0", "jax-cuda13-pjrt==0.7.0"], "jax", "cuda", "13"),
        (["jax==0.7.0", "jax-rocm7-plugin==0.7.0"], "jax", "rocm", "7"),
        (["jax==0.7.0", "jax-rocm60-plugin==0.7.0"], "jax", "rocm", "6"),
        (["jax==0.7.0", "jax-metal==0.1.1"], "jax", "mps", None),
        (["onnxruntime==1.23.0"], "onnxruntime", "cpu", None),
        (["onnxruntime-gpu==1.23.0"], "onnxruntime", "cuda", None),
        (["onnxruntime-gpu==1.23.0", "nvidia-cudnn-cu13==9.15"], "onnxruntime", "cuda", "13"),
        (["cupy-cuda12x==13.6.0"], "cupy", "cuda", "12"),
        (["cupy-cuda13x==13.6.0"], "cupy", "cuda", "13"),
        (["cupy-rocm-5-0==13.6.0"], "cupy", "rocm", "5.0"),
        (["cupy==13.6.0"], "cupy", None, None),
    ],
)
def test_other_frameworks_show_by_their_packages(
    named: list[str], framework: str, family: str | None, release: str | None
) -> None:
    build = only(*named)
    assert (build.framework, build.family, build.release) == (framework, family, release)


def test_two_packages_that_write_the_same_files_are_named() -> None:
    assert only("onnxruntime==1.23.0", "onnxruntime-gpu==1.23.0").clash == ("onnxruntime-gpu", "onnxruntime")
    assert only("tensorflow==2.20.0", "tensorflow-cpu==2.20.0").clash == ("tensorflow", "tensorflow-cpu")


def test_tensorflow_and_its_own_part_for_windows_do_not_clash() -> None:
    assert only("tensorflow==2.18.0", "tensorflow-intel==2.18.0", os="windows").clash == ()


def test_torch_leads_and_plugins_alone_are_no_framework() -> None:
    builds = installed_builds(facts("jax==0.7.0", "torch==2.14.1+cpu"))
    assert [build.framework for build in builds] == ["torch", "jax"]
    assert installed_builds(facts("jax-cuda12-plugin==0.7.0", "torchvision==0.29")) == ()


@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from(["linux", "macos", "windows"]))
def test_no_version_and_no_file_makes_it_raise(version: str, text: str, os: str) -> None:
    noise = "cuda: Optional[str] = '" + text
    (build,) = installed_builds(InstalledFacts({"torch": version}, noise, os))
    assert build.label
