"""The contract that was released, and the changes that break its clients."""
