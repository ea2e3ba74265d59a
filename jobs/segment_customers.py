"""spark-submit jobs/segment_customers.py --config FILE: events, customers' features -> segments."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("segment_customers"))
