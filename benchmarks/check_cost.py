"""What `check` costs beside `profile`: processor time, wall time and memory of both on one file, in turn.

python benchmarks/check_cost.py MODEL [--runs 2]
"""

from __future__ import annotations

import argparse

from process_cost import HEAD, cost_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    print(HEAD)
    for _ in range(arguments.runs):
        for name in ("profile", "check"):
            print(cost_of(f"gs.{name}(sys.argv[1])", arguments.model).row(f"`{name}`"), flush=True)


if __name__ == "__main__":
    main()
