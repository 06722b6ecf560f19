"""The pages for people who write programs: the reference, roles, ids, schemas, problems and the welcome. Each is one
self-contained HTML page without scripts, in French, Arabic and English (ADR 0129)."""
