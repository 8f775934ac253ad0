"""The prototypes of all objects, in blocks that are never copied as the map grows."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

Array = NDArray[np.float32]
Half = NDArray[np.float16]
Indices = NDArray[np.intp]

#: bytes of a block in single precision: small enough that halving one goes unnoticed in a frame
_BLOCK_BYTES = 1 << 24
#: 2 to the bias of float32's exponent less that of float16
_REBIAS = np.float32(2.0**112)


class PrototypeBank:
    """Up to P unit rows of D numbers for each object.

    Blocks are pages that take memory when they are first written to, so that an object takes as much
    as it has prototypes, to the next 4 kB; with transparent huge pages "always" on, to the next 2 MB.

    From ``half_from`` objects on they are kept in half precision. What is there by then is converted
    block by block, one with each call of ``append``, so that no frame has to wait. Half precision
    changes a number by at most 2^-11 of itself, and so a similarity by at most 2^-11.

    Args:
        slots: P, prototypes per object at most.
        dim: D.
        half_from: objects from which on half precision is used.
    """

    def __init__(self, slots: int, dim: int, half_from: int = 100_000) -> None:
        self._shape, self._half_from = (slots, dim), half_from
        self._per_block = max(1, _BLOCK_BYTES // max(1, slots * dim * 4))
        self._blocks: list[Array | Half] = []
        self._halved = 0  # blocks before this one are in half precision
        self._counts: NDArray[np.int64] = np.zeros(16, np.int64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def slots(self) -> int:
        """P, prototypes per object at most."""
        return self._shape[0]

    @property
    def dim(self) -> int:
        """D."""
        return self._shape[1]

    @property
    def counts(self) -> NDArray[np.int64]:
        """(R,) how many prototypes each object has; a writable view, valid until the next append.

        Who raises one writes the prototypes right after it.
        """
        return self._counts[: self._size]

    @property
    def nbytes(self) -> int:
        """Bytes of the prototypes and of the counts, without what is left of their pages."""
        used = (self.counts[start : start + self._per_block].sum() for start in self._starts())
        sizes = (block.itemsize * self.dim for block in self._blocks)
        return int(sum(n * size for n, size in zip(used, sizes, strict=True))) + self._counts.nbytes

    def append(self, banks: Array, counts: NDArray[np.int64]) -> Indices:
        """Adds N objects.

        Args:
            banks: (N, W, D) unit rows, W <= P.
            counts: (N,) how many of the W are there; 0 for an object without any.

        Returns:
            (N,) their rows.

        Raises:
            InputError: the banks have another shape.
        """
        width = min(banks.shape[1], self.slots)
        if banks.shape != (len(counts), width, self.dim):
            raise InputError(mismatch("banks", (len(counts), width, self.dim), banks.shape))
        rows = np.arange(self._size, self._size + len(counts))
        self._reserve(self._size + len(counts))
        self._size += len(counts)
        self._counts[rows] = counts
        at, slots = np.nonzero(_used(counts, width))
        self.write(rows[at], slots, banks[at, slots])
        self._halve_one()
        return rows

    def gather(self, rows: Indices, width: int | None = None) -> Array:
        """Copies of the prototypes of C objects, in single precision.

        Args:
            rows: (C,) objects.
            width: W; None for as many as one of these objects has at most.

        Returns:
            (C, W, D); where an object has fewer than W, the rest repeats its first one.
        """
        counts = self._counts[rows]
        if width is None:
            width = int(counts.max(initial=1))
        places = np.where(_used(counts, width), np.arange(width), 0)
        parts = list(self._parts(rows))
        if len(parts) == 1:  # as in most maps; without a second copy
            return self._taken(parts[0][0], parts[0][2], places)
        gathered = np.empty((len(rows), width, self.dim), np.float32)
        for block, at, within in parts:
            gathered[at] = self._taken(block, within, places[at])
        return gathered

    def _taken(self, block: int, within: Indices, places: Indices) -> Array:
        flat = self._blocks[block].reshape(-1, self.dim)
        return _as_single(flat.take(within[:, None] * self.slots + places, axis=0))

    def pick(self, rows: Indices, slots: Indices) -> Array:
        """(M, D) copies of one prototype of each of M objects, in single precision."""
        picked = np.empty((len(rows), self.dim), np.float32)
        for block, at, within in self._parts(rows):
            picked[at] = _as_single(self._blocks[block][within, slots[at]])
        return picked

    def __iter__(self) -> Iterator[tuple[Array, NDArray[np.bool_]]]:
        """All objects by parts, in the order of rows: (B, W, D) not to be written, (B, W) which are there."""
        for start, block in zip(self._starts(), self._blocks, strict=True):
            counts = self.counts[start : start + self._per_block]
            width = int(counts.max(initial=1))
            yield _as_single(block[: len(counts), :width]), _used(counts, width)

    def write(self, rows: Indices, slots: Indices, embeddings: Array) -> None:
        """Replaces prototypes.

        Args:
            rows: (M,) objects.
            slots: (M,) which of their P.
            embeddings: (M, D) unit rows; ``counts`` says whether they count.
        """
        for block, at, within in self._parts(rows):
            self._blocks[block][within, slots[at]] = embeddings[at]

    def _starts(self) -> range:
        """The first row of each block."""
        return range(0, len(self._blocks) * self._per_block, self._per_block)

    def _parts(self, rows: Indices) -> Iterator[tuple[int, Indices, Indices]]:
        """Rows by block: its number, which of the rows they are, and where they stand in the block."""
        numbers, within = np.divmod(rows, self._per_block)
        order = np.argsort(numbers, kind="stable")
        starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
        for at in np.split(order, starts[1:]) if len(rows) else ():
            yield int(numbers[at[0]]), at, within[at]

    def _reserve(self, size: int) -> None:
        while len(self._blocks) * self._per_block < size:
            dtype = np.float16 if size >= self._half_from else np.float32
            self._blocks.append(self._new_block(dtype))
        if size > len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros(max(size, self._size), np.int64)])

    def _halve_one(self) -> None:
        if self._size < self._half_from or self._halved == len(self._blocks):
            return
        block = self._blocks[self._halved]
        if block.dtype == np.float32:
            start = self._halved * self._per_block
            used = np.nonzero(_used(self.counts[start : start + self._per_block], self.slots))
            half = self._new_block(np.float16)
            half[used] = block[used]
            self._blocks[self._halved] = half  # when it is whole: an index may be reading in its thread
        self._halved += 1

    def _new_block(self, dtype: type[np.float32] | type[np.float16]) -> Array | Half:
        """Pages of its own: they take memory when they are written to and give all of it back at the end."""
        shape = self._per_block, *self._shape
        size = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return np.ndarray(shape, dtype, pages)


def _used(counts: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """(C, width) which places of C objects hold a prototype."""
    return np.arange(width) < counts[:, None]


def _as_single(block: Array | Half) -> Array:
    """In single precision; the block itself where it is.

    Exact for all finite numbers, and four times as fast as numpy's conversion: the bits are moved
    to where float32 has them, and the exponent is put right by a multiplication.
    """
    if block.dtype == np.float32:
        return np.asarray(block, np.float32)
    bits: NDArray[np.uint32] = block.view(np.uint16).astype(np.uint32)
    sign: NDArray[np.uint32] = (bits & np.uint32(0x8000)) << np.uint32(16)
    bits &= np.uint32(0x7FFF)
    bits <<= np.uint32(13)
    single = bits.view(np.float32)
    single *= _REBIAS
    bits |= sign
    return single
