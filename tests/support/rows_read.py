"""How much of the big tables a query reads, as the database itself tells, so that no list walks a whole table."""

import json
from contextlib import contextmanager

from sqlalchemy import event

from models import db

BIG = ("tickets", "messages", "events", "deliveries", "read_marks")


@contextmanager
def asked():
    """The queries of a block: pairs of statement and parameters."""
    found = []

    def note(_connection, _cursor, statement, parameters, *_more):
        if statement.lstrip("( ").startswith("SELECT"):
            found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def rows_read(statement, parameters):
    """Rows of the big tables and their indexes that were looked at. On SQLite: steps of its machine, in tens."""
    connection = db.session.connection()
    return {"sqlite": _steps, "postgresql": _by_postgres, "mysql": _by_mariadb}[db.engine.dialect.name](
        connection, statement, parameters
    )


def _steps(connection, statement, parameters):
    raw, steps = connection.connection.driver_connection, []
    raw.set_progress_handler(lambda: steps.append(1) or 0, 10)
    try:
        raw.execute(statement, parameters).fetchall()
    finally:
        raw.set_progress_handler(None, 10)
    return len(steps)


def _by_postgres(connection, statement, parameters):
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    nodes = _below(plan["Plan"], "Plans")
    return sum(_of_postgres(node) for node in nodes if node.get("Relation Name") in BIG)


def _of_postgres(node):
    return (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]


def _by_mariadb(connection, statement, parameters):
    plan = json.loads(connection.exec_driver_sql(f"ANALYZE FORMAT=JSON {statement}", parameters).scalar_one())
    tables = [node for node in _below(plan) if "r_rows" in node and node.get("table_name", "").startswith(BIG)]
    return sum((node["r_rows"] or 0) * node["r_loops"] for node in tables)


def _below(node, only=None):
    """The node and all that stands in it, to any depth."""
    if isinstance(node, list):
        return [found for one in node for found in _below(one, only)]
    if not isinstance(node, dict):
        return []
    inner = [node[only]] if only and only in node else [] if only else list(node.values())
    return [node, *(found for one in inner for found in _below(one, only))]


def plan(statement, parameters):
    """How the database would go about it, in its own words."""
    how = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mysql": "EXPLAIN"}[db.engine.dialect.name]
    lines = db.session.connection().exec_driver_sql(f"{how} {statement}", parameters)
    return "\n".join(" ".join(map(str, line)) for line in lines)
