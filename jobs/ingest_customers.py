"""spark-submit jobs/ingest_customers.py --config FILE: a snapshot -> customers."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("ingest_customers"))
