"""Which variant is chosen, from judgements written down in the test."""

from __future__ import annotations

import pytest

from poetry_aiops.errors import NegativeAnswerError
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.choice import Choice
from poetry_aiops.hardware.choice import Offer
from poetry_aiops.hardware.choice import Wish
from poetry_aiops.hardware.choice import choose
from poetry_aiops.hardware.choice import require
from poetry_aiops.hardware.selection import BackendVerdict
from poetry_aiops.hardware.selection import Selection


CPU, GPU, NEW = Offer("ml-cpu", "cpu"), Offer("ml-gpu", "cu126"), Offer("ml-new", "cu130")


def judged(*accepted: str, rejected: tuple[str, ...] = (), torch_max: str | None = None) -> Selection:
    rows = [
        BackendVerdict(
            name,
            accepted=True,
            reasons=(f"{name} fits",),
            rank=rank,
            torch_max=None if name == "cpu" else torch_max,
        )
        for rank, name in enumerate(accepted, start=1)
    ]
    rows += [BackendVerdict(name, accepted=False, reasons=(f"{name} does not fit",)) for name in rejected]
    return Selection(accepted[0], torch_max, tuple(rows))


def chosen(wish: Wish, selection: Selection, *offers: Offer) -> Choice:
    return choose(wish, offers, selection, "a GPU")


def test_auto_takes_the_best_rank_that_the_project_holds() -> None:
    choice = chosen(Wish(), judged("cu130", "cu126", "cpu"), CPU, GPU)
    assert (choice.variant, choice.backend, choice.warnings) == ("ml-gpu", "cu126", ())
    assert choice.reason == "a GPU: cu126 fits"


def test_auto_passes_over_a_variant_whose_torch_is_too_new_for_the_gpu() -> None:
    late = Offer("ml-gpu", "cu126", torch="2.15.0+cu126")
    choice = chosen(Wish(), judged("cu126", "cpu", torch_max="2.14"), CPU, late)
    assert choice.variant == "ml-cpu"
    assert "ml-gpu holds torch 2.15.0+cu126" in choice.warnings[0]
    assert "up to 2.14" in choice.warnings[0]


@pytest.mark.parametrize("torch", ["2.14.1+cu126", "2.9.0", None])
def test_a_torch_within_the_limit_or_unknown_is_taken(torch: str | None) -> None:
    choice = chosen(Wish(), judged("cu126", "cpu", torch_max="2.14"), CPU, Offer("ml-gpu", "cu126", torch))
    assert choice.variant == "ml-gpu"
    assert choice.reason.endswith("torch up to 2.14")


def test_falling_back_to_the_cpu_is_warned_about_where_gpu_variants_exist() -> None:
    choice = chosen(Wish(), judged("cpu", rejected=("cu126",)), CPU, GPU)
    assert choice.variant == "ml-cpu"
    assert "ml-gpu (cu126): cu126 does not fit" in choice.warnings[0]
    assert chosen(Wish(), judged("cpu"), CPU).warnings == ()


def test_nothing_that_fits_is_the_answer_no_with_every_reason() -> None:
    with pytest.raises(NegativeAnswerError) as caught:
        chosen(Wish(), judged("cpu", rejected=("cu126",)), GPU)
    assert caught.value.exit_code == 1
    assert "ml-gpu (cu126): cu126 does not fit" in str(caught.value)
    assert "poetry hw-add PACKAGE --variants cpu" in str(caught.value)


def test_a_family_means_its_best_variant_for_this_machine() -> None:
    wish = Wish("cuda", "option")
    assert chosen(wish, judged("cu126", "cpu", rejected=("cu130",)), CPU, NEW, GPU).variant == "ml-gpu"
    assert chosen(wish, judged("cu130", "cu126", "cpu"), CPU, GPU, NEW).variant == "ml-new"


def test_a_family_on_a_machine_without_it_means_the_newest_and_says_that_it_does_not_run_here() -> None:
    choice = chosen(Wish("cuda", "option"), judged("cpu", rejected=("cu126", "cu130")), CPU, GPU, NEW)
    assert choice.variant == "ml-new"
    assert choice.warnings == ("cu130 does not run on this machine: cu130 does not fit",)


def test_a_variant_name_beats_a_backend_of_the_same_name() -> None:
    odd = Offer("cuda", "cpu")
    assert chosen(Wish("cuda", "option"), judged("cpu"), odd, GPU).backend == "cpu"


def test_none_installs_no_variant() -> None:
    assert chosen(Wish("none", "option"), judged("cpu"), CPU).variant is None


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        (Wish("rocm", "option"), "--hardware"),
        (Wish("rocm", "environment"), "POETRY_AIOPS_HARDWARE"),
        (Wish("rocm", "profile"), "[tool.poetry-aiops.profiles]"),
        (Wish("rocm", "remembered"), "remembered in this environment"),
    ],
)
def test_a_wish_that_no_variant_meets_names_where_it_came_from_and_what_there_is(
    wish: Wish, where: str
) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(wish, judged("cpu"), CPU, GPU)
    assert caught.value.where == where
    assert "ml-cpu (cpu), ml-gpu (cu126)" in str(caught.value)
    assert "--variants rocm7.2" in str(caught.value)


@pytest.mark.parametrize("required", ["cu126", "cuda", "ml-gpu"])
def test_require_accepts_backend_family_and_variant(required: str) -> None:
    require(Choice("ml-gpu", "cu126", "fits"), required)


@pytest.mark.parametrize("choice", [Choice("ml-cpu", "cpu", "no GPU"), Choice(None, None, "none")])
def test_require_refuses_anything_else(choice: Choice) -> None:
    with pytest.raises(NegativeAnswerError, match="cuda is required"):
        require(choice, "cuda")
