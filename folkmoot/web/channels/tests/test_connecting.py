from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as WebSession
from django.test import Client

from folkmoot.channels import connecting, sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel, Connection, Recall
from folkmoot.networks.base import Person, Place
from folkmoot.networks.live import Field, Right
from folkmoot.web.channels.tests.conftest import HALL, SQUARE, Connect, Signing, Village
from folkmoot.workspaces.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]

FORM = "/w/moot/channels/connect/?network=village"
RESULT = "/w/moot/channels/connect/result/"
FILLED = {
    "field_server": "village.example",
    "field_name": "voice",
    "field_word": "sesame",
    "field_door": "back",
    "personal": "no",
    "allowed": "",
}


@pytest.fixture
def hers(mira: User, signed_in: SignIn) -> Client:
    return signed_in(mira)


def test_networks_to_choose_from_say_what_can_be_done_there(hers: Client, village: Village) -> None:
    page = hers.get("/w/moot/channels/connect/").content.decode()
    assert "Village" in page
    assert "City" in page
    assert "Archive" not in page  # nothing of it is live
    assert "Reads at once" in page
    assert "Moderates" in page


def test_networks_are_searched_by_name(hers: Client, village: Village) -> None:
    page = hers.get("/w/moot/channels/connect/?q=vill").content.decode()
    assert "network=village" in page
    assert "network=city" not in page
    assert "No such network" in hers.get("/w/moot/channels/connect/?q=atlantis").content.decode()


def test_an_unknown_network_is_not_found(hers: Client, village: Village) -> None:
    assert hers.get("/w/moot/channels/connect/?network=atlantis").status_code == 404
    assert hers.get("/w/moot/channels/connect/?network=archive").status_code == 404


def test_real_networks_show_their_instructions_beside_the_form(hers: Client) -> None:
    page = hers.get("/w/moot/channels/connect/?network=wordpress").content.decode()
    assert "Application Passwords</strong>" in page
    assert 'type="password" name="field_password"' in page
    assert "keeper" in page  # an example


def test_an_account_is_tried_out_then_connected_with_its_places(
    hers: Client, village: Village, workspace: Workspace, mira: User
) -> None:
    answer = hers.post(FORM, FILLED)
    assert answer.status_code == 302
    assert answer["Location"] == RESULT
    assert not Connection.objects.exists()
    page = hers.get(RESULT).content.decode()
    assert "Village voice" in page
    assert "Ask the elder." in page
    assert "the network does not tell" in page
    assert "The gate closes at ten." in page
    before = datetime.now(UTC) - timedelta(days=30)
    answer = hers.post(RESULT, {"places": ["square"], "back": "30"}, follow=True)
    account = Connection.objects.get()
    assert answer.redirect_chain[-1][0] == f"/w/moot/channels/accounts/{account.pk}/"
    assert account.settings == {"server": "https://village.example", "name": "voice", "door": "back"}
    assert sessions.secrets_of(account) == {"word": "sesame"}
    assert (account.personal, account.owner, account.allowed) == (False, mira, "")
    assert [channel.name for channel in account.channels.all()] == ["The Square"]
    recall = Recall.objects.get()
    assert abs(recall.since - before) < timedelta(minutes=1)
    assert AuditEntry.objects.filter(act="connection.make", user=mira).exists()
    assert hers.get(RESULT).content.decode().count("There is nothing to go on with") == 1


def test_the_past_need_not_be_read(hers: Client, village: Village) -> None:
    hers.post(FORM, FILLED)
    hers.post(RESULT, {"places": ["square", "hall"], "back": "0"})
    assert Channel.objects.count() == 2
    assert not Recall.objects.exists()


