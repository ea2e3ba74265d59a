"""spark-submit jobs/segment_customers.py --config FILE: events, customers' features -> segments."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("segment_customers")
