"""setup.py, package.xml, requirements and launch files agree with each other and with the tree."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MANIFEST = ET.parse(ROOT / "package.xml").getroot()
SETUP = (ROOT / "setup.py").read_text()


def test_package_and_setup_have_one_name_and_version() -> None:
    assert MANIFEST.findtext("name") == re.search(r'PACKAGE = "(\w+)"', SETUP)[1]  # type: ignore[index]
    versions = {
        MANIFEST.findtext("version"),
        re.search(r'version="([\d.]+)"', SETUP)[1],  # type: ignore[index]
        re.search(r'__version__ = "([\d.]+)"', (ROOT / "reobj/__init__.py").read_text())[1],  # type: ignore[index]
        ET.parse(ROOT / "reobj_msgs/package.xml").getroot().findtext("version"),
    }
    assert len(versions) == 1


def test_every_node_of_setup_py_is_a_command_and_a_module() -> None:
    names = ast.literal_eval(re.search(r"NODES = (\[.*?\])", SETUP, re.S)[1])  # type: ignore[index]
    tree = ast.parse((ROOT / "reobj_ros/entry.py").read_text())
    assert set(names) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {path.stem for path in (ROOT / "reobj_ros").glob("*_node.py")} == {*names}


def test_every_file_that_is_no_module_is_installed() -> None:
    """What lies in reobj/ beside its modules (weights above all) is named in package_data."""
    patterns = ast.literal_eval(re.search(r'package_data=\{\s*"reobj": (\[.*?\])', SETUP, re.S)[1])  # type: ignore[index]
    package = ROOT / "reobj"
    named = {path for pattern in patterns for path in package.glob(pattern)}
    data = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert data <= named
    assert {"models/*/*", "py.typed"} <= set(patterns)


def imported_packages() -> set[str]:
    """Top-level ROS packages that reobj_ros and the launch files import."""
    found = set()
    for path in [*(ROOT / "reobj_ros").rglob("*.py"), *(ROOT / "launch").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
    ros = re.compile(
        r".*(_msgs|_interfaces|_srvs)$|rclpy|cv_bridge|tf2_ros|launch|launch_ros|message_filters"
    )
    return {name for name in found if ros.fullmatch(name)}


def test_package_xml_names_every_ros_package_that_is_imported() -> None:
    named = {element.text for element in MANIFEST if element.tag.endswith("depend")}
    assert imported_packages() <= named
    assert {"rclpy", "cv_bridge", "tf2_ros", "launch", "launch_ros", "launch_testing", "reobj_msgs"} <= named


@pytest.mark.parametrize("package", ["numpy", "scipy", "torch", "torchvision", "rosbags", "typer", "av"])
def test_what_setup_py_asks_for_is_pinned(package: str) -> None:
    assert f'"{package}>=' in SETUP
    assert re.search(rf"^{package}==", (ROOT / "constraints.txt").read_text(), re.M)


def test_messages_say_what_each_field_is() -> None:
    """Every field of every interface has a comment; constants explain themselves by their names."""
    bare = []
    for path in [*(ROOT / "reobj_msgs").glob("msg/*.msg"), *(ROOT / "reobj_msgs").glob("srv/*.srv")]:
        for line in path.read_text().splitlines():
            is_field = re.match(r"^[\w/\[\]]+ [a-z]\w*(\s|$)", line)
            obvious = re.match(r"^(uint8 code|Instance\[\] instances|MapObject(\[\])? objects?)\b", line)
            if is_field and not obvious and "#" not in line:
                bare.append(f"{path.name}: {line}")
    assert not bare
