from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.frameworks import load_frameworks
from poetry_aiops.config import Variant, read_config
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.addition import Addition, AdditionRequest, plan_addition
from poetry_aiops.hardware.recipes import Recipes
from poetry_aiops.hardware.removal import leaving
from poetry_aiops.project.edit import ProjectEdit
from poetry_aiops.project.pyproject import aiops_table, project_from


RECIPES = Recipes(load_frameworks(), load_catalogue())

HEAD = '[tool.poetry]\nname = "demo"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n'

TWO = (
    HEAD
    + """
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "^2.10.0+cpu", source = "pytorch-cpu"}
[tool.poetry.group.gpu]
optional = true
[tool.poetry.group.gpu.dependencies]
torch = {version = "^2.10.0+cu126", source = "mine"}
[[tool.poetry.source]]
name = "pytorch-cpu"
url = "https://mirror.example/cpu/simple/"
priority = "explicit"
[[tool.poetry.source]]
name = "mine"
url = "https://mirror.example/cu126/simple/"
priority = "supplemental"
[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
gpu = "cu126"
"""
)


def plan(
    text: str, *packages: str, variants: str = "cpu,cu126", replace: bool = False, index: str | None = None
) -> Addition:
    document = tomllib.loads(text)
    hardware = read_config(aiops_table(document)).hardware
    request = AdditionRequest(packages, (variants,), replace=replace, torch_index=index)
    declared = hardware.variants if hardware else ()
    return plan_addition(request, project_from(document, Path("pyproject.toml")), declared, (), RECIPES)


def refusal(text: str, *packages: str, variants: str = "cpu,cu126") -> UsageError:
    with pytest.raises(UsageError) as caught:
        plan(text, *packages, variants=variants)
    return caught.value


def entries(addition: Addition, group: str) -> list[str]:
    return [str(entry) for one in addition.variants if one.group == group for entry in one.entries]


def test_a_new_project_gets_a_group_for_each_backend_with_its_own_source() -> None:
    addition = plan(HEAD, "torch", variants="cu126,rocm7.2")
    assert entries(addition, "ml-cu126") == ["torch >=2.11,<2.15 from pytorch-cu126"]
    assert entries(addition, "ml-rocm7-2") == [
        "torch >=2.11,<2.15 from pytorch-rocm7-2",
        "triton-rocm * from pytorch-rocm7-2",
    ]
    assert [(one.name, one.url, one.priority) for one in addition.edit.sources] == [
        ("pytorch-cu126", "https://download.pytorch.org/whl/cu126", "explicit"),
        ("pytorch-rocm7-2", "https://download.pytorch.org/whl/rocm7.2", "explicit"),
    ]
    assert addition.edit.variants == (("ml-cu126", "cu126"), ("ml-rocm7-2", "rocm7.2"))


def test_the_group_and_the_source_that_a_backend_has_are_used_again() -> None:
    addition = plan(TWO, "torchvision", variants="cu126")
    assert entries(addition, "gpu") == ["torchvision >=0.25,<1 from mine"]
    assert addition.edit.sources == ()
    assert addition.edit.variants == ()
    assert any("supplemental" in note for note in addition.notes)


def test_a_variant_may_be_named_by_its_group() -> None:
    assert [one.backend for one in plan(TWO, "onnxruntime", variants="gpu,ML_CPU").variants] == [
        "cu126",
        "cpu",
    ]


def test_a_backend_stands_for_every_variant_that_has_it_and_a_name_for_its_own() -> None:
    edge = TWO + 'edge = "cpu"\n[tool.poetry.group.edge]\noptional = true\n'
    for word, groups in (("cpu", ["ml-cpu", "edge"]), ("edge", ["edge"]), ("edge,gpu", ["edge", "gpu"])):
        assert [one.group for one in plan(edge, "onnxruntime", variants=word).variants] == groups
    assert "named twice" in str(refusal(edge, "onnxruntime", variants="edge,cpu"))


def test_a_variant_leaves_by_its_name_where_others_have_its_backend() -> None:
    variants = [Variant(name, "cpu", name) for name in ("ml-cpu", "edge")]
    assert leaving(["ml_cpu"], variants) == {"ml-cpu"}
    with pytest.raises(UsageError, match='"cpu" is the backend of several variants'):
        leaving(["cpu"], variants)


def test_another_backend_takes_the_constraint_that_the_variants_agree_on() -> None:
    assert entries(plan(TWO, "torch", variants="cu130"), "ml-cu130") == ["torch ^2.10.0 from pytorch-cu130"]


def test_the_constraint_of_a_shared_group_moves_along() -> None:
    text = HEAD + 'torch = "^2.9.1+cu126"\n'
    addition = plan(text, "torch")
    assert entries(addition, "ml-cu126") == ["torch ^2.9.1 from pytorch-cu126"]
    assert addition.moved == (("main", "torch"),)
    assert any(change.group == "main" and change.drop == {"torch"} for change in addition.edit.groups)


def test_any_name_of_a_framework_moves() -> None:
    addition = plan(HEAD + 'onnxruntime-gpu = "^1.23"\n', "onnxruntime")
    assert addition.moved == (("main", "onnxruntime-gpu"),)
    assert entries(addition, "ml-cu126") == [
        "onnxruntime-gpu[cuda,cudnn] ^1.23,<1.27",
        "onnxruntime * where sys_platform == 'never'",
    ]


def test_the_name_for_which_a_twin_stands_is_written_to_install_nothing() -> None:
    assert entries(plan(HEAD, "onnxruntime"), "ml-cpu") == ["onnxruntime >=1.21,<2"]
    assert sorted(entries(plan(HEAD, "faiss"), "ml-cu126")) == [
        "faiss-cpu >=1.8,<2 where sys_platform != 'linux' or platform_machine != 'x86_64'",
        "faiss-gpu-cu12 >=1.8,<2 where sys_platform == 'linux' and platform_machine == 'x86_64'",
    ]


