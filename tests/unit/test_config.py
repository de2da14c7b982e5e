from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each

from poetry_aiops.config import Config, HardwareConfig, Profile, Variant, read_config
from poetry_aiops.errors import ConfigError
from poetry_aiops.project.backends import DEFAULT_BACKENDS, family_of, is_backend, nearest_backend


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIANTS = "[tool.poetry-aiops.hardware.variants]"
TWO = '[hardware.variants]\nml-cpu = "cpu"\nml-gpu = "cu126"\n'


def read(text: str) -> Config:
    return read_config(tomllib.loads(text))


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value


def test_no_table_means_no_hardware_and_no_profiles() -> None:
    config = read("")
    assert config.hardware is None
    assert dict(config.profiles) == {}


@pytest.mark.parametrize("parse", [tomllib.loads, tomlkit.parse])
def test_a_full_table_is_read_in_file_order(parse: Callable[[str], Mapping[str, object]]) -> None:
    config = read_config(
        parse("""
        [hardware]
        provides = ["Torch_X"]
        mixed = "newest"
        [hardware.variants]
        ML_gpu = "cu126"
        ml-cpu = "cpu"
        ml-rocm = "rocm7.2"
        edge = "jetson"
        [profiles.serving]
        groups = ["main", "Serve_it"]
        variant = "ML-GPU"
        [profiles.small]
    """)
    )
    assert config.hardware == HardwareConfig(
        variants=(
            Variant("ml-gpu", "cu126", f"{VARIANTS} ML_gpu"),
            Variant("ml-cpu", "cpu", f"{VARIANTS} ml-cpu"),
            Variant("ml-rocm", "rocm7.2", f"{VARIANTS} ml-rocm"),
            Variant("edge", "jetson", f"{VARIANTS} edge"),
        ),
        provides=frozenset({"torch-x"}),
        mixed="newest",
    )
    assert dict(config.profiles) == {
        "serving": Profile("serving", ("main", "serve-it"), "ml-gpu"),
        "small": Profile("small", ("main",), "auto"),
    }


def test_provides_is_inferred_without_the_key_and_empty_with_an_empty_list() -> None:
    inferred = read(TWO).hardware
    emptied = read(f"hardware.provides = []\n{TWO}").hardware
    assert inferred is not None
    assert emptied is not None
    assert inferred.provides is None
    assert emptied.provides == frozenset()


def test_tables_of_other_commands_are_not_interpreted() -> None:
    assert read("health = 1\nexport = []\n[graph]\nx = 1\n[migrate]\n[scaffold]\n").hardware is None


@for_each(
    "backend",
    ["cpu", "mps", "xpu", "jetson", "cu118", "cu126", "cu130", "cu132", "rocm6.4", "rocm7.2", "rocm6.2.4"],
)
def test_exact_backends_are_accepted(backend: str) -> None:
    assert is_backend(backend)
    assert nearest_backend(backend) == backend


@for_each(
    ("written", "meant"),
    [
        ("cuda12.6", "cu126"),
        ("cuda-12.6", "cu126"),
        ("CUDA 13.0.1", "cu130"),
        ("cuda126", "cu126"),
        ("cu12.6", "cu126"),
        ("CU126", "cu126"),
        ("cuda", "cu130"),
        ("gpu", "cu130"),
        ("rocm", "rocm7.2"),
        ("rocm64", "rocm6.4"),
        ("ROCm-7.2", "rocm7.2"),
        ("amd", "rocm7.2"),
        ("metal", "mps"),
        ("intel", "xpu"),
        ("CPU", "cpu"),
        ("tpu", None),
        ("rocm6", "rocm6.4"),
        ("cuda12", "cu126"),
        ("cu13", "cu130"),
        ("", None),
    ],
)
def test_a_misspelled_backend_suggests_the_right_spelling(written: str, meant: str | None) -> None:
    assert not is_backend(written)
    assert nearest_backend(written) == meant


