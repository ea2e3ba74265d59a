"""Java's options for processes of a minute or a few."""

import os

# C1 compiles at once: tests are over before C2 would pay. Its default code cache of 48 MB is full
# after a minute or two, and then whatever isn't in it is interpreted.
QUICK_COMPILER = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m"
QUICK_JAVA = f"{QUICK_COMPILER} -XX:+UseSerialGC"
# A driver has the classes of scripts/classes by itself; an executor is told of them.
QUICK_EXECUTOR = f"{QUICK_JAVA} {os.environ.get('SPARK_SUBMIT_OPTS', '')}"
