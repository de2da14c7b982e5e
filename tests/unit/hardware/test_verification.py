from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.support.examples import examples

from poetry_aiops.hardware.verification import MARK, FrameworkVerdict, in_words, judge, read_report


CU126 = ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"]
NO_KERNEL = "RuntimeError: CUDA error: no kernel image is available for execution on the device\nmore"


def printed(**changes: Any) -> str:
    report: dict[str, Any] = {
        "framework": "torch",
        "version": "2.14.1+cu126",
        "error": None,
        "cuda": "12.6",
        "rocm": None,
        "xpu": None,
        "arches": CU126,
        "devices": [{"name": "NVIDIA A100", "capability": "8.0", "gfx": None}],
        "computed": [{"device": "cuda:0", "error": None}],
    }
    return f"some warning\n{MARK}{json.dumps({**report, **changes})}\n"


def failing(error: str) -> list[dict[str, str]]:
    return [{"device": "cuda:0", "error": error}]


def gpu(capability: str | None = None, gfx: str | None = None) -> list[dict[str, str | None]]:
    return [{"name": "GPU", "capability": capability, "gfx": gfx}]


def refused(verdict: FrameworkVerdict, *said: str) -> None:
    reported = " ".join(verdict.reasons)
    assert not verdict.ok
    assert verdict.fix
    assert not [part for part in said if part not in reported], reported


def test_a_build_that_computes_on_its_device_works() -> None:
    verdict = judge("cu126", printed())
    assert verdict == FrameworkVerdict(
        ok=True, reasons=("torch 2.14.1+cu126 computed correctly on cuda:0 (NVIDIA A100)",)
    )


def test_no_kernel_image_is_told_with_the_command_that_installs_what_runs() -> None:
    output = printed(devices=gpu("12.0"), computed=failing(NO_KERNEL))
    verdict = judge("cu126", output, best="cu130")
    refused(verdict, "no kernel image", "sm_90, and GPU is 12.0")
    assert "`poetry hw-install --hardware cu130`" in (verdict.fix or "")
    assert "`poetry hw-add torch --variants cu130`" in (verdict.fix or "")


def test_a_gpu_that_the_build_holds_no_code_for_is_told_even_without_a_computation() -> None:
    refused(judge("cu126", printed(devices=gpu("12.0"), computed=[])), "sm_90, and GPU is 12.0")


@pytest.mark.parametrize(
    ("arches", "capability", "ok"),
    [
        (CU126, "8.9", True),
        (CU126, "10.0", False),
        (["sm_100", "sm_120"], "10.3", True),
        (["sm_80", "compute_90"], "12.0", True),
        (["sm_90a"], "9.0", True),
        (["sm_100a"], "10.3", False),
        (["strange"], "8.0", True),
        ([], "3.5", True),
    ],
)
def test_architectures_cover_the_same_major_version_and_ptx_everything_newer(
    arches: list[str], capability: str, *, ok: bool
) -> None:
    later = [{"device": "cuda:0", "error": "RuntimeError: something else"}]
    verdict = judge("cu126", printed(arches=arches, devices=gpu(capability), computed=later))
    assert any("holds code for" in reason for reason in verdict.reasons) != ok


def test_a_device_that_computed_correctly_is_covered_whatever_the_list_says() -> None:
    assert judge("cu126", printed(devices=gpu("12.0"))).ok


def test_an_amd_gpu_is_compared_by_its_gfx_name() -> None:
    changes: dict[str, Any] = {"cuda": None, "rocm": "7.2.26015", "arches": ["gfx90a", "gfx942:sramecc+"]}
    right = printed(**changes, devices=gpu("9.4", "gfx942"))
    wrong = printed(
        **changes, devices=gpu("11.0", "gfx1100"), computed=failing("HIP error: invalid device function")
    )
    assert judge("rocm7.2", right).ok
    refused(judge("rocm7.2", wrong), "and GPU is gfx1100", "invalid device function")


@for_each(
    ("backend", "changes", "said"),
    [
        ("cu126", {"cuda": None}, "a build for the CPU, and cu126 was chosen"),
        ("cu126", {"cuda": "13.0"}, "for cuda 13.0, and cu126 was chosen"),
        ("cu126", {"cuda": None, "rocm": "7.2"}, "a build for rocm, and cu126 was chosen"),
        ("rocm6.4", {"cuda": None, "rocm": "7.2.1"}, "for rocm 7.2.1, and rocm6.4 was chosen"),
        ("xpu", {"cuda": None}, "a build for the CPU, and xpu was chosen"),
        ("jetson", {"cuda": None}, "a build for the CPU, and jetson was chosen"),
    ],
)
def test_another_build_than_the_chosen_one_is_told(backend: str, changes: dict[str, Any], said: str) -> None:
    refused(judge(backend, printed(**changes)), said)


