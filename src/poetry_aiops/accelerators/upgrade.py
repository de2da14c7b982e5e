"""The smallest change to a machine that unlocks a newer torch or a GPU build at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.selection import Upgrade
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Accelerator, Host
    from poetry_aiops.accelerators.selection import Selection


def find_upgrade(
    host: Host, catalogue: Catalogue, now: Selection, choose: Callable[[Host], Selection]
) -> Upgrade | None:
    """Return the smallest driver or macOS upgrade after which ``choose`` answers better than ``now``."""
    found: Upgrade | None = None
    for component, current, wanted, changed in _changes(host, catalogue):
        then = choose(changed)
        if _better(then, now):
            text = _text(component, current, wanted, then)
            found = Upgrade(component, current, wanted, then.best, then.torch_max, text)
            if current is not None:
                return found
            now = then  # nothing is installed yet, so the driver that unlocks most is as small a step
    return found


def _changes(host: Host, catalogue: Catalogue) -> Iterator[tuple[str, str | None, str, Host]]:
    devices = [
        item for item in host.accelerators if item.kind == "cuda" and (item.counts or item.driver is None)
    ]
    if devices and host.os in {"linux", "windows"}:
        current = devices[0].driver
        for wanted in _drivers(host, catalogue, devices):
            if current is None or version_key(wanted) > version_key(current):
                yield "NVIDIA driver", current, wanted, _with_driver(host, devices, wanted)
    if host.os == "macos" and host.os_version:
        for rule in catalogue.mac_rules:
            if rule.arch == host.arch and version_key(rule.macos) > version_key(host.os_version):
                yield "macOS", host.os_version, rule.macos, _with_macos(host, rule.macos)


def _drivers(host: Host, catalogue: Catalogue, devices: list[Accelerator]) -> list[str]:
    """Return the drivers at which something changes, oldest first, none older than these GPUs."""
    windows = host.os == "windows" or host.wsl
    floors = {floor.windows if windows else floor.linux for floor in catalogue.driver_floors}
    oldest = [catalogue.nvidia_oldest_drivers.get(gpu.compute_capability or "") for gpu in devices]
    known = [driver for driver in oldest if driver]
    lowest = max(known, key=version_key, default="0")
    return sorted(
        {lowest, *(f for f in floors if version_key(f) > version_key(lowest))} - {"0"}, key=version_key
    )


def _with_driver(host: Host, devices: list[Accelerator], driver: str) -> Host:
    changed = [
        item._replace(driver=driver, max_cuda=None, usable=True) if item in devices else item
        for item in host.accelerators
    ]
    return host._replace(accelerators=tuple(changed))


def _with_macos(host: Host, version: str) -> Host:
    changed = [item._replace(usable=True) if item.kind == "mps" else item for item in host.accelerators]
    return host._replace(os_version=version, accelerators=tuple(changed))


def _better(then: Selection, now: Selection) -> bool:
    if then.best == "cpu":
        return now.best == "cpu" and _line(then) > _line(now)
    return now.best == "cpu" or _line(then) > _line(now)


def _line(selection: Selection) -> tuple[int, ...]:
    return version_key(selection.torch_max) if selection.torch_max else (10**6,)


def _text(component: str, current: str | None, wanted: str, then: Selection) -> str:
    move = f"{component} {current} -> {wanted}" if current else f"{component} {wanted} or newer"
    newest = f" with torch up to {then.torch_max}" if then.torch_max else ""
    return f"{move} unlocks {then.best}{newest}"
