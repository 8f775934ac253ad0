"""Which products exist in a scene: a few models of each class, placed many times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reobj.scans.simulator.catalog import electronics, seating, soft, tables, tableware
from reobj.scans.simulator.scene import Model

Maker = Callable[[np.random.Generator, str], Model]

PRODUCTS: dict[str, tuple[tuple[Maker, ...], int]] = {
    "dining chair": ((seating.wooden_chair, seating.shell_chair), 2),
    "desk chair": ((seating.office_chair, seating.shell_chair), 2),
    "stool": ((seating.stool,), 1),
    "couch": ((seating.couch,), 1),
    "bed": ((seating.bed,), 1),
    "monitor": ((electronics.monitor,), 1),
    "television": ((electronics.television,), 1),
    "laptop": ((electronics.laptop,), 1),
    "keyboard": ((electronics.keyboard,), 1),
    "refrigerator": ((electronics.refrigerator,), 1),
    "microwave": ((electronics.microwave,), 1),
    "cup": ((tableware.cup,), 2),
    "bottle": ((tableware.bottle,), 1),
    "bowl": ((tableware.bowl,), 1),
    "vase": ((tableware.vase,), 1),
    "book": ((tableware.book,), 1),
    "sink": ((tableware.sink,), 1),
    "backpack": ((soft.backpack,), 1),
    "suitcase": ((soft.suitcase,), 1),
    "teddy bear": ((soft.teddy_bear,), 1),
}
"""Per product: who makes it and how many different models a scene has."""


class Cast:
    """The models of one scene. The same seed gives the same cast."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._models = {key: self._variants(rng, key, *entry) for key, entry in PRODUCTS.items()}
        sizes = (("low plant", 0.45, 0.65), ("tall plant", 0.9, 1.4), ("desk plant", 0.2, 0.3))
        for key, low, high in sizes:
            self._models[key] = (soft.potted_plant(rng, f"{key}-a", float(rng.uniform(low, high))),)
        self._models["table"] = (tables.dining_table(rng, "table-a", float(rng.uniform(1.5, 1.9)), 0.9),)
        self._models["round table"] = (
            tables.round_table(rng, "round-table-a", float(rng.uniform(0.5, 0.62))),
        )
        self._models["low table"] = (
            tables.round_table(rng, "low-table-a", float(rng.uniform(0.38, 0.48)), 0.42),
        )
        self._models["desk"] = (tables.desk(rng, "desk-a", float(rng.uniform(1.35, 1.6))),)

    @staticmethod
    def _variants(
        rng: np.random.Generator, key: str, makers: tuple[Maker, ...], count: int
    ) -> tuple[Model, ...]:
        first = int(rng.integers(len(makers)))
        name = key.replace(" ", "-")
        return tuple(makers[(first + i) % len(makers)](rng, f"{name}-{'abc'[i]}") for i in range(count))

    def any(self, rng: np.random.Generator, key: str) -> Model:
        """One of the models of a product."""
        models = self._models[key]
        return models[int(rng.integers(len(models)))]
