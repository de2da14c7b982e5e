from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each

import poetry_aiops
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.errors import InputError
from poetry_aiops.locking.record import InstallRecord, Needs, from_json, needs_of


SCHEMA = Path(poetry_aiops.__file__).parent / "data" / "schemas" / "record.schema.json"
CATALOGUE = load_catalogue()


def record(
    backend: str | None, torch: str | None = None, os: str = "linux", arch: str = "x86_64"
) -> InstallRecord:
    needs = needs_of(backend, torch, arch, CATALOGUE)
    return InstallRecord("ml", backend, None, None, torch, "3.12.1", os, arch, needs)


def document(**changes: Any) -> str:
    return json.dumps({**json.loads(record("cu126", "2.14.1").to_json()), **changes})


def test_a_cuda_12_build_needs_the_driver_floor_of_its_major_version_and_its_architectures() -> None:
    needs = record("cu126", "2.14.1+cu126").needs
    assert (needs.kind, needs.cuda) == ("cuda", "12.6")
    assert (needs.driver_linux, needs.driver_windows) == ("525.60.13", "528.33")
    assert needs.compute_capabilities == ("5.0", "6.0", "7.0", "7.5", "8.0", "8.6", "9.0")


def test_the_same_backend_holds_other_architectures_on_arm() -> None:
    assert record("cu126", "2.14.1", arch="aarch64").needs.compute_capabilities == ("8.0", "9.0")
    assert record("cu126", "2.14.1", arch="arm64").needs.compute_capabilities == ("8.0", "9.0")


def test_a_cuda_13_build_names_its_driver_and_the_first_jetson_that_runs_it() -> None:
    needs = record("cu130", "2.15.0").needs
    assert (needs.cuda, needs.driver_linux, needs.jetson_linux) == ("13.0", "580", 38)


def test_without_torch_the_architectures_of_torch_are_not_asked_for() -> None:
    assert record("cu126").needs.compute_capabilities == ()
    assert record("rocm7.2").needs.gfx == ()
    assert record("cu126").needs.driver_linux == "525.60.13"


def test_a_rocm_build_names_the_gfx_architectures_it_holds() -> None:
    needs = record("rocm7.2", "2.12.0").needs
    assert needs.kind == "rocm"
    assert "gfx942" in needs.gfx
    assert "gfx906" not in needs.gfx


@pytest.mark.parametrize(("torch", "macos"), [("2.8.0", "12.3"), ("2.14.0", "14.0"), (None, "12.3")])
def test_a_macos_build_needs_the_macos_of_its_torch_line(torch: str | None, macos: str) -> None:
    assert record("mps", torch, os="macos", arch="arm64").needs == Needs("mps", macos=macos)


def test_an_xpu_build_names_the_device_ids_that_it_supports() -> None:
    pci = record("xpu", "2.14.0").needs.pci
    assert any(span.startswith("56") for span in pci)
    assert all(len(span) in {4, 9} for span in pci)


@pytest.mark.parametrize(("backend", "kind"), [("jetson", "jetson"), ("cpu", "cpu"), (None, "cpu")])
def test_the_other_builds_need_their_kind_alone(backend: str | None, kind: str) -> None:
    needs = record(backend, "2.14.0").needs
    assert (needs.kind, needs.driver_linux, needs.compute_capabilities) == (kind, None, ())


@for_each("backend", ["cu118", "cu126", "cu132", "rocm6.4", "rocm7.14", "mps", "xpu", "jetson", "cpu"])
@for_each("torch", ["2.6.0", "2.14.1", None])
def test_every_record_fits_the_schema_and_comes_back_the_same(backend: str, torch: str | None) -> None:
    written = record(backend, torch)
    fastjsonschema.compile(json.loads(SCHEMA.read_text("utf-8")))(json.loads(written.to_json()))
    assert from_json(written.to_json()) == written


def test_a_record_without_a_variant_fits_the_schema_too() -> None:
    written = InstallRecord(None, None, "none", "production", None, "3.13.0", "windows", "amd64")
    fastjsonschema.compile(json.loads(SCHEMA.read_text("utf-8")))(json.loads(written.to_json()))
    assert from_json(written.to_json()) == written


def test_names_outside_ascii_stay_readable() -> None:
    written = InstallRecord("größe", "cpu", None, None, None, "3.12.1", "linux", "x86_64")
    assert "größe" in written.to_json()
    assert from_json(written.to_json()).variant == "größe"


@for_each(
    "text", ["", "{", "[]", "null", "3", '"x"', "{}", '{"schema": "other/1"}', "[" * 100_000, "\x00", "NaN"]
)
def test_a_foreign_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="record") as raised:
        from_json(text, where="env/poetry-aiops.json")
    assert raised.value.where == "env/poetry-aiops.json"
    assert "poetry hw-install" in (raised.value.hint or "")


def test_everything_wrong_in_a_record_is_told_at_once() -> None:
    needs = {"kind": "abacus", "driver_linux": 580, "gfx": "gfx942", "jetson_linux": True}
    with pytest.raises(InputError) as raised:
        from_json(document(python=3, variant=["x"], needs=needs))
    reported = " | ".join(raised.value.details)
    for name in ("python", "variant", "needs.kind", "needs.driver_linux", "needs.gfx", "needs.jetson_linux"):
        assert f"{name} is not" in reported


def test_a_record_without_needs_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        from_json(document(needs=None))
    assert raised.value.details == ("needs is not a table",)


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert from_json(document(added_later=1)).backend == "cu126"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_value_anywhere_makes_reading_raise_something_else(value: Any) -> None:
    for place in ("variant", "python", "needs"):
        text = document(**{place: value})
        with contextlib.suppress(InputError):
            assert isinstance(from_json(text), InstallRecord)
