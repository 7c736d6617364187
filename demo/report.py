"""Writes the measured part of README.md from report.json, so that no figure is typed by hand."""

import json
from pathlib import Path

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def percent(figure: dict) -> str:
    """`.362 [.319, .411]`."""
    if figure["value"] is None:
        return "–"
    value, low, high = (f"{figure[k]:.3f}".removeprefix("0") for k in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def table(header: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def figures_table(rows: list[tuple[str, dict]]) -> str:
    """Name, figure with its interval, n."""
    return table(["figure", "value [95 %]", "n"], [[name, percent(f), f["n"]] for name, f in rows])


def render(report: dict) -> str:
    """The Markdown between the two marks."""
    base, made = report["base"], report["made"]
    features = {"0": "no feature", "1": "one feature", "2": "two or more features"}
    attempts = [("pass@1", base["pass_at_1"]), ("pass@8", base["pass_at_8"])]
    attempts += [("greedy", base["greedy"]), ("chance (answers to other problems)", base["chance"])]
    attempts += [(f"pass@1, {k}", v) for k, v in base["by_level"].items()]
    attempts += [(f"pass@1, {features[k]}", v) for k, v in base["by_features"].items()]
    gated = [
        ("plain retry", base["retry"]),
        ("**fix after the model's own reflection**", base["fix"]),
        ("plain retry, mixed groups only", base["retry_mixed"]),
        ("fix, mixed groups only", base["fix_mixed"]),
        ("diagnosis right (line and kind)", base["diagnosis"]),
        ("P(fix \\| diagnosis right)", base["fix_given_right"]),
        ("P(fix \\| diagnosis wrong)", base["fix_given_wrong"]),
        ("`should be` right, where the diagnosis is", base["should_be_right"]),
        ("reflection has its form", base["reflection_parsed"]),
    ]
    look, check = base["intrinsic"], base["verification"]
    other = [
        ("Acc@t1", look["acc_t1"]),
        ("Acc@t2 after `<l>`", look["acc_t2"]),
        ("Δ i→c", look["delta_i_to_c"]),
        ("Δ c→i", look["delta_c_to_i"]),
        ("the same solution again", look["same_solution"]),
        ("verification accuracy after `<v>`", check["accuracy"]),
        ("error recall", check["error_recall"]),
        ("correct precision", check["correct_precision"]),
        ("verification has its form", check["parsed"]),
    ]
    tokens = [[k, v["mean"], v["p95"], v["max"]] for k, v in base["tokens"].items()]
    kinds = sorted(base["error_kinds"].items(), key=lambda item: -item[1])
    phases = [
        [p["name"], p["steps"], p["batch"], p["lr"], f"{p['tokens_learnt'] / 1e6:.1f} M",
         p["seconds"], p["cpu_seconds"] or "not recorded"]
        for p in made["phases"]
    ]  # fmt: skip
    return "\n\n".join(
        [
            (
                f"Measured on {base['problems']} held-out problems, {base['group']} samples each at "
                "temperature 1, by the command above (`report.json` has everything). Intervals: "
                "percentile bootstrap over problems, 2000 resamples, 95 %."
            ),
            "### First attempts\n\n" + figures_table(attempts),
            "Problems by successes out of 8:",
            table([str(k) for k in range(9)], [base["successes"]]),
            (
                f"Mixed groups (1..7): {base['mixed_groups']}; kept by the default variance filter "
                f"(2..6): {base['kept_groups']}, of {base['problems']}."
            ),
            "First error of the wrong attempts: "
            + ", ".join(f"{kind} {n}" for kind, n in kinds)
            + ". `arithmetic` is a slip that no single misconception explains; `none` means that "
            "every line holds (or there is none) and only the box is wrong or missing.",
            "### Second attempts, oracle-gated (told that the answer is wrong)\n\n" + figures_table(gated),
            (
                "All wrong attempts of all groups, one reflection each. Plain retry is computed from "
                "the other seven attempts of the group, the unbiased estimate of a fresh one."
            ),
            "### Second turns for SCoRe and S²R, intrinsic (two first attempts a problem, right or wrong)\n\n"
            + figures_table(other),
            "### Lengths in tokens\n\n" + table(["", "mean", "95th percentile", "longest"], tokens),
            "### How it was made\n\n"
            + table(["phase", "steps", "batch", "lr", "tokens learnt", "seconds", "of CPU"], phases),
            (
                f"{made['parameters']:,} parameters, {made['vocabulary']} tokens, seed {made['seed']}; "
                "export "
                f"{made['export_seconds']} s, measuring {made['measure_seconds']} s, all on one thread"
                f" ({made['machine']})."
            ),
            "### Attempts and reflections to read",
            *[example(e) for e in base["examples"]],
        ]
    )


def example(e: dict) -> str:
    """One wrong attempt and the base model's reflection on it."""
    verdict = f"{'fixed' if e['fixed'] else 'not fixed'}, diagnosis {'right' if e['diagnosis'] else 'wrong'}"
    return (
        f"**{e['problem']}** (answer {e['answer']}; truth: {e['truth']}) — {verdict}\n\n"
        f"```text\n{e['attempt']}\n\n{e['reflection']}\n```"
    )


def write_readme(folder: Path) -> None:
    """Replaces what stands between the marks in README.md."""
    report = json.loads((folder / "report.json").read_text())
    path = folder / "README.md"
    text = path.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{render(report)}\n{END}{after}")
