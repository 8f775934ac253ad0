"""Prototypes in a faiss index: inverted lists of product-quantised embeddings."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.prototype_bank import PrototypeBank

Array = NDArray[np.float32]
Indices = NDArray[np.intp]

#: codes of 4 bits per embedding: 64 bytes
_MOST_CODES = 128
#: inverted lists, about the root of the number of prototypes, and how many of them are searched
_FEWEST_LISTS, _MOST_LISTS, _PROBES = 64, 2048, 64
#: prototypes that the codes are made from: 256 for each of a code's 16 values, faiss's own limit
_TRAINING_SAMPLE = 4096


class PrototypeIndex:
    """Finds the prototypes most like a view without a look at most of the others.

    Inverted lists around sampled prototypes, with 4-bit product-quantised codes in them (IVF-PQ, Jegou
    et al. 2011; scanned in registers, Andre et al. 2017). Sampled centres find as much as those of
    k-means here and take no time. A prototype that was replaced stays in, as another look of its object;
    who asks compares with what the bank holds.

    Args:
        faiss: the module.
        bank: at least one prototype, which the index is made for; ``take_in`` puts them into it.

    Attributes:
        built_for: number of objects when it was built.
        known: rows before this one are taken in.
    """

    def __init__(self, faiss: ModuleType, bank: PrototypeBank) -> None:
        self._bank = bank
        self.built_for, self.known = len(bank), 0
        rng = np.random.default_rng(0)
        lists = _lists(int(bank.counts.sum()))
        per_code = -(-bank.dim // _MOST_CODES)
        codes = -(-bank.dim // per_code)
        dim = codes * per_code
        self._padding = dim - bank.dim
        centres = faiss.IndexFlatIP(dim)
        centres.add(self._sample(rng, lists))
        self._index = faiss.IndexIVFPQFastScan(centres, dim, lists, codes, 4, faiss.METRIC_INNER_PRODUCT)
        self._index.train(self._sample(rng, _TRAINING_SAMPLE))
        self._index.nprobe = _PROBES

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and their numbers."""
        return int(self._index.ntotal) * (int(self._index.code_size) + 8)

    @property
    def entries(self) -> int:
        """Prototypes in the index, with those that were replaced."""
        return int(self._index.ntotal)

    def take_in(self, size: int) -> None:
        """Adds the objects of the bank from ``known`` to ``size``."""
        rows = np.arange(self.known, size)
        at, slots = np.nonzero(np.arange(self._bank.slots) < self._bank.counts[rows][:, None])
        if len(at):
            self.add(rows[at], slots)
        self.known = size

    def add(self, rows: Indices, slots: Indices) -> None:
        """Adds prototypes (M,) of objects (M,) as the bank has them now."""
        embeddings = self._padded(self._bank.pick(rows, slots))
        self._index.add_with_ids(embeddings, rows.astype(np.int64) * self._bank.slots + slots)

    def search(self, views: Array, count: int) -> tuple[Indices, Indices]:
        """Rows and slots (Q, count) of the prototypes most like each view (Q, D), row -1 for none."""
        _, numbers = self._index.search(self._padded(views), count)
        rows, slots = np.divmod(numbers, self._bank.slots)
        return rows, slots

    def _sample(self, rng: np.random.Generator, count: int) -> Array:
        rows = rng.choice(np.flatnonzero(self._bank.counts[: self.built_for]), count)
        slots = rng.integers(0, self._bank.counts[rows])
        return self._padded(self._bank.pick(rows, slots))

    def _padded(self, embeddings: Array) -> Array:
        return np.pad(embeddings, ((0, 0), (0, self._padding)))


def _lists(prototypes: int) -> int:
    return int(np.clip(2 ** round(np.log2(max(prototypes, 1)) / 2), _FEWEST_LISTS, _MOST_LISTS))
