"""spark-submit jobs/ingest_events.py --config FILE: raw files -> bronze, silver, quarantine."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("ingest_events"))
