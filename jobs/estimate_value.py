"""spark-submit jobs/estimate_value.py --config FILE: purchases -> what each customer is worth."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("estimate_value")
