"""Two and three browsers at once: what a colleague does appears, nothing jumps, nothing typed is lost."""

import pytest
from playwright.sync_api import expect

from helpdesk.tickets import tags, tickets
from tests.stories import steps
from tests.support import builders
from tests.support.builders import act

pytestmark = pytest.mark.browser


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada, subject="The VPN drops")


@pytest.fixture
def signed_in(window):
    """A window in which somebody is signed in and looks at a page."""

    def opened(person, path, **options):
        page = window(**options)
        steps.sign_in(page, person.email)
        page.goto(path)
        page.wait_for_timeout(500)  # until it listens, so that the story is about the stream and not about catching up
        return page

    return opened


def rows(page):
    return [row.get_attribute("data-ticket") for row in page.locator("tr[data-ticket]").all()]


# ---- lists


def test_a_new_ticket_appears_in_place_and_leaves_once_a_colleague_has_taken_it(signed_in, ticket, cast):
    cleo = signed_in(cast.cleo, "/triage?view=unassigned")
    dan = signed_in(cast.dan, "/dashboard")
    ada = signed_in(cast.ada, "/tickets")
    cleo.evaluate("window.stayed = true")
    steps.raise_ticket(ada, "A second one", "Words")
    expect(cleo.get_by_role("row", name="A second one")).to_have_class("unread fresh")
    expect(cleo.locator(".views [aria-current]")).to_contain_text("2")
    expect(dan.locator(".num").first).to_contain_text("2")
    act(tickets.take, ticket, by=cast.dan)
    expect(cleo.get_by_role("row", name="The VPN drops")).to_have_count(0)
    expect(cleo.locator(".views [aria-current]")).to_contain_text("1")
    expect(dan.locator(".num").first).to_contain_text("1")
    assert cleo.evaluate("window.stayed"), "the page was never loaded again"


def test_a_list_that_was_empty_fills_and_empties_again(signed_in, cast):
    cleo = signed_in(cast.cleo, "/triage?view=unassigned")
    expect(cleo.get_by_text("Nothing here.")).to_be_visible()
    made = builders.ticket(cast.ada, subject="The first of all")
    expect(cleo.get_by_role("row", name="The first of all")).to_be_visible()
    act(tickets.take, made, by=cast.dan)
    expect(cleo.get_by_text("Nothing here.")).to_be_visible()


def test_a_row_under_the_pointer_stays_where_it_is_until_it_is_left(signed_in, ticket, cast):
    cleo = signed_in(cast.cleo, "/triage?view=all")
    cleo.get_by_role("row", name="The VPN drops").hover()
    other = builders.ticket(cast.ben, subject="Newer than that")
    expect(cleo.locator(".views [aria-current]")).to_contain_text("2")
    assert rows(cleo) == [str(ticket.id)]
    cleo.mouse.move(5, 5)
    expect(cleo.get_by_role("row", name="Newer than that")).to_be_visible()
    assert rows(cleo) == [str(other.id), str(ticket.id)]


def test_only_what_changed_travels_and_what_waited_under_the_pointer_comes_later(signed_in, ticket, cast):
    others = [builders.ticket(cast.ben, subject=f"Number {number}") for number in range(3)]
    cleo = signed_in(cast.cleo, "/triage?view=all&sort=age")
    whole = []

    def note_answer(answer):
        if "/triage" in answer.url:
            whole.append(answer.text().count('class="t"'))

    cleo.on("response", note_answer)
    cleo.get_by_role("row", name="Number 1").hover()
    act(tickets.set_priority, others[1], "urgent", by=cast.dan)
    act(tickets.set_priority, others[2], "high", by=cast.dan)
    expect(cleo.get_by_role("row", name="Number 2")).to_contain_text("High")
    expect(cleo.get_by_role("row", name="Number 1")).not_to_contain_text("Urgent")
    cleo.mouse.move(5, 5)
    expect(cleo.get_by_role("row", name="Number 1")).to_contain_text("Urgent")
    assert rows(cleo) == [str(one.id) for one in (ticket, *others)]
    assert max(whole) < 4, "rows that nothing happened to are not sent again"


