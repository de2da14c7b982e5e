"""Groups, profiles and wishes of ``poetry hw-install``, from options alone."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.choice import ChoiceRequest
from poetry_aiops.accelerators.groups import GroupOptions, GroupPlan, plan_groups, profile_of, wish_of
from poetry_aiops.config import Profile
from poetry_aiops.errors import UsageError


VARIANTS = frozenset({"ml-cpu", "ml-gpu", "edge"})
EVERY = frozenset({"main", "dev", "docs", "ml-cpu", "ml-gpu", "edge"})
DEFAULT = frozenset({"main", "dev"})
SERVING = Profile("serving", ("main", "docs"), "ml-gpu")


def planned(options: GroupOptions, profile: Profile | None = None) -> GroupPlan:
    return plan_groups(options, every_group=EVERY, default_groups=DEFAULT, variants=VARIANTS, profile=profile)


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


@for_each(
    ("options", "groups", "takes"),
    [
        (GroupOptions(), {"main", "dev"}, True),
        (GroupOptions(with_=names("docs", "ml-gpu")), {"main", "dev", "docs"}, True),
        (GroupOptions(without=names("main")), {"dev"}, False),
        (GroupOptions(only=names("docs")), {"docs"}, False),
        (GroupOptions(only=names("main", "docs")), {"main", "docs"}, True),
        (GroupOptions(only=names("ml-gpu")), set(), True),
        (GroupOptions(only_root=True), set(), False),
        (GroupOptions(all_groups=True), {"main", "dev", "docs"}, True),
    ],
)
def test_groups_follow_poetrys_options_and_the_variant_goes_with_main(
    options: GroupOptions, groups: set[str], takes: bool
) -> None:
    assert planned(options) == GroupPlan(frozenset(groups), takes_variant=takes)


def test_a_profile_replaces_the_default_groups() -> None:
    options = GroupOptions(with_=names("dev"), without=names("docs"))
    assert planned(options, SERVING).groups == {"main", "dev"}


@pytest.mark.parametrize(
    "options", [GroupOptions(only=names("main")), GroupOptions(only_root=True), GroupOptions(all_groups=True)]
)
def test_a_profile_excludes_options_that_also_say_which_groups(options: GroupOptions) -> None:
    with pytest.raises(UsageError, match="a profile already says"):
        planned(options, SERVING)


def test_a_profile_with_an_unknown_group_names_its_key_path() -> None:
    with pytest.raises(UsageError, match=r"\[tool.poetry-aiops.profiles.x\] groups"):
        planned(GroupOptions(), Profile("x", ("mian",), "auto"))


def test_profiles_are_built_in_or_the_projects_own() -> None:
    assert profile_of(None, {}, DEFAULT, VARIANTS) is None
    assert profile_of("production", {}, DEFAULT, VARIANTS) == Profile("production", ("main",), "auto")
    assert profile_of("development", {}, DEFAULT, VARIANTS) == Profile("development", ("dev", "main"), "auto")
    assert profile_of("edge", {}, DEFAULT, VARIANTS) == Profile("edge", ("main",), "edge")
    own = Profile("production", ("main", "docs"), "none")
    assert profile_of("production", {"production": own}, DEFAULT, VARIANTS) is own


def test_an_unknown_profile_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="production"):
        profile_of("producton", {}, DEFAULT, VARIANTS)
    with pytest.raises(UsageError, match='the variant "edge"'):
        profile_of("edge", {}, DEFAULT, names("ml-cpu"))


def test_an_option_beats_a_profile_the_environment_and_what_is_remembered() -> None:
    def wish(
        options: GroupOptions, profile: Profile | None, environment: str | None, remembered: str | None
    ) -> ChoiceRequest:
        return wish_of(options, VARIANTS, profile, environment, remembered)

    assert wish(GroupOptions(hardware="cpu"), SERVING, "cuda", "ml-gpu") == ChoiceRequest("cpu", "option")
    assert wish(GroupOptions(with_=names("ml-cpu")), SERVING, "cuda", "ml-gpu") == ChoiceRequest(
        "ml-cpu", "groups"
    )
    assert wish(GroupOptions(), SERVING, "cuda", "ml-cpu") == ChoiceRequest("ml-gpu", "profile")
    assert wish(GroupOptions(), Profile("p", ("main",), "auto"), "cuda", "ml-cpu") == ChoiceRequest(
        "cuda", "environment"
    )
    assert wish(GroupOptions(), None, None, "ml-cpu") == ChoiceRequest("ml-cpu", "remembered")
    assert wish(GroupOptions(), None, "", None) == ChoiceRequest("auto", "auto")


def test_hardware_against_a_variant_named_as_a_group_is_refused() -> None:
    with pytest.raises(UsageError, match="require different hardware variants"):
        wish_of(GroupOptions(hardware="ml-cpu", with_=names("ml-gpu")), VARIANTS, None, None, None)
    assert wish_of(
        GroupOptions(hardware="ML_GPU", with_=names("ml-gpu")), VARIANTS, None, None, None
    ) == ChoiceRequest("ML_GPU", "option")
