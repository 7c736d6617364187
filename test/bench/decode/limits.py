"""What one thread of this machine can do at best, measured simply: reading memory, and products of matrices.

Prints JSON: gigabytes a second read from memory (a sum over 1 GiB, the best of several), and floating point operations
a second of a float32 product of matrices (torch), large, and with few rows as decoding has them.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch


def best(work, repeats: int = 5) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def main(threads: int) -> dict:
    torch.set_num_threads(threads)
    block = torch.ones(1 << 28)
    bandwidth = block.numel() * 4 / best(block.sum)
    # A vector times a matrix that no cache holds reads memory and little else.
    matrix = torch.ones(4864, 32768)
    vector = torch.ones(1, 4864)
    gemv = matrix.numel() * 4 / best(lambda: vector @ matrix)

    def product(rows: int) -> float:
        left, right = torch.ones(rows, 2048), torch.ones(2048, 2048)
        return 2 * rows * 2048 * 2048 / best(lambda: left @ right, 20)

    small = np.ones(1 << 20, dtype=np.float32)
    copy = np.empty_like(small)
    return {
        "threads": threads,
        "readBytesPerSecond": max(bandwidth, gemv),
        "cachedCopyBytesPerSecond": small.nbytes
        / best(lambda: np.copyto(copy, small), 50),
        "flops": product(2048),
        "flopsBatch8": product(8),
        "flopsBatch16": product(16),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)))
