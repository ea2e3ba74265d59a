"""spark-submit jobs/build_user_item.py --config FILE: events -> user-item matrix, dictionaries."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("build_user_item")
