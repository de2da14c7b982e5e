from __future__ import annotations

import re
from datetime import date

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.frameworks import Framework, load_frameworks, names_of
from poetry_aiops.hardware.recipes import Recipe, RecipeRequest, Recipes
from poetry_aiops.project.constraints import read_constraint
from poetry_aiops.project.edit_text import NewRequirement


FACTS = load_frameworks()
RECIPES = Recipes(FACTS, load_catalogue())
TORCH_FAMILY = frozenset({"torch", "torchvision", "torchaudio"})


def recipe(name: str, backend: str, wish: RecipeRequest | None = None) -> Recipe:
    framework = FACTS.framework(name)
    assert framework is not None
    return RECIPES.recipe(framework, backend, wish or RecipeRequest(backends=(backend,)))


def constraint(name: str, backend: str, wish: RecipeRequest | None = None) -> str:
    return recipe(name, backend, wish).lines[0].constraint


# -- torch ------------------------------------------------------------------------------------------------


@for_each(
    ("backend", "expected"),
    [
        ("cu118", ">=2.6,<2.8"),
        ("cu124", ">=2.6,<2.7"),
        ("cu121", ">=2.1,<2.6"),
        ("cu126", ">=2.6,<2.15"),
        ("cu128", ">=2.7,<2.12"),
        ("cu130", ">=2.9,<3"),
        ("cu132", ">=2.12,<3"),
        ("rocm6.4", ">=2.8,<2.10"),
        ("rocm7.1", ">=2.10,<2.14"),
        ("rocm7.2", ">=2.11,<3"),
        ("rocm-amd", ">=2.10,<3"),
        ("xpu", ">=2.10,<3"),
        ("cpu", ">=2.6,<3"),
    ],
)
def test_torch_is_limited_to_the_lines_that_the_backend_has(backend: str, expected: str) -> None:
    assert constraint("torch", backend) == expected


def test_torch_begins_with_a_line_that_every_backend_of_the_request_has() -> None:
    wish = RecipeRequest(backends=("cpu", "cu126", "rocm7.2"))
    assert {constraint("torch", backend, wish) for backend in wish.backends} == {">=2.11,<2.15"}
    assert {recipe("torch", backend, wish).notes for backend in wish.backends} == {
        ("torch is below 2.15 in every variant, because cu126 has no newer one",)
    }
    endless = RecipeRequest(backends=("cpu", "cu132"))
    assert {constraint("torch", backend, endless) for backend in endless.backends} == {">=2.12,<3"}
    assert recipe("torch", "cpu", endless).notes == ()


def test_a_backend_that_ended_before_the_others_began_has_its_own_lines() -> None:
    assert constraint("torch", "cu118", RecipeRequest(backends=("cu118", "cu130"))) == ">=2.6,<2.8"
    assert "cu118 has torch 2.1 to 2.7; cu130 has torch 2.9 and later" in " ".join(
        recipe("torch", "cu130", RecipeRequest(backends=("cu118", "cu130"))).notes
    )


def test_the_users_constraint_is_kept_as_it_was_written() -> None:
    assert constraint("torch", "cu126", RecipeRequest(constraint="^2.9")) == "^2.9"


@pytest.mark.parametrize(
    ("asked", "backend", "said"),
    [
        ("^2.15", "cu126", "2.6 to 2.14"),
        ("==2.8.0", "cu130", "2.9 and later"),
        ("<2.6", "cu126", "2.6 to 2.14"),
    ],
)
def test_a_torch_that_a_backend_never_had_is_refused_with_what_it_has(
    asked: str, backend: str, said: str
) -> None:
    refusal = recipe("torch", backend, RecipeRequest(constraint=asked)).refusal
    assert refusal is not None
    assert said in refusal


@for_each(
    "asked",
    ["^2.9", "==2.12.1", ">=2.16", "*", ">=2.9,<2.12 || ^2.14", "==2.9.17", "==2.10.0rc1", "==2.9.0+cu130"],
)
def test_a_torch_that_a_backend_has_or_may_get_is_accepted(asked: str) -> None:
    assert recipe("torch", "cu130", RecipeRequest(constraint=asked)).refusal is None


def test_the_cpu_build_comes_from_the_default_index_on_macos_only() -> None:
    other, darwin = recipe("torch", "cpu").lines
    assert (other.source, other.marker) == ("cpu", "platform_system != 'Darwin'")
    assert (darwin.source, darwin.marker) == (None, "platform_system == 'Darwin'")


def test_mps_asks_for_torch_on_macos_only() -> None:
    (line,) = recipe("torch", "mps").lines
    assert (line.source, line.marker) == (None, "platform_system == 'Darwin'")


