"""What a variant's selection may not be: gaps, overwriting families, companions of another index."""

from __future__ import annotations

import re

import pytest
from tests.support.every import for_each
from tests.support.timing import within

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import Build, Placement
from poetry_aiops.locking.verify import Installed, Terms, base_findings, extra_findings, verify
from poetry_aiops.project.model import LockedDependency
from poetry_aiops.project.targets import targets


MACHINES = targets(lambda python: python.startswith(("3.11.", "3.12.")))
MAIN = frozenset({"main"})


def row(text: str, requires: str = "", **markers: str) -> Placement:
    """Return a placement: ``name version [source]``, its requirements separated by commas, and its groups."""
    name, version, *source = text.split()
    groups = {group.replace("_", "-"): marker for group, marker in markers.items()}
    return Placement(Build(name, version, *source), groups, edges(requires))


def edges(requires: str) -> tuple[LockedDependency, ...]:
    """Read ``flax[tpu]>=1 ; marker`` and others, separated by commas."""
    found = []
    for text in filter(None, (part.strip() for part in requires.split(","))):
        wanted, _, marker = (part.strip() for part in text.partition(" ; "))
        match = re.fullmatch(r"([\w-]+)(?:\[(\w+)\])?(.*)", wanted)
        assert match
        name, extra, constraint = match.groups()
        found.append(
            LockedDependency(name, constraint or "*", (extra,) if extra else (), marker, optional=False)
        )
    return tuple(found)


def terms(backends: dict[str, str] | None = None, **wants: str) -> Terms:
    asked = {group.replace("_", "-"): edges(text) for group, text in wants.items()}
    return Terms("app", asked, backends or {"gpu": "cu128", "cpu": "cpu"})


def refused(rows: list[Placement], variant: str, said: Terms) -> list[str]:
    """Return the details of the refusal, none when the selection passes."""
    try:
        verify(rows, [Installed(f"with {variant}", MAIN | {variant})], MACHINES, said)
    except LockConflictError as error:
        return list(error.details)
    return []


KERAS = [
    row("keras 3", "torch>=2", main=""),
    row("torch 2.7 cu", gpu='sys_platform == "linux"'),
    row("torch 2.7 cpu", cpu='sys_platform != "win32"'),
]


def test_what_a_selected_package_needs_on_a_machine_must_be_selected_there() -> None:
    (gap,) = refused(KERAS, "cpu", terms(main="keras"))
    assert gap.startswith("with cpu: torch is missing (on windows-amd64-py3.11 and 1 more kinds of machine)")
    assert "required by keras 3 (>=2)" in gap
    assert gap.endswith('For windows-amd64, add `torch = "*"` to cpu')


def test_every_way_out_of_a_gap_can_be_pasted() -> None:
    said = terms(main="keras", cpu="torch ; sys_platform == 'linux', torch ; sys_platform == 'darwin'")
    with pytest.raises(LockConflictError) as caught:
        verify(KERAS, [Installed("with cpu", MAIN | {"cpu"})], MACHINES, said)
    wanted = (
        """`{ version = "*", markers = 'sys_platform != "linux" and sys_platform != "darwin"' }` to torch"""
    )
    assert wanted in caught.value.details[0]
    assert '`platforms = ["linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64"]`' in (
        caught.value.hint or ""
    )
    assert '`provided-none = ["torch"]`' in (caught.value.hint or "")


@for_each(
    ("backend", "machines"),
    [
        ("cu128", ["windows"]),
        ("rocm7.2", []),
        ("jetson", []),
        ("mps", ["macos-arm64"]),
        ("tpu", ["macos-arm64", "macos-x86_64", "windows"]),
        ("customs", ["macos-arm64", "macos-x86_64", "windows"]),
    ],
)
def test_a_variant_is_checked_where_its_backend_exists(backend: str, machines: list[str]) -> None:
    found = refused(KERAS, "gpu", terms({"gpu": backend}, main="keras"))
    assert all(machine in str(found) for machine in machines)
    assert bool(found) == bool(machines)


@pytest.mark.parametrize(
    ("platforms", "count"), [({"linux"}, 0), ({"macos", "linux-x86_64"}, 0), ({"windows-amd64"}, 1)]
)
def test_platforms_narrow_what_is_checked(platforms: set[str], count: int) -> None:
    said = Terms("app", {"main": edges("keras")}, {"cpu": "cpu"}, frozenset(platforms))
    assert len(refused(KERAS, "cpu", said)) == count


