"""What COCO calls the things of ScanNet.

A detector trained on COCO says "chair" of what ScanNet's annotators called an "office chair". The papers
ask that both labels match without saying how; this table is our reading of it. A name that is not here
stands for itself.
"""

from __future__ import annotations

_SAME: dict[str, tuple[str, ...]] = {
    "backpack": ("bag pack",),
    "bed": ("bunk bed", "loft bed"),
    "book": ("books",),
    "bottle": ("water bottle", "soap bottle", "shampoo bottle"),
    "chair": ("armchair", "folded chair", "office chair"),
    "clock": ("alarm clock", "wall clock"),
    "couch": ("loveseat", "sofa"),
    "cup": ("coffee cup", "coffee mug", "mug"),
    "dining table": ("conference table", "kitchen table", "round table", "table"),
    "handbag": ("purse",),
    "keyboard": ("computer keyboard",),
    "laptop": ("laptop computer",),
    "mouse": ("computer mouse",),
    "potted plant": ("plant",),
    "refrigerator": ("fridge", "mini fridge"),
    "sink": ("bathroom sink", "kitchen sink"),
    "sports ball": ("ball", "basketball", "football", "soccer ball"),
    "suitcase": ("luggage", "suitcases"),
    "teddy bear": ("stuffed animal",),
    "toaster": ("toaster oven",),
    "tv": ("computer monitor", "monitor", "television"),
}

COCO_NAME: dict[str, str] = {name: common for common, names in _SAME.items() for name in names}
"""COCO's name by ScanNet's."""
