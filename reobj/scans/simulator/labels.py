"""Class names and their raw label ids.

Ids below 1000 are ScanNet's own (scannetv2-labels.combined.tsv, column ``id``);
names without a known one there count from 2001. Names are COCO's where COCO has the class.
"""

from __future__ import annotations

BACKGROUND_IDS: dict[str, int] = {
    "wall": 1, "floor": 3, "door": 5, "cabinet": 7, "picture": 15, "window": 16, "bookshelf": 18,
    "ceiling": 41, "counter": 35, "curtain": 21, "whiteboard": 52, "radiator": 96, "light": 105,
    "poster": 2001, "rug": 2002,
}  # fmt: skip
"""Walls and what belongs to a place: in label images only, never an instance."""

OBJECT_IDS: dict[str, int] = {
    "chair": 2, "couch": 6, "desk": 9, "bed": 11, "sink": 14, "book": 22, "refrigerator": 27, "tv": 33,
    "potted plant": 40, "dining table": 45, "keyboard": 46, "backpack": 48, "microwave": 59,
    "bottle": 65, "laptop": 77, "suitcase": 93, "cup": 130, "bowl": 2003, "vase": 2004, "teddy bear": 2005,
}  # fmt: skip
"""Classes whose copies are instances."""

LABEL_IDS: dict[str, int] = BACKGROUND_IDS | OBJECT_IDS
