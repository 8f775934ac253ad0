"""The simulator: rigid rooms full of identical things, and RGB-D scans of a walk through them.

scene        what a place is, as data          layouts      builds it from a seed
catalog      furniture and things              walk         where the camera goes
world, bake  triangles and their light         render       clean images
camera_effects, depth_effects                  simulate     the whole scan on disk
"""

from reobj.scans.simulator.layouts import LAYOUTS, build_scene
from reobj.scans.simulator.simulate import simulate

__all__ = ["LAYOUTS", "build_scene", "simulate"]
