"""Which images of an instance a network is shown: the setups of the papers' tables, and their ablation.

re-OBJ (Bansal et al. 2019, section 4) compares ``no-train``, ``full`` and ``concat``; ``foreground`` and
``background`` alone show what each of the two is worth.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from reobj.encoding.crops import Crops
from reobj.errors import ModelError, mismatch

Setup = Literal["no-train", "full", "concat", "foreground", "background"]
"""``concat`` sees foreground and background as two images, ``full`` both in one, ``no-train`` like ``full``
but with nothing learnt, ``foreground`` and ``background`` one of them only."""


def stream_names(setup: Setup) -> tuple[str, ...]:
    """The images of a setup in their order: of ``full``, ``foreground`` and ``background``.

    Raises:
        ModelError: no such setup.
    """
    if setup not in get_args(Setup):
        raise ModelError(mismatch("setup", f"one of {', '.join(get_args(Setup))}", repr(setup)))
    if setup == "concat":
        return ("foreground", "background")
    return ("full",) if setup in ("full", "no-train") else (setup,)


def stream_images(crops: Crops, setup: Setup) -> list[Tensor]:
    """One image (N, 3, S, S) per stream, in the order of ``stream_names``.

    Raises:
        ModelError: no such setup.
    """
    return [full_crop(crops) if name == "full" else getattr(crops, name) for name in stream_names(setup)]


def full_crop(crops: Crops) -> Tensor:
    """The crops (N, 3, S, S) as they were before they were taken apart."""
    return torch.where(crops.mask > 0, crops.foreground, crops.background)
