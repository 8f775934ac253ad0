import mmap
from pathlib import Path

import numpy as np
import pytest

from reobj.association.map.prototype_bank import PrototypeBank
from reobj.errors import InputError

P, D = 8, 512  # 1,024 objects a block


def banks(n, seed=0, slots=P, dim=D):
    x = np.random.default_rng(seed).standard_normal((n, slots, dim), dtype=np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def filled(n, **settings):
    bank, data = PrototypeBank(P, D, **settings), banks(n)
    for part in np.array_split(np.arange(n), 7):
        bank.append(data[part], np.full(len(part), P))
    return bank, data


def test_rows_of_any_block_come_back_in_the_order_asked_for():
    bank, data = filled(2500)
    rows = np.array([2499, 3, 1024, 3, 1023, 0])
    np.testing.assert_array_equal(bank.gather(rows), data[rows])
    assert bank.gather(np.zeros(0, np.intp)).shape == (0, 1, D)
    assert len(bank) == 2500


def test_the_parts_together_are_all_objects_in_order():
    bank, data = filled(2500)
    parts = [block for block, used in bank if used.all()]
    np.testing.assert_array_equal(np.concatenate(parts), data)


@pytest.mark.parametrize("half_from", [10**9, 1])
def test_objects_are_as_wide_as_the_fullest_of_those_asked_for_and_the_rest_repeats_the_first(half_from):
    bank, data = PrototypeBank(P, D, half_from), banks(5)
    if half_from == 1:
        data = data.astype(np.float16).astype(np.float32)
    bank.append(data, np.array([3, 1, 0, 2, P]))
    wide, narrow = bank.gather(np.array([3, 0])), bank.gather(np.array([1, 3]), 1)
    np.testing.assert_array_equal(wide[1], data[0, :3])
    np.testing.assert_array_equal(wide[0], data[3, [0, 1, 0]])
    np.testing.assert_array_equal(narrow, data[[1, 3], :1])
    ((block, used),) = bank
    assert used.sum(axis=1).tolist() == [3, 1, 0, 2, P]
    np.testing.assert_array_equal(
        block[used], np.concatenate([data[0, :3], data[1, :1], data[3, :2], data[4]])
    )


def test_banks_narrower_than_the_slots_can_be_filled_up_later():
    bank, data = PrototypeBank(P, D), banks(2)
    rows = bank.append(data[:, :2], np.array([2, 1]))
    bank.counts[rows] = 3
    bank.write(np.array([0, 1, 1]), np.array([2, 1, 2]), data[[0, 1, 1], [2, 1, 2]])
    np.testing.assert_array_equal(bank.gather(rows), data[:, :3])


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def small_pages():
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return mmap.PAGESIZE == 4096 and huge.exists() and "[always]" not in huge.read_text()


@pytest.mark.skipif(not small_pages(), reason="the system gives memory in larger pages than 4 kB")
def test_places_that_are_not_used_take_no_memory_and_all_of_it_comes_back():
    data, before = banks(4096, slots=1), resident()
    bank = PrototypeBank(P, D)
    bank.append(data, np.ones(4096, np.int64))
    full = 4096 * P * D * 4
    assert 0.2 * full < resident() - before < 0.4 * full  # a quarter: a page of 4 kB for an embedding of 2 kB
    del bank
    assert resident() - before < 0.05 * full


def test_writing_changes_just_the_slots_that_are_named():
    bank, data = filled(1500)
    rows, slots, new = np.array([1400, 7, 7]), np.array([0, 7, 2]), banks(3, seed=1)[:, 0]
    bank.write(rows, slots, new)
    data[rows, slots] = new
    np.testing.assert_array_equal(bank.gather(np.arange(1500)), data)
    np.testing.assert_array_equal(bank.pick(rows, slots), new)


def test_counts_are_kept_and_can_be_written_to():
    bank = PrototypeBank(2, 4)
    for n in range(1, 40):
        bank.append(banks(1, slots=2, dim=4), np.array([1 + n % 2]))
    bank.counts[3] = 2
    assert bank.counts.tolist() == [2 if i == 3 else 1 + (i + 1) % 2 for i in range(39)]


def test_growing_leaves_full_blocks_where_they_are():
    bank, _ = filled(1024)
    first, _ = next(iter(bank))
    bank.append(banks(1024), np.full(1024, P))
    assert np.shares_memory(first, next(iter(bank))[0])


def test_in_half_precision_numbers_are_those_that_numpy_makes():
    bank, data = filled(300, half_from=1)
    np.testing.assert_array_equal(bank.gather(np.arange(300)), data.astype(np.float16).astype(np.float32))


def test_similarities_change_by_less_than_stated_in_half_precision():
    bank, data = filled(300, half_from=1)
    query = banks(50, seed=2)[:, 0]
    change = bank.gather(np.arange(300)) @ query.T - data @ query.T
    assert 0 < np.abs(change).max() < 2**-11


def test_signs_zeros_and_numbers_below_the_normal_range_survive_halving():
    values = np.array([0.0, -0.0, 1.0, -1.0, 2.0**-20, -(2.0**-24), 6e-8, 0.333], np.float32)
    bank = PrototypeBank(1, 8, half_from=1)
    bank.append(values[None, None], np.ones(1, np.int64))
    got = bank.gather(np.zeros(1, np.intp))[0, 0]
    np.testing.assert_array_equal(got, values.astype(np.float16).astype(np.float32))
    assert np.signbit(got[1])


def test_blocks_are_halved_one_with_each_append_and_new_ones_begin_in_half_precision():
    bank, data = filled(2048, half_from=2049)
    megabytes = [(bank.nbytes - bank.counts.base.nbytes) >> 20]
    for _ in range(4):
        bank.append(data[:1], np.ones(1, np.int64))
        megabytes.append((bank.nbytes - bank.counts.base.nbytes) >> 20)
    assert megabytes == [32, 8 + 16, 16, 16, 16]
    np.testing.assert_allclose(bank.gather(np.arange(2048)), data, atol=2**-11)


def test_banks_of_another_shape_are_refused():
    with pytest.raises(InputError, match="banks"):
        PrototypeBank(2, 4).append(banks(3, slots=2, dim=5), np.ones(3, np.int64))