def test_an_absence_that_is_meant_passes() -> None:
    said = Terms("app", {}, {"edge": "jetson"}, provided_none=frozenset({"torch"}))
    assert refused(KERAS, "edge", said) == []
    assert refused(KERAS, "edge", Terms("app", {}, {"edge": "jetson"})) != []


def test_what_the_project_itself_asks_for_must_be_selected_too() -> None:
    (gap,) = refused([], "cpu", terms(cpu="jax ; python_version < '3.12'"))
    assert "required by the project's group cpu" in gap
    assert "linux-x86_64-py3.11 and 4 more" in gap
    with pytest.raises(LockConflictError) as caught:
        verify([], [Installed("with cpu", MAIN | {"cpu"})], MACHINES, terms(cpu="jax"))
    assert caught.value.hint == "Run `poetry lock`: it says what is missing then."


def test_requirements_of_an_extra_count_where_somebody_asks_for_the_extra() -> None:
    rows = [
        row("flax 1", "jax[tpu]", main=""),
        row("jax 2", "libtpu ; extra == 'tpu', plugin ; extra == 'cuda'", main=""),
    ]
    (gap,) = refused(rows, "cpu", terms(main="flax"))
    assert "libtpu is missing" in gap


def test_extras_lead_to_extras() -> None:
    rows = [
        row("a 1", "b[more] ; extra == 'all', a[all] ; extra == 'self'", main=""),
        row("b 1", "c ; extra == 'more'", main=""),
    ]
    assert "c is missing" in str(refused(rows, "cpu", terms(main="a[self]")))
    assert refused(rows, "cpu", terms(main="a")) == []


def test_a_requirement_on_the_project_itself_is_no_gap() -> None:
    assert refused([row("plugin 1", "app", main="")], "cpu", terms(main="plugin")) == []


def test_two_members_of_a_family_overwrite_each_other() -> None:
    rows = [
        row("rembg 2", "opencv-python-headless", main=""),
        row("opencv-python-headless 4.12", main='sys_platform == "darwin"'),
        row("opencv-python 4.12", cpu=""),
    ]
    (finding,) = refused(rows, "cpu", terms(main="rembg", cpu="opencv-python"))
    assert "opencv-python and opencv-python-headless overwrite each other's files (cv2)" in finding
    assert "on macos-arm64-py3.11 and 3 more kinds of machine" in finding
    assert (
        "required by the project's group cpu (opencv-python *), rembg 2 (opencv-python-headless *)" in finding
    )
    assert finding.endswith("Run `poetry hw-add opencv-python-headless --variants cu128`")


@for_each(
    ("groups", "extras", "way_out"),
    [
        ({"main": "opencv-python"}, (), "`poetry hw-add opencv-python --variants cu128,cpu`"),
        ({"main": "opencv-python", "cpu": "opencv-contrib-python"}, (), "opencv-python --variants cu128`"),
        ({"cpu": "opencv-python, opencv-contrib-python"}, (), "Take one of them out of cpu"),
        (
            {"main": "opencv-python", "cpu": "opencv-contrib-python", "gpu": "opencv-contrib-python"},
            (),
            "Take opencv-python out of the shared groups",
        ),
        ({"main": "opencv-python"}, ("cpu",), "Make the variants optional groups"),
    ],
)
def test_the_way_out_of_an_overwriting_pair_suits_who_declares_it(
    groups: dict[str, str], extras: tuple[str, ...], way_out: str
) -> None:
    rows = [row("opencv-python 4", main=""), row("opencv-contrib-python 4", main="")]
    chosen = Installed.of(MAIN, extras) if extras else Installed.of(MAIN | {"cpu"})
    with pytest.raises(LockConflictError) as caught:
        verify(rows, [chosen], MACHINES, terms(None, **groups))
    assert way_out in str(caught.value)


def test_a_member_of_a_family_serves_whatever_needs_its_twin() -> None:
    rows = [row("rembg 2", "opencv-python-headless>=4.5", main=""), row("opencv-contrib-python 4.12", cpu="")]
    assert refused(rows, "cpu", terms(main="rembg")) == []


def test_a_twin_with_a_version_that_nobody_accepts_does_not_serve() -> None:
    rows = [row("vectors 1", "faiss-cpu>=1.9", main=""), row("faiss-gpu 1.7.2", gpu="")]
    assert "faiss-cpu is missing; faiss-gpu 1.7.2 cannot replace it" in str(
        refused(rows, "gpu", terms(main="vectors"))
    )


