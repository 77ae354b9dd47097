"""One mail that is owed."""

import pytest

from models import Delivery, db
from tests.support.builders import ticket


@pytest.fixture
def number(cast):
    """The number of the delivery that a new ticket owes."""
    ticket(cast.ada)
    return db.session.query(Delivery.id).scalar()


@pytest.fixture
def row():
    """Ask for a delivery as others see it."""

    def found(number):
        db.session.rollback()
        return db.session.get(Delivery, number, populate_existing=True)

    return found
