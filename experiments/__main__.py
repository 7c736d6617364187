"""`npm run experiments [-- E1 E6 …] [--seeds N] [--workers N] [--report]`: resumable; results are kept one file a run.

What is in experiments/results is not run again. docs/experiments.md is written from there alone.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch

from experiments import report
from experiments.plan import CORE_SEEDS, EXPERIMENTS
from experiments.runs import base_of, seed_errors
from experiments.work import RESULTS, Work, do


def arguments() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="npm run experiments --", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="E1 … E12; all of them by default")
    parser.add_argument("--seeds", type=int, help="seeds of every arm, instead of the plan's")
    parser.add_argument("--workers", type=int, default=2, help="runs at once, one thread each")
    parser.add_argument("--report", action="store_true", help="only write docs/experiments.md")
    options = parser.parse_args()
    known = [e.id for e in EXPERIMENTS]
    unknown = [n for n in options.names if n not in known]
    if unknown:
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(known)}")
    return options


def main() -> int:
    """Exit status: 0 all done, 1 something failed."""
    options = arguments()
    wanted = [e for e in EXPERIMENTS if not options.names or e.id in options.names]
    works = [Work(None, seed, base) for seed in range(CORE_SEEDS) for base in dict.fromkeys(e.base for e in wanted)]
    works += [Work(arm, seed) for e in wanted for arm in e.arms for seed in range(options.seeds or e.seeds)]
    # By seed first, so that every arm has a figure early; arms that two experiments share are done once.
    todo = list({w.file: w for w in sorted(works, key=lambda w: w.seed) if not w.file.exists()}.values())
    failed = 0
    if todo and not options.report:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        torch.set_num_threads(1)
        for base, seeded in sorted({(e.base, arm.seeded) for e in wanted for arm in e.arms}):
            base_of(base)
            if seeded:
                seed_errors(base)
        with ProcessPoolExecutor(options.workers, max_tasks_per_child=1) as pool:
            futures = {pool.submit(do, work): work for work in todo}
            for done, future in enumerate(as_completed(futures), 1):
                name = futures[future].file.stem
                try:
                    future.result()
                    print(f"{done}/{len(todo)} {name}", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"{done}/{len(todo)} {name}: {error}", flush=True)
    report.write(RESULTS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
