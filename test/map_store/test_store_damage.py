from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from map_changes import changes, event, links

from reobj.association.store.map_store import MapStore
from reobj.association.store.reading import read_events, read_map
from reobj.errors import MapFileError

#: all tables of the map below stand before this byte
SIZE = 8 * 8192


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 255)), min_size=1, max_size=40))
def test_any_damage_is_an_error_of_our_own_or_harmless(tmp_path, damage):
    whole, damaged = tmp_path / "whole.map", tmp_path / "damaged.map"
    if not whole.exists():
        with MapStore(whole) as store:
            some = {"cannot_links": links((1, 2)), "redirects": {9: 1}, "events": (event(1, 1),)}
            store.put(changes(*range(1, 30), **some))
    data = bytearray(whole.read_bytes())
    for place, value in damage:
        data[place] = value
    damaged.write_bytes(data)
    for read in (read_map, read_events):
        with suppress(MapFileError):
            read(damaged)
