"""Mails: written in the commit, sent by the outbox."""
