"""The map files of two runs become one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.object_map import ObjectMap
from reobj.association.merging.merge_plan import MergeConfig, MergePlan
from reobj.errors import InputError, mismatch
from reobj.types import ModelId

#: events; a file keeps its whole history, whatever its length
_WHOLE = 2**31


def merge_files(
    first: Path, second: Path, out: Path, config_of: Callable[[ModelId | None], MergeConfig]
) -> MergePlan:
    """Writes the first map with all that the second one knows to a new file; both stay as they are.

    Args:
        first, second: files of maps.
        out: the new file.
        config_of: what speaks for two objects being one, given the network that made the embeddings;
            see ``MapAssociator.merge_config``.

    Returns:
        What was found to be the same.

    Raises:
        InputError: there is something at ``out``.
        MapFileError, MapVersionError, MapModelError, StorageError: a map cannot be read or written, or
            they are of different models.
    """
    if out.exists():
        raise InputError(mismatch("out", "a new file", f"{out}, which exists"))
    keeper = MapKeeper(ObjectMap(), history_length=_WHOLE)
    keeper.load(first)
    last_ns = max((item.last_seen_ns for item in keeper.object_map.objects()), default=0)
    plan = keeper.absorb(second, stamp_ns=last_ns, config=config_of(keeper.object_map.model))
    keeper.save_as(out)
    return plan


def described(plan: MergePlan) -> str:
    """What merging did, in one sentence."""
    joined = f"{len(plan.pairs)} objects were known already and are joined, all others are added"
    if plan.ambiguous:
        return f"{joined}; the maps fit together in several ways, so that what looks the same stays apart"
    if plan.transform is None:
        return f"{joined}; how the maps lie to each other is not known, so that what is new has no place"
    if plan.doubtful:
        return f"{joined}; {len(plan.doubtful)} more may be the same and stay apart"
    return joined
