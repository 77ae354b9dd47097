"""Links that stop a change of address"""

from alembic import op

revision = '0010'
down_revision = '0009'

TABLE, NAME = 'one_time_links', 'ck_one_time_links_purpose'
BEFORE = "purpose IN ('confirm', 'reset', 'invitation', 'address')"
AFTER = "purpose IN ('confirm', 'reset', 'invitation', 'address', 'stop_address')"


def upgrade():
    _allow(AFTER)


def downgrade():
    op.execute("DELETE FROM one_time_links WHERE purpose = 'stop_address'")
    _allow(BEFORE)


def _allow(purposes):
    with op.batch_alter_table(TABLE) as batch:
        batch.drop_constraint(op.f(NAME), type_='check')
        batch.create_check_constraint(op.f(NAME), purposes)
