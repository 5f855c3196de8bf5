"""``python -m benchmarks``: measure all, and renew the results; or check them; or write the page from them again."""

from __future__ import annotations

import argparse
import sys

from .measure import RESULTS, cases, measure_all, recorded, worse, write
from .page import PAGE, page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--check", action="store_true", help="measure all, renew nothing, fail if anything is worse")
    parser.add_argument("--page", action="store_true", help="write RESULTS.md from results.json, measure nothing")
    options = parser.parse_args()
    if not options.page:
        before = {figures.case: figures for figures in recorded()} if RESULTS.is_file() else {}
        found = measure_all(cases())
        lines = [line for figures in found if figures.case in before for line in worse(before[figures.case], figures)]
        print("\n".join(lines) or "nothing is more than 2 % worse than recorded")
        if options.check:
            sys.exit(bool(lines))
        measured = {figures.case: figures for figures in found}
        write((before | measured).values())
    PAGE.write_text(page(recorded()))


if __name__ == "__main__":
    main()
