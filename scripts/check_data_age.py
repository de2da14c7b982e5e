"""Say which tables of src/poetry_aiops/data have not been checked for too long; standard library only.

python scripts/check_data_age.py             exit 1 when a table's `as_of` is more than 90 days ago
python scripts/check_data_age.py --days 30   another limit
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tomllib
from pathlib import Path


DATA = Path(__file__).resolve().parent.parent / "src" / "poetry_aiops" / "data"


def main() -> int:
    """Print the age of every dated table; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=90, help="the oldest that a table may be")
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.datetime.now(dt.UTC).date())
    options = parser.parse_args()
    ages = {name: (options.today - day).days for name, day in dates().items()}
    for name, age in ages.items():
        print(f"{name}: {age} days old" + (f", more than {options.days}" if age > options.days else ""))
    return int(not ages or max(ages.values()) > options.days)


def dates() -> dict[str, dt.date]:
    """Return for each table that has one the day on which its facts were last checked."""
    found: dict[str, dt.date] = {}
    for path in sorted(DATA.glob("*.toml")):
        day = tomllib.loads(path.read_text(encoding="utf-8")).get("as_of")
        if isinstance(day, dt.date):
            found[path.name] = day
    return found


if __name__ == "__main__":
    sys.exit(main())
