"""spark-submit jobs/cluster_customers.py --config FILE: customers' features -> clusters."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("cluster_customers")
