"""What is remembered of each conversation in few bytes is what a dictionary would remember."""

from hypothesis import given
from hypothesis import strategies as st

from gptexit.files.numbers import NumberMap

NUMBER = st.integers(-(2**63), 2**63 - 1)
# Keys that are often the same, or meet at one place.
KEY = st.one_of(NUMBER.filter(bool), st.integers(1, 9), st.integers(1, 9).map(lambda n: n << 40))


@given(st.lists(st.tuples(KEY, NUMBER), max_size=300))
def test_a_map_answers_as_a_dictionary_does(pairs: list[tuple[int, int]]) -> None:
    numbers, expected = NumberMap(), dict[int, int]()
    for key, value in pairs:
        assert (key in numbers) == (key in expected)
        assert numbers.put(key, value) == expected.get(key)
        expected[key] = value
    assert all(numbers.setdefault(key, 7) == value for key, value in expected.items())


def test_a_value_that_is_there_stays() -> None:
    numbers = NumberMap()
    assert numbers.setdefault(5, 1) == 1
    assert numbers.setdefault(5, 2) == 1


def test_each_of_many_keys_keeps_its_value() -> None:
    numbers = NumberMap()
    keys = [hash(str(number)) for number in range(5_000)]
    for number, key in enumerate(keys):
        assert numbers.put(key, number) is None
    assert [numbers.setdefault(key, -1) for key in keys] == list(range(5_000))
    assert hash("another") not in numbers
