# One image for every program: the command picks which (`watcher`, `renderer`, `agent`, or one of the operator's).
FROM node:20-bookworm-slim AS build
WORKDIR /flotilla
COPY . .
# The programs are bundles; of the workspace they need nothing else than the packages from npm.
RUN npm ci \
  && npm run build \
  && npm prune --omit=dev \
  && rm -rf node_modules/@flotilla \
  && mkdir /image \
  && for app in watcher renderer agent cli; do cp -r --parents apps/$app/dist /image; done \
  && cp -r package.json node_modules /image

FROM node:20-bookworm-slim
# The renderer checks with haproxy, the agent runs it.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates haproxy tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /flotilla
ENV NODE_ENV=production
COPY --from=build /image ./
COPY deploy/docker/entrypoint.sh /usr/local/bin/flotilla
# The agent's releases; it starts from them when everything else is down.
VOLUME /var/lib/flotilla
EXPOSE 9101 9102 9103
ENTRYPOINT ["tini", "--", "flotilla"]
CMD ["--help"]