@for_each(
    ("backend", "family"),
    [
        ("cpu", "cpu"),
        ("cu126", "cuda"),
        ("rocm7.2", "rocm"),
        ("mps", "mps"),
        ("xpu", "xpu"),
        ("jetson", "jetson"),
    ],
)
def test_a_backend_belongs_to_a_family(backend: str, family: str) -> None:
    assert family_of(backend) == family


def test_every_default_is_an_exact_backend() -> None:
    assert [backend for backend in DEFAULT_BACKENDS.values() if not is_backend(backend)] == []


@for_each("word", ["tpu", "gaudi", "neuron", "ascend", "directml", "gaudi-2"])
def test_any_word_can_be_the_backend_of_an_accelerator_that_is_not_known(word: str) -> None:
    hardware = read(f'[hardware.variants]\nml-cpu = "cpu"\nother = "{word}"').hardware
    assert hardware is not None
    assert [variant.backend for variant in hardware.variants] == ["cpu", word]
    assert family_of(word) == word


@for_each("word", ["cuda", "gpu", "cu12", "cu1290", "rocm", "rocm-7.2", "CPU", "", "t pu"])
def test_what_is_nearly_a_known_backend_is_refused(word: str) -> None:
    assert refused(f'[hardware.variants]\nml-cpu = "cpu"\nother = "{word}"').where == f"{VARIANTS} other"


def test_one_variant_is_enough() -> None:
    hardware = read('[hardware.variants]\nml = "cpu"').hardware
    assert hardware is not None
    assert [variant.group for variant in hardware.variants] == ["ml"]


def test_platforms_and_meant_absences_are_read() -> None:
    hardware = read(
        f'hardware.platforms = ["linux", "macos-arm64"]\nhardware.provided-none = ["Torch"]\n{TWO}'
    ).hardware
    assert hardware is not None
    assert hardware.platforms == ("linux", "macos-arm64")
    assert hardware.provided_none == {"torch"}


def test_an_unknown_backend_is_refused_with_the_nearest_one_and_the_list() -> None:
    error = refused('[hardware.variants]\nml-cpu = "cpu"\nml-gpu = "cuda12.6"')
    assert error.where == f"{VARIANTS} ml-gpu"
    assert error.what == '"cuda12.6" is not the exact name of a backend'
    assert error.hint is not None
    assert error.hint.startswith('Write "cu126"')
    assert "rocmN.N" in error.hint


