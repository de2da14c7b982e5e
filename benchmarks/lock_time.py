"""How long one lock for all variants takes, beside plain Poetry locking each variant alone.

    python benchmarks/lock_time.py [--simple-index URL] [--rounds 3]

The shared packages are real and come from the package index (Poetry's own, or ``--simple-index``); the builds of
torch are stand-ins with the real builds' requirements, served on 127.0.0.1, so that nothing big is downloaded. Every
figure is the time of the whole ``poetry lock`` process with warm caches and without a poetry.lock; ratios are taken
within one run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.index import PackageIndex
from tests.support.poetry_program import PoetryProgram, way_out


BASE = """
fastapi = "^0.115"
uvicorn = { version = "*", extras = ["standard"] }
transformers = "*"
pandas = "*"
scikit-learn = "*"
langchain = "*"
openai = "*"
sqlalchemy = "*"
celery = "*"
httpx = "*"
jupyterlab = "*"
"""
LINUX = 'platform_system == "Linux"'
COMMON = (
    "filelock",
    "typing-extensions>=4.10.0",
    "sympy>=1.13.3",
    "networkx>=2.5.1",
    "jinja2",
    "fsspec>=0.8.5",
)
BUILDS = {
    "cpu": ("2.9.0+cpu", ()),
    "cu126": (
        "2.9.0+cu126",
        (
            "nvidia-cuda-nvrtc-cu12==12.6.77",
            "nvidia-cuda-runtime-cu12==12.6.77",
            "nvidia-cublas-cu12==12.6.4.1",
            "nvidia-cufft-cu12==11.3.0.4",
            "nvidia-nccl-cu12==2.27.5",
            "triton==3.5.0",
        ),
    ),
    "cu128": (
        "2.9.0+cu128",
        ("nvidia-cuda-nvrtc-cu12==12.8.93", "nvidia-cublas-cu12==12.8.4.1", "triton==3.5.0"),
    ),
    # What the others lock is too new for this one, so that the shared versions have to be found anew.
    "cu124": ("2.9.0+cu124", ("networkx<3.4", "fsspec<2025", "triton==3.5.0")),
}
VARIANTS = {"ml-cpu": "cpu", "ml-gpu": "cu126", "ml-new": "cu128", "ml-old": "cu124"}
TOGETHER = (
    ("2 variants", ("ml-cpu", "ml-gpu")),
    ("3 variants", ("ml-cpu", "ml-gpu", "ml-new")),
    ("2 variants with a conflict", ("ml-cpu", "ml-old")),
    ("3 variants with a conflict", ("ml-cpu", "ml-gpu", "ml-old")),
)


def main() -> int:
    """Lock every variant alone, then two and three at once, which agree or do not; print the times and their ratios."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--simple-index", help="a simple index to take the shared packages from")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, _torch_builds() as index:
        poetry = PoetryProgram.of_this_environment(Path(folder) / "home")
        times = {}
        for case in [(name,) for name in VARIANTS] + [case for _, case in TOGETHER]:
            times[case] = _median(poetry, Path(folder) / "-".join(case), case, index, chosen)
            print(f"{' + '.join(case):<26} {times[case]:6.1f} s", flush=True)
    for label, case in TOGETHER:
        slowest = max(times[name,] for name in case)
        print(f"{label} in one lock / the slowest of them alone: {times[case] / slowest:.2f}")
    return 0


def _torch_builds() -> PackageIndex:
    index = PackageIndex()
    for name, (version, libraries) in BUILDS.items():
        index.publish(name, "torch", version, [*COMMON, *(f"{library} ; {LINUX}" for library in libraries)])
    return index


def _median(
    poetry: PoetryProgram,
    folder: Path,
    variants: tuple[str, ...],
    index: PackageIndex,
    chosen: argparse.Namespace,
) -> float:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(_pyproject(variants, index, chosen.simple_index), "utf-8")
    seconds = []
    for _ in range(chosen.rounds + 1):
        (folder / "poetry.lock").unlink(missing_ok=True)
        seconds.append(poetry.must(folder, "lock", **way_out()).seconds)
    return statistics.median(seconds[1:])  # the first round fills the caches


def _pyproject(variants: tuple[str, ...], index: PackageIndex, simple_index: str | None) -> str:
    parts = [
        '[project]\nname = "bench"\nversion = "1"\nrequires-python = ">=3.11,<3.14"\ndynamic = ["dependencies"]\n',
        f"[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\n{BASE}",
    ]
    if simple_index:
        parts.append(
            f'[[tool.poetry.source]]\nname = "index"\nurl = "{simple_index}"\npriority = "primary"\n'
        )
    for variant in variants:
        backend = VARIANTS[variant]
        parts += [
            f"[tool.poetry.group.{variant}]\noptional = true\n",
            f'[tool.poetry.group.{variant}.dependencies]\ntorch = {{ version = "{BUILDS[backend][0]}", source = "{backend}" }}\n',
            f'[[tool.poetry.source]]\nname = "{backend}"\nurl = "{index.url(backend)}"\npriority = "explicit"\n',
        ]
    if len(variants) > 1:
        rows = "".join(f'{variant} = "{VARIANTS[variant]}"\n' for variant in variants)
        parts.append(f"[tool.poetry-aiops.hardware.variants]\n{rows}")
    return "\n".join(parts)


if __name__ == "__main__":
    raise SystemExit(main())