def test_a_row_with_the_focus_stays_and_keeps_it(signed_in, ticket, cast):
    cleo = signed_in(cast.cleo, "/triage?view=unassigned")
    link = cleo.get_by_role("link", name="The VPN drops")
    link.focus()
    act(tickets.take, ticket, by=cast.dan)
    expect(cleo.locator(".views [aria-current]")).to_contain_text("0")
    expect(link).to_be_focused()
    cleo.get_by_role("link", name="Dashboard").focus()
    expect(link).to_have_count(0)


def test_my_tickets_follow_and_foreign_ones_never_ask(signed_in, ticket, cast):
    foreign = builders.ticket(cast.ben, subject="Not hers")
    ada = signed_in(cast.ada, "/tickets")
    asked = []
    ada.on("request", lambda request: asked.append(request.url))
    builders.note(ticket, by=cast.cleo)
    builders.reply(foreign, by=cast.cleo)
    ada.wait_for_timeout(800)
    assert asked == []
    act(tickets.take, ticket, by=cast.cleo)
    expect(ada.get_by_role("row", name="The VPN drops")).to_contain_text("Cleo Hart")
    act(tickets.change_requester, ticket, to=cast.ben, by=cast.cleo)
    expect(ada.get_by_text("You have no open tickets.")).to_be_visible()


# ---- a ticket's page


def test_a_ticket_page_appends_and_a_form_in_use_is_left_alone(signed_in, ticket, cast):
    ada = signed_in(cast.ada, f"/tickets/{ticket.id}")
    cleo = signed_in(cast.cleo, f"/tickets/{ticket.id}")
    field = cleo.get_by_label("Reply", exact=True)
    field.fill("Half a sentence")
    seen = cleo.locator("#reply [name=seen]").input_value()
    steps.reply(ada, "It has just stopped by itself")
    expect(cleo.get_by_text("It has just stopped by itself")).to_be_visible()
    expect(field).to_have_value("Half a sentence")
    expect(field).to_be_focused()
    assert cleo.locator("#reply [name=seen]").input_value() == seen
    act(tickets.set_priority, ticket, "urgent", by=cast.dan)
    expect(cleo.locator(".marks")).to_contain_text("Urgent")
    expect(cleo.get_by_label("Priority", exact=True)).to_have_value("urgent")
    cleo.get_by_role("button", name="Send reply").click()
    expect(cleo.get_by_text("changed while you were writing")).to_be_visible()
    expect(field).to_have_value("Half a sentence")


def test_what_came_back_from_a_refused_form_is_not_overwritten_by_news(signed_in, ticket, cast):
    cleo = signed_in(cast.cleo, f"/tickets/{ticket.id}")
    cleo.get_by_label("Reply", exact=True).fill("Precious words")
    cleo.get_by_label("Subject").count()
    builders.reply(ticket, "Never mind", by=cast.ada)
    cleo.get_by_role("button", name="Send reply").click()
    expect(cleo.get_by_text("changed while you were writing")).to_be_visible()
    cleo.locator("h1").click()
    builders.reply(ticket, "Or do", by=cast.ada)
    expect(cleo.get_by_text("Or do")).to_be_visible()
    expect(cleo.get_by_label("Reply", exact=True)).to_have_value("Precious words")


def test_news_are_announced_politely_and_not_one_by_one(signed_in, ticket, cast):
    ada = signed_in(cast.ada, f"/tickets/{ticket.id}", reduced_motion="reduce")
    ada.evaluate("""() => { window.said = []; new MutationObserver(() => window.said.push(Date.now()))
        .observe(document.getElementById("announcer"), {childList: true}); }""")
    for number in range(4):
        builders.reply(ticket, f"Answer {number}", by=cast.cleo)
        expect(ada.get_by_text(f"Answer {number}")).to_be_visible()
    said = ada.evaluate("window.said")
    assert len(said) == 1, "one sentence for what comes within five seconds"
    assert ada.locator("#announcer").get_attribute("role") == "status"
    assert ada.locator(".msg.fresh").last.evaluate("e => getComputedStyle(e).animationName") == "none"


