"""Use cases: what happens when somebody asks. No HTTP here."""
