import random
from collections import Counter
from dataclasses import replace

import pytest

from errata_trainer.filter import keeps, relative_variance
from errata_trainer.pool import ErrorPool, PoolError, first_differing_line


def error(problem="p", answer="1", line="a", solution="s"):
    return PoolError(problem, f"solve {problem}", "0", solution, answer, line)


def test_at_most_two_of_a_problem_a_visit_and_more_at_the_next():
    pool = ErrorPool(10, 2, 2)
    assert pool.admit(error(answer=str(i)) for i in range(4)) == 2
    assert pool.admit([error(answer="9")]) == 1
    assert [e.answer for e in pool.errors] == ["0", "1", "9"]


def test_the_same_mistake_enters_once():
    pool = ErrorPool(10, 5, 2)
    assert pool.admit([error(), error(solution="other words"), error(line="b"), error(problem="q")]) == 3
    assert pool.admit([error()]) == 0


def test_the_oldest_leave_a_full_pool():
    pool = ErrorPool(3, 9, 2)
    pool.admit(error(answer=str(i)) for i in range(5))
    assert [e.answer for e in pool.errors] == ["2", "3", "4"]
    assert (pool.admitted, pool.evicted) == (5, 2)


def test_each_error_is_used_at_most_twice_and_the_least_used_come_first():
    pool = ErrorPool(10, 9, 2)
    pool.admit(error(answer=str(i)) for i in range(3))
    rng = random.Random(0)
    first = {e.answer for e in pool.draw(2, rng)}
    (second,) = {"0", "1", "2"} - first
    assert second in {e.answer for e in pool.draw(2, rng)}
    assert len(pool) == pool.uses_left == 2
    assert len(pool.draw(2, rng)) == 2
    assert len(pool) == 0
    assert pool.draw(1, rng) == []


def test_a_small_pool_gives_an_error_several_places_and_counts_each():
    pool = ErrorPool(10, 9, 2)
    pool.admit(error(answer=str(i)) for i in range(3))
    drawn = Counter(e.answer for e in pool.draw(4, random.Random(0)))
    assert sorted(drawn.values()) == [1, 1, 2]
    (spent,) = (answer for answer, times in drawn.items() if times == 2)
    assert spent not in {e.answer for e in pool.errors}
    # Two uses are left: they wait until the pool can fill a step.
    assert pool.draw(3, random.Random(1)) == []
    assert (len(pool), pool.uses_left) == (2, 2)


def test_the_state_survives_a_checkpoint():
    pool = ErrorPool(3, 9, 2)
    pool.admit(error(answer=str(i)) for i in range(5))
    pool.draw(1, random.Random(1))
    again = ErrorPool(3, 9, 2)
    again.load(pool.state())
    assert again.state() == pool.state()
    assert again.draw(3, random.Random(2)) == pool.draw(3, random.Random(2))


def test_unique_share():
    pool = ErrorPool(9, 9, 2)
    assert pool.unique == 0
    pool.admit([error("p", "1"), error("p", "2"), error("q"), error("r")])
    assert pool.unique == 0.75


def test_entropy_of_the_error_types_that_are_known():
    pool = ErrorPool(9, 9, 2)
    assert (pool.type_entropy, pool.typed) == (None, 0)
    pool.admit(replace(error(answer=str(i)), error_type=t) for i, t in enumerate(["sign", "sign", None]))
    assert (pool.type_entropy, pool.typed) == (0, pytest.approx(2 / 3))
    pool.admit(replace(error(answer=f"9{i}"), error_type=t) for i, t in enumerate(["carry", "copy"]))
    # Halves of 1 bit and quarters of 2.
    assert pool.type_entropy == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 2)
    again = ErrorPool(9, 9, 2)
    again.load(pool.state())
    assert again.type_entropy == pool.type_entropy


def test_first_differing_line():
    right = ["2x+3=7\n2x=4\nx=2"]
    assert first_differing_line("2x+3=7\n2x=10\nx=5", right) == "2x=10"
    assert first_differing_line("a\nb", []) == "a"
    assert first_differing_line("2x=4", right) == ""


@pytest.mark.parametrize(
    ("filter_", "kept"),
    [
        ({"kind": "variance", "min": 0.5}, [2, 3, 4, 5, 6]),
        ({"kind": "variance", "min": 1}, [4]),
        ({"kind": "mixed"}, [1, 2, 3, 4, 5, 6, 7]),
        ({"kind": "band", "low": 0.1, "high": 0.7}, [1, 2, 3, 4, 5]),
        ({"kind": "all"}, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_which_k_of_8_are_kept(filter_, kept):
    assert [k for k in range(9) if keeps(filter_, k, 8)] == kept


def test_variance_is_relative_to_the_largest_of_its_group_size():
    assert relative_variance(2, 5) == relative_variance(3, 5) == 1
    assert relative_variance(0, 0) == 0


def test_a_group_needs_four_scored_attempts():
    assert not keeps({"kind": "mixed"}, 1, 3)
    assert keeps({"kind": "mixed"}, 1, 4)
