"""onnxruntime-genai on the same folder as Errata: its own C++ loop. Speaks the protocol of protocol.ts."""

from __future__ import annotations

import json
import os
import resource
import sys
import time

import numpy as np
import onnxruntime_genai as og

STARTS = 16


class Peer:
    def load(self, weights: str, threads: int, context: int) -> dict:
        config = og.Config(os.path.join(weights, "genai"))
        options = {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
        config.overlay(json.dumps({"model": {"decoder": {"session_options": options}}}))
        self.model = og.Model(config)
        return {"version": og.__version__}

    def _generate(
        self, ids: list[int], rows: int, tokens: int, sample: bool
    ) -> tuple[float, float, list[int]]:
        """A static batch: `rows` times the prompt, `tokens` more each. Seconds (clock and
        processor) after the first of them; the first row.
        """
        params = og.GeneratorParams(self.model)
        length = len(ids) + tokens
        params.set_search_options(
            batch_size=rows, max_length=length, min_length=length, do_sample=sample
        )
        # Sampling as all peers do it: no top-k, no top-p.
        params.set_search_options(temperature=1.0, top_k=0, top_p=1.0)
        generator = og.Generator(self.model, params)
        generator.append_tokens(np.tile(np.array(ids, dtype=np.int32), (rows, 1)))
        generator.generate_next_token()
        begun, before = time.perf_counter(), time.process_time()
        while not generator.is_done():
            generator.generate_next_token()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - before
        row = generator.get_sequence(0)[len(ids) :].tolist()
        if len(row) != tokens:
            raise RuntimeError(f"{len(row)} tokens a row instead of {tokens}")
        return seconds, cpu, row

    def decode(self, prompt: dict, batch: int, tokens: int) -> dict:
        seconds, cpu, row = self._generate(prompt["ids"], batch, tokens, sample=False)
        return {
            "seconds": seconds,
            "cpuSeconds": cpu,
            "made": batch * (tokens - 1),
            "start": row[:STARTS],
        }

    def workload(self, jobs: list[dict]) -> dict:
        """Each problem's samples are one batch, as long as its longest."""
        begun, before = time.perf_counter(), time.process_time()
        lengths = []
        for job in jobs:
            wanted = job["lengths"]
            self._generate(job["prompt"]["ids"], len(wanted), max(wanted), sample=True)
            lengths.append([max(wanted)] * len(wanted))
        cpu = time.process_time() - before
        return {
            "seconds": time.perf_counter() - begun,
            "cpuSeconds": cpu,
            "lengths": lengths,
        }

    def memory(self) -> dict:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        try:
            with open("/proc/self/statm") as file:
                resident = int(file.read().split()[1]) * resource.getpagesize()
        except OSError:
            resident = peak
        return {"peakBytes": peak, "residentBytes": resident}


def serve(peer: object) -> None:
    """Libraries may print to standard output; only this copy of it carries answers."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        method, params = json.loads(line)
        try:
            answer = {"result": getattr(peer, method)(**params)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark names it and goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    serve(Peer())
