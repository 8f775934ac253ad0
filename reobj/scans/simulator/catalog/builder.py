"""Putting a product together from shapes and materials."""

from __future__ import annotations

from reobj.scans.simulator.mesh import Mesh, merge
from reobj.scans.simulator.scene import Material, Model


class Builder:
    """Collects painted shapes; ``model`` joins them."""

    def __init__(self) -> None:
        self._parts: list[Mesh] = []
        self._materials: list[Material] = []

    def add(self, material: Material, *shapes: Mesh) -> None:
        """Adds shapes of one material."""
        if material not in self._materials:
            self._materials.append(material)
        index = self._materials.index(material)
        self._parts.extend(shape.painted(index) for shape in shapes)

    def model(self, name: str, label: str) -> Model:
        """The product made of all that was added."""
        return Model(name, label, merge(self._parts), tuple(self._materials))
