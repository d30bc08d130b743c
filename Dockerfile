# One image for every app: the command picks which (`watcher`, `renderer`, `agent` or `flotilla`).
FROM node:20-bookworm-slim AS build
WORKDIR /flotilla
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
# The renderer checks with haproxy, the agent runs it.
RUN apt-get update \
  && apt-get install -y --no-install-recommends haproxy tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /flotilla
ENV NODE_ENV=production FLOTILLA_DATA_DIR=/var/lib/flotilla
COPY --from=build /flotilla/package.json ./
COPY --from=build /flotilla/node_modules ./node_modules
COPY --from=build /flotilla/apps ./apps
COPY --from=build /flotilla/libs ./libs
COPY deploy/docker/entrypoint.sh /usr/local/bin/flotilla
VOLUME /var/lib/flotilla
EXPOSE 9101 9102 9103
ENTRYPOINT ["tini", "--", "flotilla"]
CMD ["--help"]