def test_members_that_require_each_other_belong_together() -> None:
    rows = [
        row("tensorflow 2.17", "tensorflow-intel ; sys_platform == 'win32'", main=""),
        row("tensorflow-intel 2.17", main='sys_platform == "win32"'),
    ]
    assert refused(rows, "cpu", terms(main="tensorflow")) == []


def test_a_companion_comes_from_the_index_of_its_framework() -> None:
    rows = [row("torchaudio 2.9", main=""), row("torch 2.9+cu128 pytorch-cu128", gpu="")]
    (finding,) = refused(rows, "gpu", terms())
    assert "torchaudio 2.9 comes from the default index, but torch 2.9+cu128 from pytorch-cu128" in finding
    assert "Declare torchaudio in gpu with the source of torch" in finding


@pytest.mark.parametrize(
    ("torch", "vision", "backend"),
    [
        ("2.9+cpu pytorch-cpu", "0.24+cpu pytorch-cpu", "cpu"),
        ("2.9 pytorch-cpu", "0.24", "mps"),  # Macs have one build of each, wherever it is served
        ("2.8 jetson-ai-lab", "0.23 jetson-ai-lab", "jetson"),
    ],
)
def test_companions_that_fit_pass(torch: str, vision: str, backend: str) -> None:
    rows = [row(f"torch {torch}", one=""), row(f"torchvision {vision}", main="")]
    assert refused(rows, "one", terms({"one": backend})) == []


def test_on_a_jetson_the_tag_says_nothing_so_the_index_decides() -> None:
    rows = [row("torch 2.8 jetson-ai-lab", one=""), row("torchvision 0.23", main="")]
    assert "torchvision" in str(refused(rows, "one", terms({"one": "jetson"})))


def test_an_installation_without_a_variant_is_reported_and_not_refused() -> None:
    said = terms(main="keras")
    alone = Installed("with main", MAIN)
    verify(KERAS, [alone], MACHINES, said)
    (finding,) = base_findings(KERAS, alone, MACHINES, said)
    assert (finding.name, len(finding.targets)) == ("torch", len(MACHINES))


def test_a_package_of_an_extra_that_is_not_asked_for_lacks_nothing() -> None:
    rows = [row("keras 3", "torch>=2", main='extra == "train"'), row("torch 2.7", gpu="")]
    found = [base_findings(rows, Installed.of(MAIN, extras), MACHINES, terms()) for extras in ((), ["train"])]
    assert [[one.name for one in findings] for findings in found] == [[], ["torch"]]


def test_an_extra_that_breaks_a_variant_is_named_and_one_that_excludes_another_extra_is_not() -> None:
    rows = [
        row("opencv-python 4", cpu="", main='extra == "see"'),
        row("opencv-python-headless 4", main='extra == "ocr"'),
    ]
    said = terms(
        main='opencv-python-headless ; extra == "ocr", opencv-python ; extra == "see"', cpu="opencv-python"
    )
    variants = [Installed(f"with {variant}", MAIN | {variant}) for variant in ("cpu", "gpu")]

    found = list(extra_findings(rows, variants, frozenset({"ocr", "see"}), MACHINES, said))

    ((title, finding),) = found
    assert title == "with cpu and the extra ocr"
    assert "opencv-python and opencv-python-headless overwrite each other's files" in str(finding)
    assert finding.way_out == "Install cpu without this extra, or take opencv-python-headless out of it"


def test_an_installation_without_main_may_have_gaps() -> None:
    rows = [row("torch 2", "filelock", gpu="")]
    verify(rows, [Installed("with gpu", frozenset({"gpu"}))], MACHINES, terms())


def test_a_lock_of_two_hundred_packages_is_checked_in_a_moment() -> None:
    machines = targets(lambda python: python.startswith(("3.11.", "3.12.", "3.13.", "3.14.")))
    rows = [
        row(
            f"p{i} 1",
            ", ".join(
                f"p{i + step} ; python_version < '3.{11 + step}'" for step in range(1, 6) if i + step < 220
            ),
            main=f'python_version < "3.{12 + i % 9}" or sys_platform == "linux"' if i % 3 == 0 else "",
            gpu="",
        )
        for i in range(220)
    ]
    backends = {"gpu": "cu128", "cpu": "cpu", "rocm": "rocm7.2"}
    with within(0.3):
        for variant in backends:
            verify(rows, [Installed("", MAIN | {variant, "gpu"})], machines, terms(backends))
