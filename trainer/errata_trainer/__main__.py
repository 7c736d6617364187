"""`python -m errata_trainer RUN_FOLDER [--resume [STEP]]`."""

import argparse
import sys
from pathlib import Path

from errata_trainer.run import NEWEST, run


def main() -> int:
    """Exit status: 0 finished or stopped, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="errata_trainer", description="Train one run from its folder.")
    parser.add_argument("folder", type=Path, help="run folder, as the launcher wrote it")
    parser.add_argument(
        "--resume", nargs="?", type=int, const=NEWEST, metavar="STEP", help="go on from this checkpoint, else the last"
    )
    args = parser.parse_args()
    folder = args.folder.resolve()
    if not folder.is_dir():
        parser.error(f"{folder} is not a folder")
    return run(folder, args.resume is not None, args.resume if args.resume is not None else NEWEST)


if __name__ == "__main__":
    sys.exit(main())
