"""math-verify on the pairs of standard input (JSON lines, gold and answer), one verdict a line and the seconds last."""

import json
import sys
import time

from math_verify import parse, verify

pairs = [json.loads(line) for line in sys.stdin]
parse("$1$")  # what it loads at first use is not counted
verdicts: list[bool] = []
started = time.process_time()
for pair in pairs:
    try:
        verdicts.append(verify(parse(f"${pair['gold']}$"), parse(f"${pair['answer']}$")))
    except Exception:  # noqa: BLE001 - whatever it raises on odd input, it did not call the pair equal
        verdicts.append(False)
seconds = time.process_time() - started
for verdict in verdicts:
    print(json.dumps(bool(verdict)))
print(json.dumps(seconds))