def test_secrets_are_never_written_into_a_page_or_a_session(hers: Client, village: Village) -> None:
    village.refusal = "The gate does not know this watchword."
    answer = hers.post(FORM, FILLED | {"field_word": "open-sesame"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The gate does not know this watchword." in page
    assert "open-sesame" not in page
    assert "open-sesame" not in str(WebSession.objects.get(pk=hers.session.session_key).get_decoded())
    assert "village.example" not in str(WebSession.objects.get(pk=hers.session.session_key).get_decoded())


def test_what_was_filled_in_outlives_an_error(hers: Client, village: Village) -> None:
    village.refusal = "The gate is shut."
    hers.post(FORM, FILLED)
    page = hers.get(FORM).content.decode()
    assert 'value="https://village.example"' in page
    assert 'value="voice"' in page
    assert "Given already" in page
    village.refusal = ""
    assert hers.post(FORM, FILLED | {"field_word": ""}).status_code == 302
    assert village.asked[-1]["word"] == "sesame"


def test_a_missing_field_is_asked_for(hers: Client, village: Village) -> None:
    assert hers.post(FORM, FILLED | {"field_server": ""}).status_code == 422
    assert hers.post(FORM, FILLED | {"field_word": ""}).status_code == 422
    assert not village.asked


def test_an_account_that_lacks_a_needed_right_is_not_connected(hers: Client, village: Village) -> None:
    village.rights = (Right("read", "Read what is said", False, mend="Tick the box."),)
    hers.post(FORM, FILLED)
    page = hers.get(RESULT).content.decode()
    assert "Tick the box." in page
    assert "missing, needed" in page
    hers.post(RESULT, {"places": ["square"]})
    assert not Connection.objects.exists()
    village.rights = ()
    assert hers.post(RESULT, {"retry": "yes"}).status_code == 302
    assert "The Square" in hers.get(RESULT).content.decode()


def test_a_place_that_was_not_offered_is_not_taken(hers: Client, village: Village) -> None:
    hers.post(FORM, FILLED)
    assert hers.post(RESULT, {"places": ["elsewhere"], "back": "0"}).status_code == 422
    assert not Connection.objects.exists()


def test_an_account_without_places_is_connected_all_the_same(hers: Client, village: Village) -> None:
    village.places = []
    hers.post(FORM, FILLED)
    assert "does not tell this account" in hers.get(RESULT).content.decode()
    hers.post(RESULT, {"back": "0"})
    assert Connection.objects.get().channels.count() == 0


def test_a_place_of_another_account_stops_the_whole(
    hers: Client, village: Village, connect: Connect, workspace: Workspace, mira: User
) -> None:
    connect(workspace, mira, SQUARE, account="other")
    hers.post(FORM, FILLED)
    page = hers.post(RESULT, {"places": ["hall", "square"], "back": "0"}).content.decode()
    assert "connected by another account already" in html.unescape(page)
    assert Connection.objects.count() == 1
    assert not Channel.objects.filter(remote_id="hall").exists()


def test_a_personal_account_is_its_owners(hers: Client, village: Village, mira: User) -> None:
    hers.post(FORM, FILLED | {"personal": "yes"})
    page = hers.post(RESULT, {"places": ["square"], "back": "0"}, follow=True).content.decode()
    account = Connection.objects.get()
    assert (account.personal, account.owner) == (True, mira)
    assert "personal: Mira Kask" in page
    assert "Only its owner can send from it." in page


def test_private_addresses_are_for_owners_to_allow(
    hers: Client, village: Village, signed_in: SignIn, make_person: Callable[..., User], workspace: Workspace
) -> None:
    assert 'name="allowed"' in hers.get(FORM).content.decode()
    hers.post(FORM, FILLED | {"allowed": "10.0.0.5, 192.168.1.0/24"})
    hers.post(RESULT, {"places": [], "back": "0"})
    assert Connection.objects.get().allowed == "10.0.0.5 192.168.1.0/24"
    assert hers.post(FORM, FILLED | {"allowed": "nonsense"}).status_code == 422
    admin = signed_in(make_person("ada@example.org", "Ada", workspace, "admin"))
    village.account = Person("a2", "Another")
    assert 'name="allowed"' not in admin.get(FORM).content.decode()
    admin.post(FORM, FILLED | {"allowed": "10.0.0.5"})
    admin.post(RESULT, {"places": [], "back": "0"})
    assert Connection.objects.get(remote_id="a2").allowed == ""


def test_a_private_address_is_told_of_where_it_can_be_allowed(hers: Client) -> None:
    form = "/w/moot/channels/connect/?network=matrix"
    filled = {"field_server": "http://127.0.0.1:9", "field_token": "t", "personal": "no", "allowed": ""}
    answer = hers.post(form, filled)
    assert "private address" in answer.context["form"].errors["allowed"][0]
    answer = hers.post(form, filled | {"allowed": "nonsense"})
    assert list(answer.context["form"].errors) == ["allowed"]


def test_a_secret_takes_the_place_of_the_one_it_is_given_instead_of(
    hers: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[dict[str, str]] = []

    def refuse(filled: connecting.Filled) -> None:
        tried.append(dict(filled.secrets))
        raise UnableTo("No.")

    monkeypatch.setattr(connecting, "try_out", refuse)
    form = "/w/moot/channels/connect/?network=matrix"
    filled = {"field_server": "https://m.example", "field_user": "@a:m.example", "personal": "no", "allowed": ""}
    hers.post(form, filled | {"field_token": "wrong"})
    hers.post(form, filled | {"field_password": "right"})
    hers.post(form, filled)
    assert tried == [{"token": "wrong"}, {"password": "right"}, {"password": "right"}]


def test_a_draft_is_of_its_workspace_and_grows_old(
    hers: Client, village: Village, mira: User, other_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers.post(FORM, FILLED)
    mira.roles.create(workspace=other_workspace, rank="owner")
    assert "nothing to go on with" in hers.get("/w/elsewhere/channels/connect/result/").content.decode()
    monkeypatch.setattr("folkmoot.web.channels.draft.LIFE", timedelta(0))
    assert "nothing to go on with" in hers.get(RESULT).content.decode()


def test_an_account_is_connected_again_without_asking_for_the_secret(
    hers: Client, village: Village, connect: Connect, workspace: Workspace, mira: User
) -> None:
    account = connect(workspace, mira, SQUARE)
    again = f"/w/moot/channels/accounts/{account.pk}/again/"
    page = hers.get(again).content.decode()
    assert 'value="https://village.example"' in page
    assert "sesame" not in page.replace('placeholder="sesame"', "")
    assert 'name="personal"' not in page
    hers.post(again, {"field_server": "https://village.example", "field_word": "", "field_door": "front"})
    assert village.asked[-1]["word"] == "sesame"
    hers.post(RESULT)
    account.refresh_from_db()
    assert account.secrets_version == 2
    assert account.channels.count() == 1


def test_a_stored_secret_never_goes_to_another_server(
    hers: Client, village: Village, connect: Connect, workspace: Workspace, mira: User
) -> None:
    account = connect(workspace, mira, SQUARE)
    again = f"/w/moot/channels/accounts/{account.pk}/again/"
    answer = hers.post(again, {"field_server": "https://evil.example", "field_word": "", "field_door": "front"})
    assert answer.status_code == 422
    assert "this is needed again" in answer.content.decode()
    assert not village.asked


def test_another_account_can_not_take_its_place(
    hers: Client, village: Village, connect: Connect, workspace: Workspace, mira: User
) -> None:
    account = connect(workspace, mira, SQUARE)
    village.account = Person("a9", "Somebody else")
    hers.post(f"/w/moot/channels/accounts/{account.pk}/again/", FILLED)
    page = hers.post(RESULT).content.decode()
    assert "This is another account (Somebody else)" in page
    account.refresh_from_db()
    assert account.remote_id == "a1"


def test_who_connects_a_lost_personal_account_anew_owns_it(
    hers: Client, village: Village, connect: Connect, workspace: Workspace, bo: User, mira: User
) -> None:
    account = connect(workspace, bo, SQUARE, personal=True)
    hers.post(f"/w/moot/channels/accounts/{account.pk}/disconnect/", {"history": "keep"})
    hers.post(FORM, FILLED)
    hers.post(RESULT, {"places": ["square"], "back": "0"})
    account.refresh_from_db()
    assert (account.state, account.personal, account.owner) == ("active", False, mira)


CITY = "/w/moot/channels/connect/?network=city"
BY_CITY = {"field_server": "https://city.example", "field_token": "", "personal": "no", "allowed": ""}


def begun(hers: Client) -> dict[str, str]:
    """The query of the link to the network."""
    page = hers.post(CITY, BY_CITY).content.decode()
    [link] = re.findall(r'href="(https://city\.example/authorize[^"]+)"', page)
    return {name: values[0] for name, values in parse_qs(urlsplit(html.unescape(link)).query).items()}


def test_an_account_signs_in_at_the_network_and_comes_back(hers: Client, village: Village, city: Signing) -> None:
    query = begun(hers)
    assert query["redirect_uri"] == "http://testserver/connect/callback/"
    answer = hers.get("/connect/callback/", {"state": query["state"], "code": "c4711"})
    assert answer["Location"] == RESULT
    assert village.asked[-1]["token"] == "token-for-c4711"
    assert city.finished[0]["client"] == "c1"
    assert len(city.finished[0]["verifier"]) >= 43
    hers.post(RESULT, {"places": ["hall"], "back": "0"})
    account = Connection.objects.get(network="city")
    assert sessions.secrets_of(account)["token"] == "token-for-c4711"
    assert account.settings["client"] == "c1"
    assert account.token_expires_at
    assert HALL.name in str(account.channels.get())


def test_a_sign_in_comes_back_once_and_with_its_own_state(hers: Client, city: Signing) -> None:
    query = begun(hers)
    assert hers.get("/connect/callback/", {"state": "forged", "code": "c"}).status_code == 400
    # whoever tried once with a wrong one has to begin again
    assert hers.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 400
    query = begun(hers)
    assert hers.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 302
    assert hers.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 400
    assert len(city.finished) == 1


def test_a_sign_in_is_of_the_browser_that_began_it(
    hers: Client, city: Signing, make_person: Callable[..., User], workspace: Workspace, signed_in: SignIn
) -> None:
    query = begun(hers)
    other = signed_in(make_person("ada@example.org", "Ada", workspace, "admin"))
    assert other.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 400
    assert Client().get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 302  # to sign in
    assert not city.finished


def test_a_sign_in_that_took_too_long_is_begun_again(
    hers: Client, city: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = begun(hers)
    monkeypatch.setattr("folkmoot.web.channels.signing_in.LIFE", timedelta(0))
    assert hers.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 400


def test_a_no_of_the_network_is_said(hers: Client, city: Signing) -> None:
    query = begun(hers)
    answer = hers.get("/connect/callback/", {"state": query["state"], "error": "access_denied"}, follow=True)
    page = answer.content.decode()
    assert "The network did not let us in: it was not allowed there" in page
    assert 'value="https://city.example"' in page


def test_who_lost_the_role_meanwhile_can_not_come_back(hers: Client, city: Signing, mira: User) -> None:
    query = begun(hers)
    mira.roles.update(rank="moderator")
    assert hers.get("/connect/callback/", {"state": query["state"], "code": "c"}).status_code == 403
    assert not city.finished


def test_a_token_can_be_pasted_where_accounts_sign_in(hers: Client, village: Village, city: Signing) -> None:
    assert hers.post(CITY, BY_CITY | {"field_token": "pasted"})["Location"] == RESULT
    assert village.asked[-1]["token"] == "pasted"


def test_what_an_app_is_known_by_is_filled_in_and_the_account_still_signs_in(
    hers: Client, village: Village, city: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Signing, "fields", (*Signing.fields, Field("app_word", "App", kind="secret", example="a")))
    assert hers.post(CITY, BY_CITY).status_code == 422  # the app's secret is needed
    page = hers.post(CITY, BY_CITY | {"field_app_word": "for-the-app"}).content.decode()
    assert "https://city.example/authorize" in page
    assert not village.asked


def test_a_server_that_knows_no_sign_in_is_told_of(hers: Client, city: Signing) -> None:
    city.refusal = "There is no gate."
    answer = hers.post(CITY, BY_CITY)
    assert answer.status_code == 422
    assert "There is no gate." in answer.content.decode()


def test_the_callback_is_that_of_the_public_address(
    hers: Client, city: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://moot.example/")
    assert begun(hers)["redirect_uri"] == "https://moot.example/connect/callback/"


@pytest.mark.parametrize("path", ["", "connect/", "connect/?network=village", "connect/result/"])
def test_connecting_is_for_admins_of_this_workspace(
    path: str, village: Village, bo: User, gil: User, zoe: User, workspace: Workspace, signed_in: SignIn
) -> None:
    assert signed_in(bo).get(f"/w/moot/channels/{path}").status_code == 403
    assert signed_in(gil).get(f"/w/moot/channels/{path}").status_code == 403
    assert signed_in(zoe).get(f"/w/moot/channels/{path}").status_code == 404


def test_a_form_with_many_places_can_be_searched(hers: Client, village: Village) -> None:
    village.places = [Place(f"p{n}", f"Place {n}") for n in range(40)]
    hers.post(FORM, FILLED)
    page = hers.get(RESULT).content.decode()
    assert "data-narrow" in page
    assert page.count('name="places"') == 40
