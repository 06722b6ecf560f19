"""The privacy policy: one file of rules, and everything derived from it. Nothing is read before it is asked for."""
