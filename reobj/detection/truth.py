"""True label images kept by stamp until the detector asks for them."""

from __future__ import annotations

import threading
from collections import OrderedDict

from reobj.errors import InputError
from reobj.types import LabelImage


class TruthBuffer:
    """The last true label images by stamp. One thread may put while another one looks up.

    Args:
        capacity: label images kept; the one put first leaves first. More takes more memory
            (0.6 MB each at 640x480), fewer loses frames whose image comes late.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._images: OrderedDict[int, LabelImage] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, stamp_ns: int, label_image: LabelImage) -> None:
        """Keeps ``label_image``; one that is there for this stamp is replaced."""
        with self._lock:
            self._images.pop(stamp_ns, None)
            self._images[stamp_ns] = label_image
            while len(self._images) > self._capacity:
                self._images.popitem(last=False)

    def __contains__(self, stamp_ns: int) -> bool:
        with self._lock:
            return stamp_ns in self._images

    def __call__(self, stamp_ns: int) -> LabelImage:
        """The label image of exactly this stamp.

        Raises:
            InputError: it never came, or has left already.
        """
        with self._lock:
            found = self._images.get(stamp_ns)
            if found is None:
                raise InputError(
                    f"label image: expected one of stamp {stamp_ns} ns, got none among {len(self._images)}"
                )
            return found
