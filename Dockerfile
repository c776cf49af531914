# syntax=docker/dockerfile:1

# sessiond as an image: docker build -t sessiond .
# Runs as a user without rights, with a read-only root; only /data is written. See docs/operations.md.

FROM node:24.20.0-trixie-slim AS build
WORKDIR /app
# What decides the packages comes first, so that a change of the source does not install them again. The workspace in
# tools/node brings Node 24 to machines that lack it; here it is the image's own, and no install script is needed.
COPY package.json package-lock.json .npmrc ./
COPY tools/node tools/node
RUN npm ci --ignore-scripts --workspaces=false
COPY tsconfig.json tsconfig.build.json ./
COPY proto proto
COPY gen/ts gen/ts
COPY src src
COPY clients/typescript/src clients/typescript/src
COPY viewer viewer
COPY scripts/build-viewer.ts scripts/check-node.mjs scripts/lib.ts scripts/
RUN npm run build && npm prune --omit=dev --ignore-scripts --workspaces=false && mkdir data

FROM node:24.20.0-trixie-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY proto proto
COPY scripts/healthcheck.mjs LICENSE ./
COPY --from=build --chown=node:node /app/data /data

# Whoever reaches the ports reads and writes everything, so the server refuses to listen beyond loopback until it is
# told SESSIOND_INSECURE_NO_AUTH=true. The image does not say it for you.
ENV NODE_ENV=production \
    SESSIOND_HOST=0.0.0.0 \
    SESSIOND_STORE=sqlite:/data/sessiond.db
VOLUME /data
EXPOSE 50051 8080
USER node
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["node", "healthcheck.mjs"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["serve"]
