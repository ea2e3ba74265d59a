# The suite with all it needs, for a machine without Java or Python and without a network:
#   scripts/image     (or scripts/build && docker build -t cxspark .)
#   install -d -m 777 out && docker run --rm --network none -v "$PWD/out:/data" cxspark demo
FROM debian:bookworm-slim AS build
# No versions: those of a release of Debian change for repairs alone.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv zip \
 && rm -rf /var/lib/apt/lists/*
COPY conf/docker /build
RUN python3 -m venv /opt/cxspark \
 && /opt/cxspark/bin/pip install --no-cache-dir --require-hashes -r /build/build.txt \
 && /opt/cxspark/bin/pip install --no-cache-dir --require-hashes --no-build-isolation -r /build/requirements.txt
COPY dist /build/dist
WORKDIR /opt/cxspark/jars
RUN /opt/cxspark/bin/pip install --no-cache-dir --no-deps /build/dist/*.whl \
 && while read -r _ jar; do cp "/build/dist/jars/$jar" .; done < /build/jars.sha256 \
 && sha256sum --check --strict /build/jars.sha256 \
 && /opt/cxspark/bin/pip uninstall --yes setuptools pip
# What no job reaches: Spark Connect's Scala shell, RocksDB and Netty for other systems, Arrow's
# headers and its client of Flight, packages' tests.
WORKDIR /opt/cxspark/lib/python3.11/site-packages
RUN rm -r pyspark/jars/connect-repl pyspark/jars/netty-*-osx-* pyspark/jars/netty-*-windows-* \
    pyarrow/include pyarrow/*flight* \
 && zip --quiet --delete pyspark/jars/rocksdbjni-*.jar \
    '*-osx-*' '*-win64*' '*-musl*' '*-linux32*' '*-ppc64le*' '*-riscv64*' '*-s390x*' \
 && find . -type d -name tests -prune -exec rm -r {} +

FROM debian:bookworm-slim
# MLlib finds BLAS in libopenblas; Spark's scripts use ps.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
    libopenblas0-pthread openjdk-17-jre-headless procps python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 185 --create-home spark \
 && install -d -o spark /data
COPY --from=build /opt/cxspark /opt/cxspark
COPY jobs /opt/cxspark/jobs
COPY conf /opt/cxspark/conf
ENV PATH=/opt/cxspark/bin:$PATH \
    CXSPARK_JARS=/opt/cxspark/jars \
    CXSPARK_DEMO=/data \
    PYSPARK_PYTHON=/opt/cxspark/bin/python
USER 185
WORKDIR /data
ENTRYPOINT ["cxspark"]
CMD ["--help"]
