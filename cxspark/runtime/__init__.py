"""The only readers, writers and session builders: config, session, tables, manifest, submit."""
