"""What the desk does, as plain functions. Database and disk, never HTTP or the network."""
