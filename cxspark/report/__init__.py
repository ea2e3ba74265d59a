"""Tables to small frames, small frames to figures, figures to one self-contained HTML page."""
