"""People with different roles, and a voice assistant without a language model, in a real Home
Assistant."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from conftest import MakeSession
from real_ha import vfarm
from real_ha.client import Client, wait_for
from real_ha.process import CONFIGURATION, HomeAssistantError
from real_ha.session import Session


@pytest.fixture(scope="module")
def demo(make_session: MakeSession) -> Iterator[tuple[Session, str]]:
    """A demo farm, and the sentences copied as the manual says."""
    session = make_session(CONFIGURATION + "conversation:\n")
    folder = session.process.config_dir
    sentences = folder / "custom_components" / "vfarm" / "custom_sentences"
    shutil.copytree(sentences, folder / "custom_sentences")
    with session:
        entry = vfarm.add_demo_farm(session.client)
        vfarm.wait_running(session.client, entry)
        yield session, entry
    # Home Assistant itself logs what it refused.
    refused = "takes the role of"
    assert [line for line in session.process.complaints() if refused not in line.text] == []


def ask(client: Client, text: str, language: str = "en") -> str:
    answer = client.call("conversation/process", text=text, language=language)
    return str(answer["response"]["speech"]["plain"]["speech"])


@pytest.mark.parametrize(
    ("language", "question", "says"),
    [
        ("en", "how is the farm", "Demo farm: "),
        ("en", "how is rack A", "Level 1: "),
        ("en", "why is the light in level one in rack B on", "Grow light: "),
        ("de", "wie geht es Ebene eins in Regal C", "Rack C, Level 1: "),
    ],
)
def test_the_farm_answers_what_is_said(
    demo: tuple[Session, str], language: str, question: str, says: str
) -> None:
    session, _ = demo
    assert says in ask(session.client, question, language)


def test_people_do_what_their_role_allows(demo: tuple[Session, str]) -> None:
    session, entry = demo
    owner = session.client
    user = owner.call("config/auth/create", name="Anna", group_ids=["system-users"])["user"]["id"]
    owner.call(
        "config/auth_provider/homeassistant/create",
        user_id=user,
        username="anna",
        password="anna",
    )

    def mode() -> str:
        return str(vfarm.overview(owner, entry)["farm"]["snapshot"]["mode"])

    with Client(session.process.url) as anna:
        anna.log_in(username="anna", password="anna")
        # A user like any other is an operator.
        anna.action("vfarm", "set_mode", config_entry_id=entry, mode="hold")
        wait_for("the farm is held", lambda: mode() == "hold", timeout_s=20)
        flow = owner.post("/api/config/config_entries/options/flow", {"handler": entry})
        assert flow["step_id"] == "init"
        done = owner.post(
            f"/api/config/config_entries/options/flow/{flow['flow_id']}",
            {"viewer": [user], "others": "operator"},
        )
        assert done["type"] == "create_entry", done
        with pytest.raises(HomeAssistantError, match="not_allowed"):
            anna.action("vfarm", "set_mode", config_entry_id=entry, mode="auto")
        select = vfarm.overview(owner, entry)["entities"][entry]["mode"]
        with pytest.raises(HomeAssistantError, match="not_allowed"):
            anna.action("select", "select_option", entity_id=select, option="auto")
        assert mode() == "hold"
        assert vfarm.overview(anna, entry)["levels"], "she looks at everything"
        # Whoever sees that something is wrong stops it; starting it again takes more.
        anna.action("vfarm", "emergency_stop", config_entry_id=entry, why="water on the floor")
        with pytest.raises(HomeAssistantError, match="not_allowed"):
            anna.action("vfarm", "release_emergency_stop", config_entry_id=entry)
    assert vfarm.overview(owner, entry)["farm"]["snapshot"]["emergency"]
    owner.action("vfarm", "release_emergency_stop", config_entry_id=entry)
    assert not vfarm.overview(owner, entry)["farm"]["snapshot"]["emergency"]
