"""spark-submit jobs/build_interactions.py --config FILE: events -> features per user and item."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("build_interactions"))