def test_a_package_that_is_there_already_is_left_alone() -> None:
    addition = plan(TWO, "torch")
    assert addition.edit == ProjectEdit()
    assert [one.unchanged for one in addition.variants] == [("torch",), ("torch",)]
    assert plan(TWO, "torch@^2.10.0").edit == ProjectEdit()


def test_another_constraint_is_refused_and_written_with_replace() -> None:
    error = refusal(TWO, "torch@^2.11")
    assert len(error.details) == 2
    assert "--replace" in error.details[0]
    addition = plan(TWO, "torch@^2.11", replace=True)
    assert entries(addition, "gpu") == ["torch ^2.11 from mine"]


def test_torchvision_brings_torch_from_the_same_index() -> None:
    addition = plan(HEAD, "torchvision", variants="cu126,cu130")
    assert entries(addition, "ml-cu130") == [
        "torch >=2.9,<2.15 from pytorch-cu130",
        "torchvision >=0.24,<1 from pytorch-cu130",
    ]
    assert any("torch is added" in note for note in addition.notes)


@pytest.mark.parametrize(
    ("packages", "pair"),
    [
        (["torch==2.12.*", "torchcodec==0.7"], "torch 2.11 and later go with torchcodec >=0.11,<1"),
        (["torchcodec<0.10"], "torch 2.11 and later go with torchcodec"),
        (["torch~2.8", "torchao"], "an older torch with an older torchao"),
        (["xformers@~0.0.35", "torch@2.9.1"], "torch 2.10 and later go with xformers"),
        (["torch@2.10.0", "torchvision@^0.26"], "torch 2.10 goes with torchvision 0.25"),
        (["torch>=2.12", "torchaudio~=2.10.0"], "torch 2.12 goes with torchaudio 2.11"),
    ],
)
def test_what_does_not_go_with_torch_is_refused_with_what_does(packages: list[str], pair: str) -> None:
    error = refusal(HEAD, *packages)
    assert "does not go with torch" in str(error)
    assert pair in f"{error.hint} {error.details}"


def test_the_torch_that_is_declared_counts_as_well() -> None:
    assert "torch ^2.10.0" in str(refusal(TWO, "torchvision==0.24.1").details)
    assert "ml-cpu: " in refusal(TWO, "torchaudio@2.8").details[0]
    with_codec = TWO.replace("torch = {", 'torchcodec = ">=0.12"\ntorch = {')
    with pytest.raises(UsageError, match="2 arguments cannot be used"):
        plan(with_codec, "torch@~2.9", replace=True)


@pytest.mark.parametrize(
    "packages",
    [
        ("torchcodec==0.7", "torch==2.8.*"),
        ("torch>=2.9", "torchcodec==0.7"),
        ("torch", "torchcodec>=0.5"),
        ("torch~2.11", "torchvision@0.26.0rc1"),
        ("torch==2.10.*", "torchdata==0.10"),
        ("torch>=2.12", "torchaudio~=2.11.0"),
        ("torch", "tensorflow==2.18"),
    ],
)
def test_releases_that_go_together_or_are_not_known_are_written(packages: tuple[str, ...]) -> None:
    assert plan(HEAD, *packages).edit.groups


def test_a_torchvision_left_in_main_is_pointed_out() -> None:
    notes = plan(HEAD + 'torchvision = "*"\n', "torch").notes
    assert any("torchvision stays in main" in note for note in notes)


def test_an_unknown_package_is_the_same_everywhere_and_that_is_said() -> None:
    addition = plan(HEAD, "transformers[sentencepiece]>=4.50")
    assert (
        entries(addition, "ml-cpu") == entries(addition, "ml-cu126") == ["transformers[sentencepiece] >=4.50"]
    )
    assert any("no hardware builds of transformers" in note for note in addition.notes)


def test_a_backend_newer_than_the_facts_is_written_with_a_word_of_warning() -> None:
    addition = plan(HEAD, "torch", variants="cpu,cu140")
    assert any("cu140 is newer than the facts" in note for note in addition.notes)
    assert entries(addition, "ml-cu140")[0].endswith("from pytorch-cu140")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://mirror.example/whl", "https://mirror.example/whl/cu126"),
        ("https://mirror.example/whl/", "https://mirror.example/whl/cu126"),
        ("http://127.0.0.1:9/{backend}/simple/", "http://127.0.0.1:9/cu126/simple/"),
    ],
)
def test_a_mirror_takes_the_place_of_the_usual_index(address: str, url: str) -> None:
    assert plan(HEAD, "torch", variants="cu126,cu130", index=address).edit.sources[0].url == url


def test_a_source_of_that_name_for_another_backend_is_refused() -> None:
    error = refusal(TWO.replace("mirror.example/cpu", "mirror.example/cu130"), "torchvision", variants="cpu")
    assert "pytorch-cpu" in str(error)
    assert "cu130" in str(error)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('torch = {version = "*", markers = "sys_platform == \'linux\'"}', "only where"),
        ('torch = {git = "https://h.example/torch.git"}', "h.example"),
        ('torch = {version = "*", optional = true}\n[tool.poetry.extras]\ngpu = ["torch"]', "extra gpu"),
        ('torch = [{version = "<2.5", python = "<3.12"}, {version = ">=2.5", python = ">=3.12"}]', "several"),
    ],
)
def test_what_would_lose_something_on_the_way_is_not_moved(line: str, said: str) -> None:
    assert said in str(refusal(HEAD + line + "\n", "torch"))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    error = refusal(HEAD, "torch", "torch", "x@@", variants="cpu,banana")
    assert len(error.details) == 3
