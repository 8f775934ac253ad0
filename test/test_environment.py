"""The environment of the nodes' processes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reobj.environment import fast_dds, node_environment

NAMES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "OMP_WAIT_POLICY", "ROS_DISTRO"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("distribution", "name"),
    [("humble", NAMES[1]), ("jazzy", NAMES[1]), ("kilted", NAMES[0]), ("lyrical", NAMES[0]), ("", NAMES[0])],
)
def test_the_name_that_the_distribution_knows_leads_to_the_profiles(
    distribution: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distribution)
    assert ET.parse(fast_dds()[name]).getroot().tag.endswith("dds")
    assert node_environment() == {"OMP_WAIT_POLICY": "passive"} | fast_dds()


@pytest.mark.parametrize("name", NAMES)
def test_what_the_user_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.setenv(name, "mine.xml")  # by either name
    assert node_environment() == {}