@for_each(
    ("backend", "torch", "packages"),
    [
        ("rocm6.4", None, ["pytorch-triton-rocm"]),
        ("rocm7.0", None, ["triton-rocm"]),
        ("rocm7.2", "^2.11", ["triton-rocm"]),
        ("xpu", None, ["triton-xpu"]),
        ("cu126", None, []),
        ("cpu", None, []),
    ],
)
def test_the_triton_that_torch_names_comes_from_the_same_index(
    backend: str, torch: str | None, packages: list[str]
) -> None:
    found = RECIPES.companions(backend, torch)
    assert [line.name for line in found] == packages
    assert all(line.source == backend for line in found)


# -- what works with torch -----------------------------------------------------------------------------------


def test_torchvision_is_the_minor_version_that_goes_with_torch() -> None:
    assert constraint("torchvision", "cu130") == ">=0.24,<1"
    assert constraint("torchvision", "cu126", RecipeRequest(torch="^2.11")) == ">=0.26,<1"


def test_torchaudio_ends_with_2_11_and_torch_beside_it_begins_there() -> None:
    wish = RecipeRequest(backends=("cpu", "cu126"), together=TORCH_FAMILY)
    assert constraint("torchaudio", "cu126", wish) == ">=2.11,<3"
    assert constraint("torch", "cu126", wish) == ">=2.11,<2.15"


def test_torchaudio_with_an_older_torch_is_the_same_version() -> None:
    assert constraint("torchaudio", "cu126", RecipeRequest(torch="~2.9")) == "~2.9"
    assert constraint("torchaudio", "rocm6.4", RecipeRequest(together=TORCH_FAMILY)) == ">=2.8,<2.10"


def test_torchaudio_has_no_build_for_indexes_that_came_later() -> None:
    refusal = recipe("torchaudio", "cu132").refusal
    assert refusal == "the last release of torchaudio is 2.11, which has no build for cu132"


def test_a_torch_that_may_be_older_than_torchaudio_is_told() -> None:
    assert "torch 2.11 and newer" in recipe("torchaudio", "cu126", RecipeRequest(torch="^2.9")).notes[0]


# -- other frameworks -----------------------------------------------------------------------------------------


@for_each(
    ("name", "backend", "package", "extras", "expected"),
    [
        ("tensorflow", "cu126", "tensorflow", ("and-cuda",), ">=2.16,<3"),
        ("jax", "cpu", "jax", (), ">=0.7.2,<1"),
        ("jax", "cu126", "jax", ("cuda12",), ">=0.7.2,<1"),
        ("jax", "cu130", "jax", ("cuda13",), ">=0.7.2,<1"),
        ("jax", "rocm7.2", "jax", ("rocm7-local",), ">=0.7.2,<1"),
        ("onnxruntime", "cpu", "onnxruntime", (), ">=1.21,<2"),
        ("onnxruntime", "cu126", "onnxruntime-gpu", ("cuda", "cudnn"), ">=1.21,<1.27"),
        ("onnxruntime", "cu130", "onnxruntime-gpu", ("cuda", "cudnn"), ">=1.27,<2"),
        ("onnxruntime", "xpu", "onnxruntime-openvino", (), ">=1.21,<2"),
        ("cupy", "cu126", "cupy-cuda12x", (), ">=13,<15"),
        ("cupy", "cu130", "cupy-cuda13x", (), ">=13,<15"),
        ("cupy", "rocm7.2", "cupy-rocm-7-0", (), ">=13,<15"),
        ("cupy", "cu118", "cupy-cuda11x", (), ">=13,<14"),
    ],
)
def test_each_framework_has_its_own_way_to_name_a_build(
    name: str, backend: str, package: str, extras: tuple[str, ...], expected: str
) -> None:
    assert recipe(name, backend).lines == (NewRequirement(package, expected, extras),)


def test_tensorflow_for_the_cpu_is_another_package_where_that_one_has_wheels() -> None:
    small, plain = recipe("tensorflow", "cpu").lines
    assert (small.name, plain.name) == ("tensorflow-cpu", "tensorflow")
    assert "aarch64" in small.marker
    assert "aarch64" in plain.marker


def test_a_limit_of_the_build_is_added_to_what_the_user_wants() -> None:
    assert constraint("onnxruntime", "cu126", RecipeRequest(constraint="^1.23")) == "^1.23,<1.27"


def test_extras_of_the_user_stay_beside_those_of_the_hardware() -> None:
    (line,) = recipe("jax", "cu126", RecipeRequest(extras=("k8s",))).lines
    assert line.extras == ("cuda12", "k8s")


def test_a_framework_of_another_cuda_is_told() -> None:
    assert "CUDA 12" in recipe("tensorflow", "cu130").notes[0]
    assert recipe("tensorflow", "cu126").notes == ()


@pytest.mark.parametrize("backend", ["cpu", "mps", "xpu"])
def test_cupy_leaves_machines_without_a_build_out_and_says_so(backend: str) -> None:
    found = recipe("cupy", backend)
    assert found.lines == ()
    assert backend in found.notes[0]


