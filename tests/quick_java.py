"""Java's options for processes of a minute or a few."""

# C1 compiles at once: tests are over before C2 would pay. Its default code cache of 48 MB is full
# after a minute or two, and then whatever isn't in it is interpreted.
QUICK_COMPILER = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m"
QUICK_JAVA = f"{QUICK_COMPILER} -XX:+UseSerialGC"
