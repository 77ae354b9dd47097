"""The database: transactions, prepared statements, time-outs, backup and restore, migrations."""
