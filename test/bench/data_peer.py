"""Loads a JSON-lines file as `datasets` or pandas does; prints rows, seconds and peak memory as one JSON line."""

import json
import resource
import sys
import time


def main(peer: str, file: str, cache: str) -> None:
    if peer == "datasets":
        import datasets

        datasets.disable_progress_bars()
        begun = time.perf_counter()
        rows = len(datasets.load_dataset("json", data_files=file, split="train", cache_dir=cache))
    else:
        import pandas

        begun = time.perf_counter()
        rows = len(pandas.read_json(file, lines=True))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"attempts": rows, "seconds": seconds, "peakMb": peak}))


main(*sys.argv[1:])
