"""Who may see and do what: permissions, visibility, and finding an object among those a person may see."""
