"""Indexes for the tallies, and for every view in every sort.

Revision ID: 0005
Revises: 0002
"""

from alembic import op

revision = "0005"
down_revision = '0004'
branch_labels = None
depends_on = None

BEFORE = {
    "ix_tickets_requester_id_public_activity_at_id": "requester_id public_activity_at id",
    "ix_tickets_status_activity_at_id": "status activity_at id",
    "ix_tickets_status_priority_activity_at_id_trashed_at": "status priority activity_at id trashed_at",
}
AFTER = {
    "ix_tickets_requester_id_public_activity_at_id_trashed_at": "requester_id public_activity_at id trashed_at",
    "ix_tickets_status_activity_at_id_trashed_at": "status activity_at id trashed_at",
    "ix_tickets_tallied": "status priority activity_at id trashed_at category_id",
    "ix_tickets_assignee_id_status_created_at_id_trashed_at": "assignee_id status created_at id trashed_at",
    "ix_tickets_held_by_priority": "assignee_id status priority activity_at id trashed_at",
}


def upgrade():
    _replace(BEFORE, AFTER)


def downgrade():
    _replace(AFTER, BEFORE)


def _replace(old, new):
    for name, columns in new.items():
        op.create_index(name, "tickets", columns.split())
    for name in old:
        op.drop_index(name, "tickets")
