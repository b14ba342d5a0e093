"""Japan's ODA to Central Asia: the machinery that the notebooks call."""
