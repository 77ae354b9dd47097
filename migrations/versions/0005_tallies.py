"""Indexes for the tallies, and for the views Unassigned and Mine in every sort.

Revision ID: 0005
Revises: 0002
"""

from alembic import op

revision = "0005"
down_revision = '0004'
branch_labels = None
depends_on = None

BEFORE = "ix_tickets_status_priority_activity_at_id_trashed_at"
ADDED = {
    "ix_tickets_tallied": ["status", "priority", "activity_at", "id", "trashed_at", "category_id"],
    "ix_tickets_assignee_id_status_created_at_id_trashed_at": [
        "assignee_id",
        "status",
        "created_at",
        "id",
        "trashed_at",
    ],
    "ix_tickets_held_by_priority": ["assignee_id", "status", "priority", "activity_at", "id", "trashed_at"],
}


def upgrade():
    for name, columns in ADDED.items():
        op.create_index(name, "tickets", columns)
    op.drop_index(BEFORE, "tickets")


def downgrade():
    op.create_index(BEFORE, "tickets", ["status", "priority", "activity_at", "id", "trashed_at"])
    for name in ADDED:
        op.drop_index(name, "tickets")
