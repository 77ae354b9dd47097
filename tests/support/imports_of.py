"""What an admin does to import a file in the browser, and what the worker does meanwhile."""

import io

from jobs import imports as jobs
from models import Import, Ticket, db
from tests.support.browser import text_of
from tests.support.forms_of import fields

HEADING = "external_id;subject;description;category"


def bring(browser, *lines, name="tickets.csv", follow=True, **more):
    """Choose the file on the page and press the button; the worker then looks at it."""
    content = lines[0] if lines and isinstance(lines[0], bytes) else "\n".join(lines).encode()
    files = {"file": (io.BytesIO(content), name)}
    if "replies" in more:
        files["replies"] = (io.BytesIO(more.pop("replies").encode()), "replies.csv")
    answer = browser.post("/imports", files | more, content_type="multipart/form-data")
    if not follow:
        return answer
    page = browser.follow(answer)
    assert "Being read" in text_of(page)
    work()
    return browser.get(answer.headers["Location"])


def work():
    """What the worker would do now."""
    db.session.rollback()
    while jobs.work():
        pass


def address():
    db.session.rollback()
    return f"/imports/{db.session.query(Import.id).order_by(Import.id.desc()).limit(1).scalar()}"


def press(browser, page, act, **chosen):
    """Send the form that posts to this act of the import, as the page shows it, with what is chosen."""
    browser.follow(browser.post(f"{address()}/{act}", fields(page, f"{address()}/{act}") | chosen))
    work()
    return browser.get(address())


def subjects():
    db.session.rollback()
    return sorted(db.session.scalars(db.select(Ticket.subject)))
