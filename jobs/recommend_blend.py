"""spark-submit jobs/recommend_blend.py --config FILE: lists by the chosen blend."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("recommend_blend")