@for_each(
    ("text", "where", "what"),
    [
        ("hardwear = 1", "[tool.poetry-aiops] hardwear", "is not a known key"),
        (f"hardware.provide = []\n{TWO}", "[tool.poetry-aiops.hardware] provide", "is not a known key"),
        ("hardware = 1", "[tool.poetry-aiops.hardware]", "must be a table, but is a number"),
        ("[hardware]", VARIANTS, "names no variants"),
        ("[hardware.variants]", VARIANTS, "names no variants"),
        (
            f'hardware.platforms = ["linux-amd64"]\n{TWO}',
            "[tool.poetry-aiops.hardware] platforms",
            '"linux-amd64" is not a platform',
        ),
        ('hardware.variants = ["ml-cpu"]', VARIANTS, "must be a table, but is a list"),
        (
            '[hardware.variants]\na = "cpu"\nb = 12',
            f"{VARIANTS} b",
            "must be text in quotes, but is a number",
        ),
        (
            '[hardware.variants]\na = "cpu"\nml.x = "cpu"',
            f"{VARIANTS} ml",
            "must be the name of a backend, but is a table",
        ),
        (
            '[hardware.variants]\na = "cpu"\nauto = "cpu"',
            f"{VARIANTS} auto",
            "is a reserved word of --hardware",
        ),
        ('[hardware.variants]\na = "cpu"\n"-b-" = "cpu"', f"{VARIANTS} -b-", "is not the name of a group"),
        (
            '[hardware.variants]\nml-cpu = "cpu"\nx = "cpu"\nML_CPU = "cu126"',
            f"{VARIANTS} ML_CPU",
            'the group "ml-cpu" is named twice',
        ),
        (
            f'hardware.mixed = "new"\n{TWO}',
            "[tool.poetry-aiops.hardware] mixed",
            '"new" is not a valid choice',
        ),
        (f"hardware.mixed = true\n{TWO}", "[tool.poetry-aiops.hardware] mixed", "must be text in quotes"),
        (
            f'hardware.provides = "torch"\n{TWO}',
            "[tool.poetry-aiops.hardware] provides",
            "must be a list, but is text",
        ),
        (
            f'hardware.provides = ["torch>=2"]\n{TWO}',
            "[tool.poetry-aiops.hardware] provides",
            '"torch>=2" is not the name of a package',
        ),
        ("profiles = []", "[tool.poetry-aiops.profiles]", "must be a table, but is a list"),
        (
            f'{TWO}[profiles.p]\nvariant = "ml-gpux"',
            "[tool.poetry-aiops.profiles.p] variant",
            'there is no variant "ml-gpux"',
        ),
        (
            f'{TWO}[profiles.p]\ngroups = ["main", "ml-gpu"]',
            "[tool.poetry-aiops.profiles.p] groups",
            '"ml-gpu" is a hardware variant',
        ),
        ("[profiles.p]\nvariants = 1", "[tool.poetry-aiops.profiles.p] variants", "is not a known key"),
    ],
)
def test_a_wrong_entry_is_named_by_its_key_path(text: str, where: str, what: str) -> None:
    error = refused(text)
    assert error.where == where
    assert what in error.what
    assert error.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hardwear = 1", 'Did you mean "hardware"?'),
        (f'hardware.mixed = "coverall"\n{TWO}', 'Did you mean "cover-all"?'),
        (f'{TWO}[profiles.p]\nvariant = "ml-gpux"', 'Did you mean "ml-gpu"?'),
        (
            '[profiles.p]\nvariant = "ml-gpu"',
            f"No variants are declared in {VARIANTS}. Write one of: auto, none.",
        ),
    ],
)
def test_advice_names_the_nearest_known_word(text: str, hint: str) -> None:
    assert refused(text).hint == hint


def test_a_profile_may_name_its_own_variant_among_its_groups() -> None:
    profile = read(f'{TWO}[profiles.p]\ngroups = ["main", "ml_gpu"]\nvariant = "ml-gpu"').profiles["p"]
    assert profile == Profile("p", ("main", "ml-gpu"), "ml-gpu")


def test_all_problems_are_told_in_one_error() -> None:
    error = refused("""
        colour = "red"
        [hardware]
        mixed = "any"
        [hardware.variants]
        ml-gpu = "rocm"
        [profiles.p]
        variant = "ml-xpu"
    """)
    assert error.where == "[tool.poetry-aiops]"
    assert [detail.partition(": ")[0] for detail in error.details] == [
        "[tool.poetry-aiops] colour",
        f"{VARIANTS} ml-gpu",
        "[tool.poetry-aiops.hardware] mixed",
        "[tool.poetry-aiops.profiles.p] variant",
    ]


@for_each("value", [None, 3, "x", [], {3: 4}])
def test_a_table_that_is_no_table_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        read_config(value)


WORDS = st.one_of(
    st.sampled_from(
        [
            "hardware",
            "variants",
            "provides",
            "mixed",
            "profiles",
            "groups",
            "variant",
            "auto",
            "ml-cpu",
            "ML_cpu",
            "cpu",
            "cu126",
        ]
    ),
    st.text(max_size=4),
)
DATA: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@given(hardware=DATA, profiles=DATA, variants=DATA)
def test_any_data_is_read_or_refused_with_a_config_error(hardware: Any, profiles: Any, variants: Any) -> None:
    for table in (
        hardware,
        {"hardware": hardware, "profiles": profiles},
        {"hardware": {"variants": variants}},
    ):
        try:
            config = read_config(table)
        except ConfigError:
            continue
        assert config.hardware is None or config.hardware.variants
