"""Read lines of four numbers, and print those that are not as usual."""

from __future__ import annotations

import sys

from gateway.model import Watch


ALARM = 3.0


def main() -> None:
    watch = Watch()
    for line in sys.stdin:
        distance = watch.distance([float(number) for number in line.split()])
        if distance > ALARM:
            print(f"{distance:.1f}  {line.strip()}", flush=True)


if __name__ == "__main__":
    main()
