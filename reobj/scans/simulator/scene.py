"""The description of a simulated place: plain data, without any rendering."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.mesh import Floats, Mesh, rotation_matrix

Colour = tuple[float, float, float]  #: red, green, blue as displayed (gamma encoded), 0 to 1


@dataclass(frozen=True, slots=True)
class Texture:
    """How a surface is painted; :func:`reobj.scans.simulator.textures.paint` makes the image.

    Attributes:
        kind: a key of ``textures.PAINTERS``.
        colours: what the painter mixes; the first is the main colour.
        seed: of the painter's random numbers.
    """

    kind: str
    colours: tuple[Colour, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Material:
    """What a surface is made of.

    Attributes:
        texture: its paint.
        repeat: metres that one texture image covers (1 for uv already in [0, 1]).
        gloss: share of mirrored light at normal incidence, 0 to 1.
        depth_return: probability that a depth camera gets an answer from it (dark and shiny things: low).
        glow: own light as a multiple of its paint: lamps, screens, the view outside.
    """

    texture: Texture
    repeat: float = 0.5
    gloss: float = 0.0
    depth_return: float = 1.0
    glow: float = 0.0


@dataclass(frozen=True, eq=False)
class Model:
    """One product: all its copies in a room are identical.

    Attributes:
        name: unique in a scene, e.g. ``chair-a``.
        label: class name.
        mesh: metres, standing on z = 0 with its front towards -y.
        materials: that the mesh's faces refer to.
    """

    name: str
    label: str
    mesh: Mesh
    materials: tuple[Material, ...]

    @cached_property
    def size(self) -> tuple[float, float, float]:
        """Extent along its own x, y, z in metres."""
        x, y, z = (float(v) for v in self.mesh.high - self.mesh.low)
        return x, y, z

    @cached_property
    def middle(self) -> tuple[float, float, float]:
        """Centre of its box in its own coordinates."""
        x, y, z = (float(v) for v in (self.mesh.high + self.mesh.low) / 2)
        return x, y, z


@dataclass(frozen=True, eq=False)
class Placement:
    """One copy of a model in the room.

    Attributes:
        model: which product.
        position: of the model's origin, metres in the map.
        yaw: radians about z.
        object_id: 1 to 255, its true identity; 0 for what belongs to the background.
    """

    model: Model
    position: tuple[float, float, float]
    yaw: float = 0.0
    object_id: int = 0

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """(3,) centre of its upright box in the map."""
        return rotation_matrix(self.yaw) @ np.array(self.model.middle) + np.array(self.position)

    @cached_property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2) footprint in the map, in order around."""
        sx, sy, _ = self.model.size
        local = np.array([[-sx, -sy], [sx, -sy], [sx, sy], [-sx, sy]]) / 2
        return local @ rotation_matrix(self.yaw)[:2, :2].T + self.centre[:2]

    @property
    def bottom(self) -> float:
        """Lowest height, metres."""
        return self.position[2] + float(self.model.mesh.low[2])

    @property
    def top(self) -> float:
        """Greatest height, metres."""
        return self.position[2] + float(self.model.mesh.high[2])


@dataclass(frozen=True, slots=True, eq=False)
class Lamp:
    """A rectangle that shines to the side of ``edge_u x edge_v``: a ceiling panel, a window.

    Attributes:
        corner, edge_u, edge_v: (3,) metres.
        radiance: (3,) linear light, where a white wall that sends back 1 is shown as white.
    """

    corner: Floats
    edge_u: Floats
    edge_v: Floats
    radiance: Floats


@dataclass(frozen=True, slots=True)
class Room:
    """A cuboid from (0, 0, 0) to (width, depth, height), metres."""

    width: float
    depth: float
    height: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A place without its rendering.

    Attributes:
        seed, layout: what it was built from.
        room: its size.
        placements: everything that is there; walls, floor and ceiling too.
        lamps: all light.
        stations: (S, 2) points of interest that the camera looks at, metres.
    """

    seed: int
    layout: str
    room: Room
    placements: tuple[Placement, ...]
    lamps: tuple[Lamp, ...]
    stations: NDArray[np.float64]

    @property
    def objects(self) -> tuple[Placement, ...]:
        """The true objects, in the order of their ids 1, 2, 3..."""
        return tuple(p for p in self.placements if p.object_id > 0)
