"""Which variant is chosen, from judgements written down in the test."""

from __future__ import annotations

import pytest

from poetry_aiops.accelerators.choice import Choice, ChoiceRequest, VariantBuild, choose, matching, require
from poetry_aiops.accelerators.selection import BackendVerdict, Selection
from poetry_aiops.errors import NegativeAnswerError, UsageError


CPU, GPU, NEW = (
    VariantBuild("ml-cpu", "cpu"),
    VariantBuild("ml-gpu", "cu126"),
    VariantBuild("ml-new", "cu130"),
)


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


def chosen(wish: ChoiceRequest, selection: Selection, *offers: VariantBuild) -> Choice:
    return choose(wish, offers, selection, "a GPU")


def test_auto_takes_the_best_rank_that_the_project_holds() -> None:
    choice = chosen(ChoiceRequest(), judged("cu130", "cu126", "cpu"), CPU, GPU)
    assert (choice.variant, choice.backend, choice.warnings) == ("ml-gpu", "cu126", ())
    assert choice.reason == "a GPU: cu126 fits"


def test_auto_passes_over_a_variant_whose_torch_is_too_new_for_the_gpu() -> None:
    late = VariantBuild("ml-gpu", "cu126", torch="2.15.0+cu126")
    choice = chosen(ChoiceRequest(), judged("cu126", "cpu", torch_max="2.14"), CPU, late)
    assert choice.variant == "ml-cpu"
    assert "ml-gpu holds torch 2.15.0+cu126" in choice.warnings[0]
    assert "up to 2.14" in choice.warnings[0]


@pytest.mark.parametrize("torch", ["2.14.1+cu126", "2.9.0", None])
def test_a_torch_within_the_limit_or_unknown_is_taken(torch: str | None) -> None:
    choice = chosen(
        ChoiceRequest(), judged("cu126", "cpu", torch_max="2.14"), CPU, VariantBuild("ml-gpu", "cu126", torch)
    )
    assert choice.variant == "ml-gpu"
    assert choice.reason.endswith("torch up to 2.14")


def test_falling_back_to_the_cpu_is_warned_about_where_gpu_variants_exist() -> None:
    choice = chosen(ChoiceRequest(), judged("cpu", rejected=("cu126",)), CPU, GPU)
    assert choice.variant == "ml-cpu"
    assert "ml-gpu (cu126): cu126 does not fit" in choice.warnings[0]
    assert chosen(ChoiceRequest(), judged("cpu"), CPU).warnings == ()


def test_nothing_that_fits_is_the_answer_no_with_every_reason() -> None:
    with pytest.raises(NegativeAnswerError) as caught:
        chosen(ChoiceRequest(), judged("cpu", rejected=("cu126",)), GPU)
    assert caught.value.exit_code == 1
    assert "ml-gpu (cu126): cu126 does not fit" in str(caught.value)
    assert "poetry hw-add PACKAGE --variants cpu" in str(caught.value)


def test_a_family_means_its_best_variant_for_this_machine() -> None:
    wish = ChoiceRequest("cuda", "option")
    assert chosen(wish, judged("cu126", "cpu", rejected=("cu130",)), CPU, NEW, GPU).variant == "ml-gpu"
    assert chosen(wish, judged("cu130", "cu126", "cpu"), CPU, GPU, NEW).variant == "ml-new"


def test_a_family_on_a_machine_without_it_means_the_newest_and_says_that_it_does_not_run_here() -> None:
    choice = chosen(
        ChoiceRequest("cuda", "option"), judged("cpu", rejected=("cu126", "cu130")), CPU, GPU, NEW
    )
    assert choice.variant == "ml-new"
    assert choice.warnings == ("cu130 does not run on this machine: cu130 does not fit",)


def test_a_variant_name_beats_a_backend_of_the_same_name() -> None:
    odd = VariantBuild("cuda", "cpu")
    assert chosen(ChoiceRequest("cuda", "option"), judged("cpu"), odd, GPU).backend == "cpu"


