"""What Spark would do for a frame, as text; on classic Spark and over Spark Connect."""

import io
from contextlib import redirect_stdout

from pyspark.sql import DataFrame


def physical_plan(frame: DataFrame) -> str:
    """The plan that `explain` prints."""
    text = io.StringIO()
    with redirect_stdout(text):
        frame.explain()
    return text.getvalue()
