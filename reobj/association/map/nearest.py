"""Which objects look most like the views of a track, in maps too large to compare with all of them."""

from __future__ import annotations

import importlib
import logging
import threading
import weakref

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.prototype_bank import PrototypeBank
from reobj.association.map.prototype_index import PrototypeIndex

Array = NDArray[np.float32]
Indices = NDArray[np.intp]

#: prototypes per track that the index names, shared among its views, and the least per view
_NAMED_PER_TRACK, _NAMED_PER_VIEW = 256, 64
#: the index is built anew when the map is this many times as large as then,
#: or when it has this many times as many prototypes as the map
_GROWTH, _STALE = 4, 2
#: objects, and prototypes that changed, that are taken into the index before a question is answered,
#: and objects per step of building it: other threads get their turn in between
_STEP = 1024

log = logging.getLogger(__name__)


class NearestObjects:
    """Objects by their looks: by comparison with all prototypes, or in a large map by an index.

    Nothing is built before the first question, so that a map with poses pays nothing. The index is
    built by a thread of its own; until it is there, all prototypes are compared, and without faiss
    always. What the index names is compared again with the prototypes themselves.

    Args:
        bank: the prototypes of all objects; row r here is row r there.
        index_from: objects from which on a faiss index is used.
    """

    def __init__(self, bank: PrototypeBank, index_from: int = 5_000) -> None:
        self._bank, self._index_from = bank, index_from
        self._index: PrototypeIndex | None = None
        self._builder: _Builder | None = None
        self._changes: set[int] = set()  # numbers of prototypes, each once however often nobody asks

    @property
    def index(self) -> PrototypeIndex | None:
        """The index in use; None while all prototypes are compared."""
        return self._index

    def changed(self, rows: Indices, slots: Indices) -> None:
        """Prototypes (M,) of these objects (M,) were written to the bank; new objects it finds by itself."""
        if self._index is not None or self._builder is not None:
            self._changes.update((rows * self._bank.slots + slots).tolist())

    def near(self, views: Array, k: int, among: NDArray[np.bool_]) -> Indices:
        """The rows of the k objects most like each track, of all tracks together, ascending.

        Args:
            views: (T, V, D) unit rows; an object is as like a track as its prototype nearest to any view.
            k: objects per track.
            among: (R,) which objects are wanted.
        """
        self._refresh()
        if self._index is None:
            best = self._compared(views, k, np.flatnonzero(among))
        else:
            rows, likeness = self._named(self._index, views)
            wanted = (rows >= 0) & among[rows]
            best = [_best(rows[t, w], likeness[t, w], k) for t, w in enumerate(wanted)]
        return np.unique(np.concatenate([np.zeros(0, np.intp), *best]))

    def settle(self) -> None:
        """Waits until the index that the map is large enough for is in use."""
        self._refresh()
        if self._builder is not None:
            self._builder.join()
        self._refresh()

    def _compared(self, views: Array, k: int, wanted: Indices) -> list[Indices]:
        """The best k of the wanted objects for each track."""
        t, v, dim = views.shape
        flat = views.reshape(t * v, dim).T
        parts = [np.zeros((t, 0), np.float32)]
        for prototypes, used in self._bank:
            every = (prototypes.reshape(-1, dim) @ flat).reshape(*used.shape, t, v)
            every[~used] = -np.inf
            parts.append(every.max(axis=(1, 3)).T)
        likeness = np.concatenate(parts, axis=1)[:, wanted]
        if k >= len(wanted):
            return [wanted]
        return list(wanted[np.argpartition(-likeness, k, axis=1)[:, :k]])

    def _named(self, index: PrototypeIndex, views: Array) -> tuple[Indices, Array]:
        """(T, N) objects of the prototypes that the index names, -1 for none, and their likeness."""
        t, v, dim = views.shape
        count = max(_NAMED_PER_VIEW, _NAMED_PER_TRACK // v)
        rows, slots = index.search(views.reshape(t * v, dim), count)
        prototypes = self._bank.pick(np.maximum(rows, 0).ravel(), slots.ravel()).reshape(t * v, count, dim)
        likeness = np.einsum("qnd,qd->qn", prototypes, views.reshape(t * v, dim), optimize=True)
        return rows.reshape(t, v * count), likeness.reshape(t, v * count)

    def _refresh(self) -> None:
        if self._builder is None and self._outgrown():
            self._builder, self._changes = _Builder(self, self._bank), set()
            self._builder.start()
        if self._builder is not None and not self._builder.is_alive():
            if self._builder.index is None:
                self._index_from = np.iinfo(np.int64).max  # do not try again
            self._index, self._builder = self._builder.index, None
        if self._index is not None:
            self._index.take_in(min(len(self._bank), self._index.known + _STEP))
            if self._builder is None:
                self._catch_up(self._index)

    def _outgrown(self) -> bool:
        size = len(self._bank)
        if size < self._index_from or self._index is None:
            return size >= self._index_from
        prototypes = self._index.entries + len(self._changes)
        return size > _GROWTH * self._index.built_for or prototypes > _STALE * self._bank.counts.sum()

    def _catch_up(self, index: PrototypeIndex) -> None:
        some = [self._changes.pop() for _ in range(min(_STEP, len(self._changes)))]
        rows, slots = np.divmod(np.array(some, np.intp), self._bank.slots)
        wanted = (rows < index.known) & (slots < self._bank.counts[rows])
        if wanted.any():
            index.add(rows[wanted], slots[wanted])


class _Builder(threading.Thread):
    """Builds an index of the bank; ``index`` stays None where that cannot be done.

    It ends when nobody waits for it: a map that was reset gives its memory back at once.
    """

    def __init__(self, owner: NearestObjects, bank: PrototypeBank) -> None:
        super().__init__(name="prototype index", daemon=True)
        self._owner, self._bank = weakref.ref(owner), bank
        self.index: PrototypeIndex | None = None

    def run(self) -> None:
        try:
            faiss = importlib.import_module("faiss")
            faiss.omp_set_num_threads(1)  # of this thread only
            index = PrototypeIndex(faiss, self._bank)
            while index.known < index.built_for:
                if self._owner() is None:
                    return
                index.take_in(min(index.built_for, index.known + _STEP))
            self.index = index
        except (ImportError, MemoryError, RuntimeError) as error:
            log.warning("no index, so all %d objects are compared with: %s", len(self._bank), error)


def _best(rows: Indices, likeness: Array, k: int) -> Indices:
    """The k different rows among (N,) whose highest likeness (N,) is highest."""
    ordered = rows[np.argsort(-likeness, kind="stable")]
    _, first = np.unique(ordered, return_index=True)
    return ordered[np.sort(first)[:k]]
