"""Other engines than the embedded one, on request. The repository holds, downloads and requires none."""
