# One image for every process: `docker build -t longshore .`, then `docker run longshore web` (or render, upload, beat,
# flower, release; see Procfile). The packages come from wherever pip, npm and apt are set to look.

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1
WORKDIR /srv/longshore

# Locked dependencies, compiled once.
FROM base AS wheels
RUN python -m venv /opt/venv
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-deps --require-hashes -r requirements/runtime.txt

# JavaScript assets. Node comes as a wheel and stays in this stage.
FROM wheels AS assets
COPY requirements/node.txt requirements/node.txt
RUN pip install --no-deps --require-hashes -r requirements/node.txt
COPY assets assets
RUN python assets/build.py

# The program, in place, so that templates and migrations lie beside the code that reads them.
FROM wheels AS program
COPY . .
COPY --from=assets /srv/longshore/assets/dist assets/dist
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q app longshore migrations schedules workers

FROM base
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        chromium-headless-shell \
        fontconfig \
        fonts-dejavu-core \
        fonts-noto-cjk \
        fonts-noto-color-emoji \
        fonts-noto-core \
        fonts-noto-mono \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 longshore \
    && useradd --uid 10001 --gid longshore --no-create-home --home-dir /var/lib/longshore --shell /usr/sbin/nologin longshore \
    && install -d -o longshore -g longshore -m 0750 /var/lib/longshore
COPY --from=program /opt/venv /opt/venv
COPY --from=program /srv/longshore /srv/longshore
ENV LONGSHORE_HOME=/var/lib/longshore \
    LONGSHORE_HOST=0.0.0.0 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /var/lib/longshore
EXPOSE 8097
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s --retries=3 CMD ["python", "scripts/healthy.py", "web"]
ENTRYPOINT ["scripts/run"]
CMD ["web"]
