"""Views of the triage page: standing and saved, one's own and everybody's, in an order of one's own."""

import pytest
from sqlalchemy import update

from helpdesk.access import lookups
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.lists import columns, saved_views
from helpdesk.tickets import categories
from models import Event, Person, SavedView, db
from tests.support import builders
from tests.support.builders import act


def keys(person, hidden=False):
    db.session.rollback()
    return [view.key for view in saved_views.views_of(person) if view.hidden is hidden]


def save(by, name="New starters", query="category:new-starters", **more):
    return act(saved_views.save, name, query, by=by, **more)


STANDING = ["new", "unassigned", "mine", "open", "pending", "resolved", "closed", "all"]


def test_every_agent_begins_with_the_standing_views(cast):
    assert keys(cast.cleo) == keys(cast.eve) == STANDING


def test_a_saved_view_is_one_s_own_and_one_for_everybody_is_everybody_s(cast):
    mine = save(cast.cleo)
    everybodys = save(cast.eve, "Payroll week", shared=True)
    assert keys(cast.cleo) == [*STANDING, str(mine.id), str(everybodys.id)]
    assert keys(cast.dan) == [*STANDING, str(everybodys.id)]
    assert lookups.find_view(cast.dan, mine.id) is None and lookups.find_view(cast.cleo, mine.id) is mine
    assert lookups.find_view(cast.ada, everybodys.id) is None, "users have no views"
    assert lookups.find_view(cast.cleo, 99999) is None


def test_only_admins_make_change_and_remove_what_everybody_has(cast):
    with pytest.raises(Refused, match="Only admins make"):
        save(cast.cleo, shared=True)
    view = save(cast.eve, shared=True)
    for attempt in (saved_views.remove, lambda view, by: saved_views.change(view, name="Mine", query="", by=by)):
        with pytest.raises(Refused, match="Only admins change"):
            act(attempt, view, by=cast.cleo)
    act(saved_views.change, view, name="Ours", query="is:active", by=cast.eve)
    act(saved_views.remove, view, by=cast.eve)
    assert [event.facts["what"] for event in db.session.query(Event).order_by(Event.id)] == [
        "New starters added",
        "New starters changed to Ours",
        "Ours removed",
    ]


def test_what_somebody_saves_for_themselves_is_not_written_down(cast):
    view = save(cast.cleo)
    act(saved_views.change, view, name="Other", query="", by=cast.cleo)
    act(saved_views.remove, view, by=cast.cleo)
    assert db.session.query(Event).count() == 0 and db.session.query(SavedView).count() == 0


def test_a_name_is_there_once_among_one_s_own(cast):
    save(cast.cleo)
    for name in ("New starters", "NEW  startérs"):
        with pytest.raises(Refused, match="with this name already"):
            save(cast.cleo, name)
    save(cast.dan), save(cast.eve, shared=True)
    view = save(cast.cleo, "Another")
    with pytest.raises(Refused, match="with this name already"):
        act(saved_views.change, view, name="new starters", query="", by=cast.cleo)
    act(saved_views.change, view, name="ANOTHER", query="status:open", by=cast.cleo)


def test_there_are_only_so_many(cast, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST", 2)
    first = save(cast.cleo, "One")
    save(cast.cleo, "Two")
    with pytest.raises(Refused, match="Remove one first"):
        save(cast.cleo, "Three")
    act(saved_views.change, first, name="Eins", query="", by=cast.cleo)


def test_everybody_has_their_own_order(cast):
    view = str(save(cast.eve, shared=True).id)
    for _step in range(20):
        act(saved_views.move, cast.cleo, view, up=True)
    act(saved_views.move, cast.cleo, "new", up=False)
    assert keys(cast.cleo) == [view, "unassigned", "new", *STANDING[2:]]
    assert keys(cast.eve) == [*STANDING, view]
    later = str(save(cast.eve, "Later", shared=True).id)
    assert keys(cast.cleo)[-1] == later, "what is new comes last"


def test_what_is_not_there_does_not_move(cast):
    foreign = str(save(cast.dan).id)
    for key in (foreign, "nonsense", "", "all"):
        act(saved_views.move, cast.cleo, key, up=False)
    assert keys(cast.cleo) == STANDING


def test_a_view_is_hidden_and_comes_back_to_its_place(cast):
    act(saved_views.hide, cast.cleo, "closed")
    act(saved_views.hide, cast.cleo, "nonsense")
    assert "closed" not in keys(cast.cleo) and keys(cast.cleo, hidden=True) == ["closed"]
    assert keys(cast.dan) == STANDING
    act(saved_views.bring_back, cast.cleo, "closed")
    assert keys(cast.cleo) == STANDING
    assert cast.cleo.views["hidden"] == [], "nothing is kept of what never was"


def test_a_removed_view_leaves_nobody_s_order_in_trouble(cast):
    view = save(cast.eve, shared=True)
    act(saved_views.move, cast.cleo, str(view.id), up=True)
    act(saved_views.remove, view, by=cast.eve)
    assert keys(cast.cleo) == STANDING


def test_views_follow_a_category_that_gets_another_name(cast):
    software, hardware = builders.category("Software"), builders.category("Hardware")
    named = save(cast.cleo, "Programs", 'status:open category:software,hardware "category:software"')
    other = save(cast.cleo, "Machines", "category:hardware -vpn")
    act(categories.rename, software, "Apps & licences", by=cast.eve)
    assert named.query == 'status:open category:apps-&-licences,hardware "category:software"'
    assert other.query == "category:hardware -vpn" and hardware.name == "Hardware"


CHANGES = {
    "hide": lambda person: saved_views.hide(person, "closed"),
    "bring back": lambda person: saved_views.bring_back(person, "new"),
    "move": lambda person: saved_views.move(person, "mine", up=True),
    "columns": lambda person: columns.keep(person, "ticket,tags"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_another_tab_changed_at_the_same_moment_is_not_lost(change, cast):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, so nobody changes anything at the same moment")
    with transactions.writing():
        cleo = db.session.get(Person, cast.cleo.id)
        assert cleo.views is None
        with db.engine.begin() as other:
            other.execute(update(Person).where(Person.id == cleo.id).values(views={"hidden": ["all"], "kept": "too"}))
        CHANGES[change](cleo)
    assert "all" in cleo.views["hidden"] and cleo.views["kept"] == "too"
