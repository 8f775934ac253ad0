"""The environment of the nodes' processes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reobj.environment import node_environment


@pytest.mark.parametrize("variable", ["FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"])
def test_both_names_of_the_variable_lead_to_the_profiles(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    assert ET.parse(node_environment()[variable]).getroot().tag.endswith("dds")


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "mine.xml")
    environment = node_environment()
    assert environment["OMP_WAIT_POLICY"] == "active"
    assert environment["FASTDDS_DEFAULT_PROFILES_FILE"] == "mine.xml"
