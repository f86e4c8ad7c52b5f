"""Where files lie and how they come here: caches, mirrors, archives, folders, packages."""
