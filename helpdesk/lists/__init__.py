"""Lists of tickets: views, orders, columns, filters."""
