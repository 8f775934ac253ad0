"""The services of the object map: requests to the desk, its answers to responses."""

from __future__ import annotations

import traceback
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from reobj.association.desk.answers import ANSWERED, Answer, Code, refusal, sentence
from reobj.association.desk.explain_object import Explained
from reobj.association.desk.find_objects import Example, Query
from reobj.association.desk.map_desk import MapDesk
from reobj.types import Event, FrameResult
from reobj_msgs.srv import (
    DeleteObject,
    ExplainObject,
    FindObjects,
    LoadMap,
    MergeObjects,
    RenameObject,
    ResetMap,
    SaveMap,
    SplitObject,
)
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.messages.conversions import map_object_message
from reobj_ros.messages.images import to_rgb

SERVICES = {
    "save_map": SaveMap,
    "load_map": LoadMap,
    "reset_map": ResetMap,
    "merge_objects": MergeObjects,
    "split_object": SplitObject,
    "rename_object": RenameObject,
    "delete_object": DeleteObject,
    "find_objects": FindObjects,
    "explain_object": ExplainObject,
}
"""Name of each service, relative to the namespace, and its type."""

LIMIT = 20
"""Objects that are found at most where the request says 0."""


class MapServices:
    """Answers requests in the executor's thread, whatever they hold; what they changed is published.

    A map that is there already is published at once, not only with the first frame.

    Args:
        node: that offers the services.
        desk: that answers.
        outputs: that publishes.
    """

    def __init__(self, node: Node, desk: MapDesk, outputs: MapOutputs) -> None:
        self._log, self._desk, self._outputs = node.get_logger(), desk, outputs
        for name, kind in SERVICES.items():
            node.create_service(kind, name, self._guarded(name, getattr(self, f"_{name}")))
        if desk.associator.objects():
            self._publish()

    def see(self, result: FrameResult, colour: NDArray[np.uint8] | None, camera: str = "") -> None:
        """Takes note of a frame, as ``MapDesk.see``."""
        self._desk.see(result, colour, camera)

    def concern(self) -> str:
        """Why the map cannot be written, while it cannot; else empty. For diagnostics."""
        failure = self._desk.failure
        return "" if failure is None else sentence(f"the map is not saved: {failure}")

    def _guarded(self, name: str, answer: Callable[[Any, Any], Answer[Any]]) -> Callable[[Any, Any], Any]:
        """A callback that always has a response: an exception in it would end the node."""

        def respond(request: Any, response: Any) -> Any:
            try:
                given = answer(request, response)
            except ANSWERED as error:
                given = refusal(error)
            except Exception as error:
                self._log.error(f"{name}, please report this as a bug: {traceback.format_exc()}")
                given = Answer(Code.INVALID_ARGUMENT, sentence(f"cannot be answered: {error!r}"))
            response.code, response.message = int(given.code), given.message
            return response

        return respond

    def _save_map(self, request: SaveMap.Request, response: SaveMap.Response) -> Answer[Any]:
        answer = self._desk.save(request.path, request.overwrite)
        if answer.value is not None:
            response.path, response.objects = str(answer.value.path), answer.value.objects
        return answer

    def _load_map(self, request: LoadMap.Request, response: LoadMap.Response) -> Answer[Any]:
        answer = self._desk.load(request.path, request.merge)
        if answer.value is not None:
            response.objects = answer.value.objects
            self._publish(*answer.value.events)
        return answer

    def _reset_map(self, request: ResetMap.Request, response: ResetMap.Response) -> Answer[Any]:
        answer = self._desk.reset(request.keep_map)
        if answer.value is not None:
            response.objects = answer.value
            self._publish()
        return answer

    def _merge_objects(self, request: MergeObjects.Request, response: MergeObjects.Response) -> Answer[Any]:
        answer = self._desk.merge([int(i) for i in request.object_ids], request.force)
        if answer.value is not None:
            response.object_id = answer.value.object_ids[0]
        return self._edited(answer, response)

    def _split_object(self, request: SplitObject.Request, response: SplitObject.Response) -> Answer[Any]:
        answer = self._desk.split(request.object_id, request.event_id, request.track_id)
        if answer.value is not None:
            response.object_ids = array("Q", answer.value.object_ids)
        return self._edited(answer, response)

    def _rename_object(self, request: RenameObject.Request, response: RenameObject.Response) -> Answer[Any]:
        return self._edited(self._desk.rename(request.object_id, request.name), response)

    def _delete_object(self, request: DeleteObject.Request, response: DeleteObject.Response) -> Answer[Any]:
        return self._edited(self._desk.delete(request.object_id), response)

    def _find_objects(self, request: FindObjects.Request, response: FindObjects.Response) -> Answer[Any]:
        answer = self._desk.find(query_from(request), example_from(request))
        if answer.value is not None:
            response.objects = [map_object_message(item) for item in answer.value.objects]
            if answer.value.similarity is not None:
                response.similarity = array("f", answer.value.similarity)
        return answer

    def _explain_object(
        self, request: ExplainObject.Request, response: ExplainObject.Response
    ) -> Answer[Any]:
        answer = self._desk.explain(request.object_id, request.track_id)
        if answer.value is not None:
            fill_explanation(response, answer.value)
        return answer

    def _edited(self, answer: Answer[Event], response: Any) -> Answer[Event]:
        if answer.value is not None:
            response.event_id = answer.value.event_id
            self._publish(answer.value)
        return answer

    def _publish(self, *events: Event) -> None:
        self._outputs.publish_map(self._desk.stamp_ns, events, self._desk.frame_id)


def query_from(request: FindObjects.Request) -> Query:
    """What is looked for, but for the example. Raises InputError."""
    centre = request.centre
    return Query(
        tuple(int(i) for i in request.object_ids),
        request.label,
        request.name,
        np.array([centre.x, centre.y, centre.z]) if request.use_region else None,
        request.radius,
        limit=request.limit or LIMIT,
    )


def example_from(request: FindObjects.Request) -> Example | None:
    """The example image, if there is one. Raises InputError when it cannot be read."""
    if not request.example.width:
        return None
    x0, y0, x1, y1 = (int(side) for side in request.example_box)
    return Example(to_rgb(request.example), (x0, y0, x1, y1))


def fill_explanation(response: ExplainObject.Response, found: Explained) -> None:
    """Writes what was found into the response; what is not known stays empty."""
    decision = found.why.decision
    response.track_id, response.decision = found.why.track_id, int(decision.kind)
    response.probability = float(decision.probability)
    if found.item is not None:
        response.object = map_object_message(found.item)
    chosen = decision.chosen.terms if decision.chosen is not None else {}
    second = decision.runner_up.terms if decision.runner_up is not None else {}
    response.terms = list(dict.fromkeys((*chosen, *second)))
    response.chosen = array("f", (chosen.get(name, 0.0) for name in response.terms))
    response.runner_up = array("f", (second.get(name, 0.0) for name in response.terms))
    response.runner_up_id = decision.runner_up.object_id if decision.runner_up is not None else 0
    response.views = [CompressedImage(format="jpeg", data=array("B", jpeg)) for jpeg in found.views]