@pytest.mark.parametrize("backend", ["cpu", "mps"])
def test_any_build_may_compute_on_the_cpu_or_on_a_mac(backend: str) -> None:
    assert judge(backend, printed(devices=[], arches=[])).ok


def test_jetsons_own_cuda_version_is_free() -> None:
    assert judge("jetson", printed(cuda="12.2")).ok


def test_other_frameworks_are_held_to_the_family_alone() -> None:
    assert judge("cu130", printed(framework="jax", version="0.7.0", cuda="12090", arches=[])).ok


def test_one_failing_gpu_among_several_fails() -> None:
    two = [{"name": "A", "capability": "8.0"}, {"name": "B", "capability": "5.2"}]
    computed = [{"device": "cuda:0", "error": None}, {"device": "cuda:1", "error": "RuntimeError: boom"}]
    verdict = judge("cu126", printed(devices=two, computed=computed))
    refused(verdict, "failed on cuda:1 (B): RuntimeError: boom")
    assert len(verdict.reasons) == 1


def test_an_import_that_fails_is_told() -> None:
    error = "ImportError: libcudart.so.12: cannot open shared object file"
    refused(
        judge("cu126", printed(version=None, error=error)), "torch: it cannot be used: ImportError: libcudart"
    )


def test_no_framework_at_all_is_no_success() -> None:
    refused(judge("cu126", printed(framework=None)), "none of torch")


def test_a_framework_that_sees_no_device_is_no_success() -> None:
    refused(judge("cu126", printed(devices=[], computed=[])), "nothing was computed")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("timeout", "took too long"),
        ("missing", "could not be started"),
        ("exit -11", "ended the process (exit -11)"),
        ("ok", "without an answer"),
    ],
)
def test_a_run_without_a_report_is_told_with_its_end(outcome: str, said: str) -> None:
    refused(
        judge("cu126", "first\nFatal Python error\x1b[31m: Segmentation fault\n", outcome),
        said,
        "Fatal Python error:",
    )


@for_each(
    ("error", "said"),
    [
        ("RuntimeError: The NVIDIA driver on your system is too old (found version 11040).", "too old"),
        ("CUDARuntimeError: cudaErrorInsufficientDriver: CUDA driver version is insufficient", "too old"),
        ("RuntimeError: Found no NVIDIA driver on your system.", "no NVIDIA driver"),
        ("torch.OutOfMemoryError: CUDA out of memory.", "the device is out of memory"),
        ("AssertionError: Torch not compiled with CUDA enabled", "the build has no CUDA"),
        ("hipErrorNoBinaryForGpu: Unable to find code object", "no binary"),
        ("ValueError: strange\nsecond line", "ValueError: strange"),
    ],
)
def test_known_errors_are_told_in_words(error: str, said: str) -> None:
    assert said in in_words(error)


def test_the_cpu_build_that_does_not_work_is_not_sent_to_itself() -> None:
    verdict = judge("cpu", printed(computed=failing("boom")), best="cpu")
    assert "hw-info --explain" in (verdict.fix or "")


@for_each("line", ["", "{", "[]", "3", "[" * 100_000, '{"framework": 3}', '{"computed": [1, {}]}'])
def test_garbage_behind_the_mark_fails(line: str) -> None:
    assert not judge("cu126", MARK + line).ok


@given(st.text(max_size=500))
def test_no_output_makes_it_raise_or_succeed(output: str) -> None:
    assert not judge("cu126", output).ok


@given(
    st.dictionaries(
        st.sampled_from(["framework", "version", "error", "cuda", "arches", "devices", "computed"]),
        st.recursive(st.none() | st.booleans() | st.text(max_size=9) | st.integers(), st.lists)
        | st.lists(st.dictionaries(st.sampled_from(["name", "capability", "error"]), st.text(max_size=5))),
    )
)
@examples(40)
def test_no_report_makes_it_raise(report: dict[str, Any]) -> None:
    output = MARK + json.dumps(report)
    assert read_report(output) is not None
    assert judge("cu126", output).reasons
