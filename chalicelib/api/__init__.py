"""HTTP: endpoints, models, presenters."""