# ---- many tabs, no scripts


def test_ten_tabs_of_one_person_share_one_stream_and_all_follow(signed_in, ticket, cast):
    first = signed_in(cast.cleo, f"/tickets/{ticket.id}")
    streams = []
    first.context.on("request", lambda request: "/live?" in request.url and streams.append(request.url))
    tabs = [first]
    for _ in range(9):
        tabs.append(first.context.new_page())
        tabs[-1].goto(f"/tickets/{ticket.id}")
    builders.reply(ticket, "Seen in every tab", by=cast.dan)
    for tab in tabs:
        expect(tab.get_by_text("Seen in every tab")).to_be_visible()
    assert streams == []
    first.close()
    builders.reply(ticket, "After the first tab was closed", by=cast.dan)
    for tab in tabs[1:]:
        expect(tab.get_by_text("After the first tab was closed")).to_be_visible()
    assert len(streams) == 1, "the next tab has taken over"


def test_without_scripts_pages_stay_as_they_are_and_work(signed_in, ticket, cast):
    ada = signed_in(cast.ada, f"/tickets/{ticket.id}", scripts=False)
    builders.reply(ticket, "A new answer", by=cast.cleo)
    ada.wait_for_timeout(500)
    expect(ada.get_by_text("A new answer")).to_have_count(0)
    ada.reload()
    expect(ada.get_by_text("A new answer")).to_be_visible()
    steps.reply(ada, "Thank you")
    expect(ada.get_by_text("Thank you")).to_be_visible()


# ---- long conversations


def test_what_was_loaded_of_a_long_conversation_stays_while_it_grows(signed_in, ticket, cast):
    builders.talk(cast, ticket, 70)
    ada = signed_in(cast.ada, f"/tickets/{ticket.id}")
    expect(ada.get_by_text("Message 20.", exact=True)).to_be_visible()
    expect(ada.get_by_text("Message 19.", exact=True)).to_have_count(0)
    builders.reply(ticket, "A new answer.", by=cast.cleo)
    expect(ada.get_by_text("A new answer.")).to_be_visible()
    expect(ada.get_by_text("Message 20.", exact=True)).to_be_visible()
    ada.get_by_role("link", name="Show earlier messages").click()
    expect(ada.get_by_text("Message 0.", exact=True)).to_have_count(1)
    expect(ada.get_by_role("link", name="Show earlier messages")).to_have_count(0)
    order = ada.locator(".conversation .text").all_inner_texts()
    assert [text.strip() for text in order if text.startswith("Message")] == [f"Message {n}." for n in range(70)]


def test_people_are_offered_while_a_name_is_typed(signed_in, ticket, cast):
    cleo = signed_in(cast.cleo, f"/tickets/{ticket.id}")
    cleo.get_by_label("Add a watcher").press_sequentially("adey")
    option = cleo.locator("#people option")
    expect(option).to_have_count(1)
    expect(option).to_have_attribute("value", "Ben Adeyemi <ben@example.com>")


def test_tags_are_offered_also_in_a_form_that_news_have_exchanged(signed_in, ticket, cast):
    act(tags.set_tags, builders.ticket(cast.ben), ["printer", "vpn"], by=cast.dan)
    cleo = signed_in(cast.cleo, f"/tickets/{ticket.id}")
    form = cleo.locator("[data-part=tags]").element_handle()
    builders.reply(ticket, "Some news", by=cast.dan)
    expect(cleo.get_by_text("Some news")).to_be_visible()
    cleo.wait_for_function("(form) => !form.isConnected", arg=form)
    field, offered = cleo.get_by_label("Tags"), cleo.locator("#used-tags option")
    field.focus()
    expect(offered).to_have_count(2)
    field.press_sequentially("vpn, pr")
    expect(offered.first).to_have_attribute("value", "vpn, printer")
