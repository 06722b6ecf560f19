"""Other engines than the embedded one, for whoever asks: nothing of them is kept here, downloaded or required."""
