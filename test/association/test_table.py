import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reobj.association.table import Table


def filled(n):
    table = Table({"id": ((), np.int64), "pair": ((2,), np.float32)})
    table.append(n, id=np.arange(n), pair=np.stack([np.arange(n)] * 2, axis=1))
    return table


@given(st.lists(st.booleans(), max_size=40))
def test_keep_leaves_exactly_the_rows_of_the_mask_and_all_columns_agree(mask):
    table = filled(len(mask))
    table.keep(np.array(mask, dtype=bool))
    assert sorted(table["id"].tolist()) == [i for i, kept in enumerate(mask) if kept]
    assert (table["pair"] == table["id"][:, None]).all()


def test_a_column_without_a_value_is_zero_even_where_a_row_was_removed():
    table = filled(3)
    table.keep(np.array([True, True, False]))
    table.append(1, id=9)
    assert table["pair"][2].tolist() == [0, 0]


def test_rows_stay_when_the_arrays_grow():
    table = filled(10)
    table.append(100, id=np.arange(10, 110))
    assert table["id"].tolist() == list(range(110))


def test_memory_does_not_grow_with_rows_that_are_gone():
    table = filled(0)
    for _ in range(200):
        table.append(10, id=1)
        table.keep(np.zeros(10, dtype=bool))
    assert table["id"].base.shape[0] <= 32
