"""spark-submit jobs/cluster_customers.py --config FILE: customers' features -> clusters."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("cluster_customers"))
