"""The HTML of texts, with the version of its renderer. Empty until a text is written or read: no row is touched."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0012'
down_revision = '0011'

TEXTS = (('tickets', 'description'), ('messages', 'body'), ('message_versions', 'body'))


def upgrade():
    for table, text in TEXTS:
        html = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
        op.add_column(table, sa.Column(f'{text}_html', html))
        op.add_column(table, sa.Column(f'{text}_renderer', sa.SmallInteger()))


def downgrade():
    for table, text in TEXTS:
        op.drop_column(table, f'{text}_renderer')
        op.drop_column(table, f'{text}_html')
