"""The columns of saved views"""

from alembic import op
import sqlalchemy as sa

revision = '0008'
down_revision = '0007'


def upgrade():
    op.add_column('saved_views', sa.Column('columns', sa.String(length=120)))


def downgrade():
    op.drop_column('saved_views', 'columns')
