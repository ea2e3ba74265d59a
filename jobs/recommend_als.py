"""spark-submit jobs/recommend_als.py --config FILE: factors -> recommendations, reasons."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("recommend_als")