def test_none_installs_no_variant() -> None:
    assert chosen(ChoiceRequest("none", "option"), judged("cpu"), CPU).variant is None


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        (ChoiceRequest("rocm", "option"), "--hardware"),
        (ChoiceRequest("rocm", "environment"), "POETRY_AIOPS_HARDWARE"),
        (ChoiceRequest("rocm", "profile"), "[tool.poetry-aiops.profiles]"),
        (ChoiceRequest("rocm", "remembered"), "remembered in this environment"),
    ],
)
def test_a_wish_that_no_variant_meets_names_where_it_came_from_and_what_there_is(
    wish: ChoiceRequest, where: str
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


def test_none_says_who_asked_for_it() -> None:
    choice = chosen(ChoiceRequest("none", "environment"), judged("cpu"), CPU)
    assert choice == Choice(
        None, None, "no hardware variant (requested by POETRY_AIOPS_HARDWARE)", "environment"
    )


def test_what_was_asked_for_keeps_its_origin_and_the_limit_of_torch() -> None:
    choice = chosen(ChoiceRequest("ML_GPU", "option"), judged("cu126", "cpu", torch_max="2.14"), CPU, GPU)
    assert choice == Choice("ml-gpu", "cu126", "requested with --hardware", "option", "2.14")


def test_what_was_asked_for_is_taken_also_where_its_torch_is_too_new_but_with_a_warning() -> None:
    late = VariantBuild("ml-gpu", "cu126", torch="2.15.0")
    choice = chosen(ChoiceRequest("cu126", "groups"), judged("cu126", "cpu", torch_max="2.14"), CPU, late)
    assert (choice.variant, choice.reason) == ("ml-gpu", "requested as a group")
    assert choice.warnings == ("ml-gpu holds torch 2.15.0, but on cu126 this machine runs torch up to 2.14",)


def test_a_backend_of_which_nothing_is_known_is_taken_as_asked() -> None:
    choice = chosen(ChoiceRequest("cu999", "option"), judged("cpu"), CPU, VariantBuild("odd", "cu999"))
    assert choice == Choice("odd", "cu999", "requested with --hardware", "option")


def test_a_cpu_build_is_never_warned_of_as_not_running_here() -> None:
    assert chosen(ChoiceRequest("cpu", "option"), judged("cu126", rejected=("cpu",)), CPU, GPU).warnings == ()


@pytest.mark.parametrize(("old", "new"), [("cu92", "cu126"), ("rocm6.4", "rocm7.2"), ("rocm7.9", "rocm7.14")])
def test_the_newest_of_a_family_is_the_one_with_the_highest_number(old: str, new: str) -> None:
    wish = ChoiceRequest("rocm" if new.startswith("rocm") else "cuda", "option")
    assert (
        chosen(wish, judged("cpu"), VariantBuild("old", old), VariantBuild("new", new), CPU).variant == "new"
    )


def test_of_a_family_a_build_that_runs_here_comes_before_one_that_nobody_knows() -> None:
    offers = (VariantBuild("unknown", "cu999"), VariantBuild("last", "cu126"))
    assert chosen(ChoiceRequest("cuda", "option"), judged("cpu", "cu126"), *offers).variant == "last"


def test_a_wish_for_nothing_known_is_told_what_there_is_to_choose() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(ChoiceRequest("banana", "option"), judged("cpu"), CPU, GPU, NEW)
    assert caught.value.what == (
        "this project has no hardware variant banana; it has ml-cpu (cpu), ml-gpu (cu126), ml-new (cu130)"
    )
    assert caught.value.hint == "Choose auto, none, cpu, cuda, or one of the names above."


def test_a_wish_for_a_backend_that_is_missing_is_told_how_to_add_exactly_that() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(ChoiceRequest("cu118", "option"), judged("cpu"), CPU, GPU)
    assert caught.value.hint == (
        "Add one with `poetry hw-add PACKAGE --variants cu118`, or choose auto, none, cpu, cuda,"
        " or one of the names above."
    )


@pytest.mark.parametrize(
    ("value", "variants"),
    [("rocm", "cpu,rocm7.2"), ("cu128", "cpu,cu128"), ("cpu", "cpu,cu126"), ("banana", "cpu,cu126")],
)
def test_a_wish_in_a_project_without_variants_is_refused_with_the_line_that_makes_them(
    value: str, variants: str
) -> None:
    with pytest.raises(UsageError) as caught:
        matching(ChoiceRequest(value, "environment"), (), judged("cpu"))
    assert caught.value.what == f"this project has no hardware variant {value}; it has none"
    assert caught.value.hint == (
        f"Add one with `poetry hw-add PACKAGE --variants {variants}`, or choose auto or none."
    )


def test_the_reason_holds_the_first_two_of_a_gpu_and_none_of_the_cpu() -> None:
    verdict = BackendVerdict("cu126", accepted=True, reasons=("a", "b", "c"), rank=1, torch_max="2.14")
    assert (
        chosen(ChoiceRequest(), Selection("cu126", "2.14", (verdict,)), GPU).reason
        == "a GPU: a; b; torch up to 2.14"
    )
    assert chosen(ChoiceRequest(), judged("cpu"), CPU).reason == "a GPU"
    old = BackendVerdict("cpu", accepted=True, reasons=("runs everywhere",), rank=1, torch_max="2.2")
    assert chosen(ChoiceRequest(), Selection("cpu", "2.2", (old,)), CPU) == Choice(
        "ml-cpu", "cpu", "a GPU: torch up to 2.2", "auto", "2.2"
    )


def test_a_variant_passed_over_for_another_gpu_variant_is_told() -> None:
    late = VariantBuild("ml-new", "cu130", torch="2.16.0")
    choice = chosen(ChoiceRequest(), judged("cu130", "cu126", "cpu", torch_max="2.15"), CPU, late, GPU)
    assert choice.variant == "ml-gpu"
    assert choice.warnings == ("ml-new holds torch 2.16.0, but on cu130 this machine runs torch up to 2.15",)


def test_the_fallback_to_the_cpu_tells_the_first_reason_of_each_gpu_variant_once() -> None:
    verdicts = (
        BackendVerdict("cu130", accepted=True, reasons=("fits",), rank=1, torch_max="2.15"),
        BackendVerdict("cpu", accepted=True, reasons=("runs everywhere",), rank=2),
        BackendVerdict("cu126", accepted=False, reasons=("too old", "and slow")),
    )
    late = VariantBuild("ml-new", "cu130", torch="2.16.0")
    odd = VariantBuild("odd", "cu999")
    (warning,) = chosen(
        ChoiceRequest(), Selection("cu130", "2.15", verdicts), GPU, GPU, late, odd, CPU
    ).warnings
    assert warning == (
        "using the CPU build although the project has GPU variants: ml-new holds torch 2.16.0,"
        " but on cu130 this machine runs torch up to 2.15; ml-gpu (cu126): too old"
    )


def test_where_nothing_fits_every_variant_is_told_with_all_its_reasons_and_the_two_ways_out() -> None:
    verdicts = (
        BackendVerdict("cpu", accepted=True, reasons=("runs everywhere",), rank=1),
        BackendVerdict("cu130", accepted=True, reasons=("fits",), rank=2, torch_max="2.15"),
        BackendVerdict("cu126", accepted=False, reasons=("too old", "and slow")),
    )
    late = VariantBuild("ml-new", "cu130", torch="2.16.0")
    with pytest.raises(NegativeAnswerError) as caught:
        chosen(ChoiceRequest(), Selection("cpu", None, verdicts), GPU, late, VariantBuild("odd", "cu999"))
    assert caught.value.what == "no hardware variant of this project fits this machine (a GPU)"
    assert caught.value.details == (
        "ml-new holds torch 2.16.0, but on cu130 this machine runs torch up to 2.15",
        "ml-gpu (cu126): too old; and slow",
    )
    assert caught.value.hint == (
        "Add one with `poetry hw-add PACKAGE --variants cpu`,"
        " or install without a variant: `poetry hw-install --hardware none`."
    )


def test_a_requirement_that_is_not_met_says_what_was_chosen_instead_and_why() -> None:
    choice = Choice("ml-cpu", "cpu", "no GPU", warnings=("falling back",))
    with pytest.raises(NegativeAnswerError) as caught:
        require(choice, "cuda")
    assert caught.value.what == "cuda is required, but the choice is ml-cpu (cpu): no GPU"
    assert (caught.value.where, caught.value.details) == ("--require", ("falling back",))
    assert "hw-info --explain" in (caught.value.hint or "")
    with pytest.raises(NegativeAnswerError, match="the choice is no variant: as asked"):
        require(Choice(None, None, "as asked"), "cuda")
