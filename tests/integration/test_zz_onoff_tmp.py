from test_faults import *
from home_farm import LAMP

@pytest.fixture
def entry(hass):
    parts = small_farm()
    for lv in parts["rack"]["data"]["levels"]: lv["fixture"] = {"ppfd_full": 600.0, "power_w": 120.0}
    made = MockConfigEntry(domain=DOMAIN, title="H", data={"kind": "farm"}, subentries_data=list(parts.values()))
    made.add_to_hass(hass)
    return made

async def test_onoff(hass, freezer, hardware, farm):
    hass.states.async_set(LAMP, "off", {"supported_color_modes": ["onoff"]})
    s = Story(hass, freezer, hardware, farm)
    hass.bus.async_listen(EVENT_VFARM, callback(lambda e: s.events.append(dict(e.data))))
    await start_batch(hass, sown_days_ago=20)
    await s.wait(60)
    print("DBG", hass.states.get(LAMP).state, [e for e in s.events if e["kind"]=="not_proved"], [t[1:] for t in hardware.times if t[1]==LAMP], farm.runtime_data.engine.runtime.memory.actuators["rack_level_1.grow_light"])
    assert 0