@pytest.mark.parametrize(("name", "backend"), [("jax", "rocm6.4"), ("jax", "cu118"), ("cupy", "rocm6.4")])
def test_a_backend_that_a_framework_does_not_build_for_is_refused(name: str, backend: str) -> None:
    assert recipe(name, backend).refusal is not None


# -- the facts themselves ---------------------------------------------------------------------------------------


@for_each("framework", FACTS.frameworks)
@for_each("backend", RECIPES.known_backends())
def test_every_framework_has_an_answer_for_every_known_backend(framework: Framework, backend: str) -> None:
    found = recipe(framework.name, backend)
    assert found.lines or found.notes or found.refusal
    assert "nothing is known" not in (found.refusal or "")
    for line in found.lines:
        assert not read_constraint(line.constraint).is_empty()


def test_the_facts_carry_their_date_and_known_sources() -> None:
    assert FACTS.as_of >= date(2026, 11, 1)
    assert FACTS.framework("onnxruntime-gpu") == FACTS.framework("onnxruntime")
    assert FACTS.framework("cupy-cuda12x") == FACTS.framework("cupy")
    assert FACTS.framework("requests") is None


@pytest.mark.parametrize(
    ("backend", "names"),
    [
        ("cu126", ("cu126", "cuda12", "cuda")),
        ("rocm7.14", ("rocm7.14", "rocm7", "rocm")),
        ("cpu", ("cpu",)),
    ],
)
def test_a_backend_has_a_name_for_each_exactness(backend: str, names: tuple[str, ...]) -> None:
    assert names_of(backend) == names


def test_only_a_backend_after_all_known_ones_may_be_too_new_for_the_facts() -> None:
    newest = max(int(name[2:]) for name in RECIPES.known_backends() if re.fullmatch(r"cu\d+", name))
    assert RECIPES.is_newer_than_known(f"cu{newest + 2}")
    assert not RECIPES.is_newer_than_known("cu127")
    assert RECIPES.is_newer_than_known("rocm8.0")


def test_amds_own_index_brings_the_code_for_its_gpus_by_an_extra_and_no_companions() -> None:
    lines = {name: recipe(name, "rocm-amd").lines[0] for name in sorted(TORCH_FAMILY)}
    assert {name: line.extras for name, line in lines.items()} == {
        "torch": ("device-all",),
        "torchaudio": (),
        "torchvision": ("device-all",),
    }
    assert {line.source for line in lines.values()} == {"rocm-amd"}
    assert RECIPES.companions("rocm-amd", None) == ()


@for_each(
    ("name", "backend", "package", "index"),
    [
        ("torchao", "cu130", "torchao", "cu130"),
        ("torchao", "mps", "torchao", None),
        ("torchcodec", "cu126", "torchcodec", "cu126"),
        ("torchcodec", "rocm7.2", "torchcodec", None),
        ("torchdata", "xpu", "torchdata", None),
        ("xformers", "cu128", "xformers", "cu128"),
        ("xformers", "cpu", None, None),
        ("bitsandbytes", "rocm7.2", "bitsandbytes", None),
        ("bitsandbytes", "jetson", None, None),
        ("vllm", "cu130", "vllm", None),
        ("vllm", "cpu", None, None),
        ("tensorrt", "cu130", "tensorrt-cu13", None),
        ("tensorrt", "rocm7.2", None, None),
        ("mlx", "mps", "mlx", None),
        ("mlx", "cu126", None, None),
        ("llama-cpp-python", "mps", "llama-cpp-python", "llama-cpp-metal"),
        ("llama-cpp-python", "cu132", "llama-cpp-python", "llama-cpp-cu130"),
        ("paddlepaddle", "cpu", "paddlepaddle", None),
        ("paddlepaddle", "cu126", "paddlepaddle-gpu", "paddle-cu126"),
        ("jaxlib", "cu130", "jax", None),
    ],
)
def test_where_a_build_comes_from_and_where_there_is_none(
    name: str, backend: str, package: str | None, index: str | None
) -> None:
    found = recipe(name, backend)
    assert [(line.name, line.source) for line in found.lines] == ([(package, index)] if package else [])
    assert found.refusal is None
    assert package or "gets none" in found.notes[0]


def test_what_has_no_wheels_and_cannot_be_built_by_poetry_is_refused_with_the_reason() -> None:
    assert "no wheel" in (recipe("flash-attn", "cu130").refusal or "")
    assert recipe("flash-attn", "cpu").lines == ()


def test_torch_begins_with_the_line_that_its_companions_need() -> None:
    wish = RecipeRequest(backends=("cpu", "cu126"), together=frozenset({"torch", "torchao"}))
    assert constraint("torch", "cu126", wish) == ">=2.11,<2.15"
